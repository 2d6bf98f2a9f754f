"""What every event and item says, in every language.

Definitions and ledgers come in; an edition comes out: all that the renderers need, stamped and dated.
"""
