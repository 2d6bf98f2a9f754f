"""One build, when it happens, and what is known about it.

Definitions and a clock come in; a switched publication, a report and a status go out.
"""
