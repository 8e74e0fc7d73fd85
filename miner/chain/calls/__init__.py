"""What signed calls do, one file per idea."""
