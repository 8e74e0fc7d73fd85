"""Keys that will mean something, and what is missing until then."""

NOT_BUILT = {
    "battery.steered_by": "batteries that another program steers",
    "rig.gpus.*": "limits for single cards",
    "rig.when_blind.standby_after": "it is always 30 s or six polls",
    "rig.when_blind.sleep_after": "sleep of the host",
    "store.keep": "other times than 48 h, 30 days and 3 years",
}
"""By path; `*` stands for any one part of it."""
