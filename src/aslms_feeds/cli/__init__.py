"""The commands: arguments in, one call, output and an exit status out.

A command imports only what it needs.
"""
