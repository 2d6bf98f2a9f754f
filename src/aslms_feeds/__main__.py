"""``python -m aslms_feeds`` is the command ``aslms-feeds``."""

import sys

from aslms_feeds.cli import main

sys.exit(main())
