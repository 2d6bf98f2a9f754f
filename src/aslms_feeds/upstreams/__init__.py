"""Other people's data: asked, read in a sandbox, compared.

Upstreams and what is kept of them come in; definitions, news and proposals come out.
"""
