"""What was said before, and the stamps that follow from it.

The statements of now and the ledger of before come in; the ledger of now, with its facts, comes out.
"""
