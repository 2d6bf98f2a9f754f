"""Share images: what each shows, and how it is drawn.

A poster in words comes in; SVG and PNG come out.
"""
