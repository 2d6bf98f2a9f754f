"""Share images drawn, on every processor there is: a first publication of many seasons has hundreds of them.

``python -m aslms_feeds.render.images.drawing`` is the other end: SVG texts in, PNG images out. resvg holds the
interpreter while it draws, so that threads would not help.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from aslms_feeds.processes import count_processors
from aslms_feeds.publication.manifest import PNG, Document
from aslms_feeds.render.images.posters import drawn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aslms_feeds.render.images.posters import Picture

WORTH_A_PROCESS = 20
"""Images: starting a process takes as long as drawing about so many."""
_LENGTH = struct.Struct(">I")


def documents(pictures: Sequence[Picture], most: int | None = None) -> list[Document]:
    """Return pictures drawn, in their order; the same bytes however many processes draw them."""
    texts = list(dict.fromkeys(one.svg for one in pictures))
    count = min(most or count_processors(), len(texts) // WORTH_A_PROCESS)
    shares = [texts[at::count] for at in range(count)] if count > 1 else [texts]
    made: dict[str, bytes] = {}
    with ThreadPoolExecutor(max(1, len(shares) - 1)) as waiting:
        asked = [waiting.submit(_asked, share) for share in shares[1:]]
        made.update((text, drawn(text)) for text in shares[0])
        for share, answer in zip(shares[1:], asked, strict=True):
            made.update(zip(share, answer.result(), strict=True))
    return [Document(one.path, PNG, made[one.svg]) for one in pictures]


def _asked(texts: Sequence[str]) -> list[bytes]:
    """Return images that another process has drawn; they are drawn here when it could not."""
    command = [sys.executable, "-P", "-m", __name__]
    # Our own interpreter and this very module: what it is asked to draw goes in as data.
    done = subprocess.run(command, input=json.dumps(texts).encode(), stdout=subprocess.PIPE, check=False)  # noqa: S603 - our own module
    try:
        images = list(_cut(done.stdout)) if done.returncode == 0 else []
    except struct.error:
        images = []
    return images if len(images) == len(texts) else [drawn(text) for text in texts]


def _cut(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size + length
        yield data[at - length : at]


def main() -> None:
    """Draw what standard input asks for, and leave quietly when nobody waits for it any more."""
    try:
        for text in json.load(sys.stdin.buffer):
            image = drawn(text)
            sys.stdout.buffer.write(_LENGTH.pack(len(image)) + image)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os._exit(1)


if __name__ == "__main__":
    main()
