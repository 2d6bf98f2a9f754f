"""The data of a series for programs: ``series.json``, ``season.json`` and ``changes.json``.

An edition and a language come in, documents come out. What is not known is null, never a guess. The files carry every
UID, stamp and item id, so that a lost ledger can be rebuilt from what is published.
"""
