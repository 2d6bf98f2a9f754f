"""Other people's data: asked for when it is due, read in a sandbox, taken when it is sane, and compared with ours.

The publisher's upstreams, the files of the calendars folder and an output folder come in. A `poll.PollResult` goes out:
definition files, news by series and season, proposals, and what was wrong with whom. It asks `network.fetch` for
documents, and stores what is good below ``OUTPUT/upstreams``, so that an upstream that goes bad takes nothing back.
"""
