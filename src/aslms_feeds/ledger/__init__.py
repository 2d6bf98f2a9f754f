"""What was said before, and the stamps that follow from it.

The statements of now and the ledger of before come in; the ledger of now comes out, with the facts that lead from one
to the other, the reasons that definitions give for them, and the dates of feed items. It asks nothing of other rooms:
everything here is a value, and the time is an argument.
"""
