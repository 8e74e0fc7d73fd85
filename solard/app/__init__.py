"""The root that puts the rooms together: configuration in, a running daemon out."""
