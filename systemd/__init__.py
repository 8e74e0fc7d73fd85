"""Unit files, accounts and rules that `solard install` writes; data, no code."""
