"""Documents, manifests and generations, and the stores they live in.

Documents and private state of a part come in; a store that was switched to them, whole or not at all, comes out
(`publish`). It asks of a store what the protocol `publish.Store` says. What else lies beside a publication on disk is
opened through `workspace` and `last_run`.
"""
