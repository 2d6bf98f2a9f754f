"""The places a publication can live in, each behind the same interface.

Every store passes one contract.
"""
