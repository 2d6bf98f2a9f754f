"""Somebody else's calendar, compared with ours.

Their events and our season come in; differences, each with the edit that would follow it, come out.
"""
