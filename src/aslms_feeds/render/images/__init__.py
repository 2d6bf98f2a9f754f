"""Share images: what each shows, and how it is drawn.

A poster in words comes in; an SVG comes out at once, and PNG documents when `drawing` is asked for them. The fonts lie
in `typefaces/`, with the widths of their characters in a data file that is made with them.
"""
