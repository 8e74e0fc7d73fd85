"""Keys that will mean something, and what is missing until then."""

NOT_BUILT = {
    "rig.when_blind.sleep_after": "sleep of the host",
    "store.keep": "other times than 48 h, 30 days and 3 years",
}
"""By path; `*` stands for any one part of it."""
