"""What is said becomes documents: values in, bytes of one format out, each read back before it may be published.

An edition of a series comes in (``editions/edition``); every document of the series comes out (``documents``). From
what all series have published come those of the whole site (``site``) and of bundles of series (``bundles/``). Nothing
else decides a byte: no clock, no machine. A document whose sources have not changed is taken from what is public
(``reuse``), which is read by a function that whoever calls hands in.
"""
