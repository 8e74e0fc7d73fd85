"""Keys that will mean something, and what is missing until then."""

NOT_BUILT = {
    "store.keep": "other times than 48 h, 30 days and 3 years",
}
"""By path; `*` stands for any one part of it."""
