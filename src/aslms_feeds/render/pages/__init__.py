"""The pages: views of a series, a season and a meeting, put into templates.

An edition comes in; HTML documents come out, with their style, script and icons. `series` makes the pages of a series,
`front` those of the whole site and `bundle` that of several series; `share` says which images they lead to. A view
holds what a template shows, in one language, and no template asks for more than its views.
"""
