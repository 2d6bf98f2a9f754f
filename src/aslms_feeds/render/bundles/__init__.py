"""Several series in one calendar, one feed and one page.

What each series has published comes in, never its definitions; the documents of every bundle come out (``documents``).
"""
