"""Texts cut to a length: what is longer than a limit ends in an ellipsis. Every such cut is made here."""

from __future__ import annotations


def shorten(text: str, limit: int, *, stays: int | None = None, trim: str | None = "", ellipsis: str = "…") -> str:
    """Return a text of at most ``limit`` characters whole, and of a longer one its beginning and an ellipsis.

    ``stays`` is how long that beginning is, where it is not one less than the limit. ``trim`` holds the characters that
    are taken off its end; None is white space, as in :meth:`str.rstrip`.
    """
    if len(text) <= limit:
        return text
    return text[: limit - 1 if stays is None else stays].rstrip(trim) + ellipsis


def shorten_to_words(
    text: str,
    limit: int,
    *,
    punctuation: str,
    least: int = 0,
    stays: int | None = None,
    trim: str | None = None,
    ellipsis: str = "…",
) -> str:
    """Return a text as :func:`shorten` does, but cut at a space, without ``punctuation`` before the ellipsis.

    Where there is no space, or fewer than ``least`` characters would remain, it is cut inside the word.
    """
    if len(text) <= limit:
        return text
    words, space, _word = text[: limit - 1 if stays is None else stays].rpartition(" ")
    words = words.rstrip(punctuation)
    if space and len(words) >= least:
        return words + ellipsis
    return shorten(text, limit, stays=stays, trim=trim, ellipsis=ellipsis)
