"""The season as its organiser writes it.

The bytes of a calendars folder come in (``files`` reads them); frozen models that are right (``reading``), or every
problem with its file, line and column, come out, and warnings of what is doubtful. The models say what may be written
(``values``, ``season``, ``series``, ``results``, ``publisher``), ``schema`` makes the reference and the schemas of
editors from them, and ``writing`` writes the same keys. What follows from them for everybody is here too: when a
session is (``times``), and what it takes from its event and its season (``inherited``).
"""
