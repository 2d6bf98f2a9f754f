"""Documents, manifests and generations, and the stores they live in.

Documents and private state come in; a store that was switched to them, whole or not at all, comes out.
"""
