"""The one guarded client: everything that is asked of other machines is asked through it.

An address, rules and what is known already come in; a whole body, "unchanged", "later" or an error of ours goes out.
`fetch` asks, over connections of `backend`; `responses` decides what an answer means, `guard` which addresses may be
asked.
"""
