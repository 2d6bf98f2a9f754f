"""The sandboxed child: foreign bytes in, what they say out.

One module reads each kind of document.
"""
