"""Installs solard as a service of a machine, and takes it away again."""
