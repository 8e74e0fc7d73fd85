"""The demo: a rig that lives through a measured day, with nothing but this machine."""
