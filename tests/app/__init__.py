"""Tests of the roots that put the rooms together."""
