"""Hubs, receivers and the heartbeat are told what a build did, at least once.

The report of a build comes in. Under the build's lock `queueing` puts what has to be told into the outbox, a file for
each message; when the lock is released `delivery` sends what is due, and a message goes when it was taken or given up.
It asks nothing of other rooms but the report and the folder that was published into.
"""
