"""Values in, bytes of one format out, each read back.

An edition comes in; the documents of a series, or of the index, come out.
"""
