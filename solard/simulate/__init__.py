"""A root: recorded sun and load, lived through by the daemon's own code under a simulated clock."""
