"""Share images, drawn once in a run of the tests: resvg takes longer for one than all the rest of a small publication.

Only the drawing of an SVG that was drawn before is left out, and its bytes are those resvg gave. ``test_share`` has
every image drawn afresh, and so has each command that is started as a program of its own.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from contextlib import contextmanager
from os import replace
from typing import TYPE_CHECKING

import resvg_py

from aslms_feeds.render.images import drawing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_draw = resvg_py.svg_to_bytes
_worth_a_process = drawing.WORTH_A_PROCESS


def keep(folder: Path) -> None:
    """Draw nothing that is in a folder, which all processes of a run may share, and keep there what is drawn.

    Other processes that draw would keep nothing, so none is asked.
    """

    def kept(**asked: object) -> bytes:
        path = folder / f"{hashlib.sha256(repr(sorted(asked.items())).encode()).hexdigest()}.png"
        try:
            return path.read_bytes()
        except FileNotFoundError:
            image = _draw(**asked)
        new = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        new.write_bytes(image)
        # By the name of this module: tests count the calls of `os.replace` that a builder makes.
        replace(new, path)  # noqa: PTH105 - see above
        return image

    resvg_py.svg_to_bytes = kept
    drawing.WORTH_A_PROCESS = sys.maxsize


@contextmanager
def drawn_afresh() -> Iterator[None]:
    """Have resvg draw every image within the block."""
    kept, resvg_py.svg_to_bytes = resvg_py.svg_to_bytes, _draw
    alone, drawing.WORTH_A_PROCESS = drawing.WORTH_A_PROCESS, _worth_a_process
    try:
        yield
    finally:
        resvg_py.svg_to_bytes, drawing.WORTH_A_PROCESS = kept, alone
