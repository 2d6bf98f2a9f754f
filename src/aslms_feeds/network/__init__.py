"""The one guarded client for other machines.

A request with its rules comes in; a vetted answer, or the reason of a refusal, comes out.
"""
