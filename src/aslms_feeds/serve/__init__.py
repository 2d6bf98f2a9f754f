"""GET and HEAD, answered from the manifest.

A folder of generations comes in; it is only read.
"""
