"""The pages: views of a series, a season and a meeting, put into templates.

An edition comes in; HTML comes out, with its style and script.
"""
