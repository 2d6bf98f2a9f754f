"""GET and HEAD, answered from the manifests of what is published.

A folder of generations comes in, and is only read (`parts`); a table of addresses is made of it (`table`), and each
request becomes an answer by that table and the rules of RFC 9110 (`decisions`). `server` runs it all. Beside documents
it answers whether all is well (`health`), and tells the operator's machine how it goes (`metrics`).
"""
