"""Hubs, hooks and the heartbeat are told, at least once.

The report of a build comes in; messages wait in an outbox until each was delivered or given up.
"""
