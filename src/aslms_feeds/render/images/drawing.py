"""The step from posters to PNG files, on every processor: a first publication of many seasons has hundreds of them.

``python -m aslms_feeds.render.images.drawing`` is the other end: SVG texts in, PNG images out. resvg holds the
interpreter while it draws, so that threads would not help.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from aslms_feeds.processes import count_processors, run_child
from aslms_feeds.publication.manifest import PNG, Document
from aslms_feeds.render.images.posters import draw_png

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aslms_feeds.render.images.posters import Picture

WORTH_A_PROCESS = 20
"""Images: starting a process takes as long as drawing about so many."""
_LENGTH = struct.Struct(">I")


def draw_pictures(pictures: Sequence[Picture], most: int | None = None) -> list[Document]:
    """Return pictures drawn, in their order; the same bytes however many processes draw them."""
    drawings = list(dict.fromkeys(picture.svg for picture in pictures))
    count = min(most or count_processors(), len(drawings) // WORTH_A_PROCESS)
    shares = [drawings[first::count] for first in range(count)] if count > 1 else [drawings]
    images: dict[str, bytes] = {}
    with ThreadPoolExecutor(max(1, len(shares) - 1)) as waiting:
        answers = [waiting.submit(_draw_in_another_process, share) for share in shares[1:]]
        images.update((svg, draw_png(svg)) for svg in shares[0])
        for share, answer in zip(shares[1:], answers, strict=True):
            images.update(zip(share, answer.result(), strict=True))
    return [Document(picture.path, PNG, images[picture.svg]) for picture in pictures]


def _draw_in_another_process(drawings: Sequence[str]) -> list[bytes]:
    """Return images that another process has drawn; they are drawn here when it could not."""
    output, status = run_child(__name__, body=json.dumps(drawings).encode())
    try:
        images = list(_split_images(output)) if status == 0 else []
    except struct.error:
        images = []
    return images if len(images) == len(drawings) else [draw_png(svg) for svg in drawings]


def _split_images(output: bytes) -> Iterator[bytes]:
    """Yield the images that stand one after the other, each after its length."""
    end = 0
    while end < len(output):
        (length,) = _LENGTH.unpack_from(output, end)
        end += _LENGTH.size + length
        yield output[end - length : end]


def main() -> None:
    """Draw what standard input asks for, and leave quietly when nobody waits for it any more."""
    try:
        for svg in json.load(sys.stdin.buffer):
            image = draw_png(svg)
            sys.stdout.buffer.write(_LENGTH.pack(len(image)) + image)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os._exit(1)


if __name__ == "__main__":
    main()
