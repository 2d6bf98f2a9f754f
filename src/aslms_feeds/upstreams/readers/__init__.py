"""One module for each kind of foreign document, and the sandboxed child process that they run in.

The bytes of a document come in; plain text values, or why it is refused, go out. Nothing here knows the rest of the
program, since foreign bytes are read here.
"""
