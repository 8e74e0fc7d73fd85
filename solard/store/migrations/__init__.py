"""Schema revisions, one file each in `versions`; a released one is never edited."""
