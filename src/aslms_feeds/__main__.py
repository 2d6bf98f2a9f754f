"""The command ``aslms-feeds``, also as ``python -m aslms_feeds``: the quick answer where there is one, else ``cli``."""

from __future__ import annotations

import sys


def main() -> int:
    """Run one command and return its exit status."""
    from aslms_feeds.cli import unchanged

    if unchanged.nothing_to_do(sys.argv[1:]):
        return 0
    from aslms_feeds.cli import commands

    return commands.main()


if __name__ == "__main__":
    sys.exit(main())
