"""Somebody else's calendar compared with a season of ours.

Their events and our definitions come in; proposals come out. Each is a difference for a person to decide about,
with the TOML that would settle it. Nothing here changes a definition.
"""
