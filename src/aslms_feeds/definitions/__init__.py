"""The season as its organiser writes it.

The bytes of a calendars folder come in; frozen values, or every problem with its place, come out.
"""
