"""One build, whoever asks for it: what it loads, and when."""

import os
import subprocess
import sys

import pytest

from seasons import contents

pytestmark = pytest.mark.slow


@pytest.fixture
def calendars(tmp_path):
    """Return a calendars folder with one series."""
    for path, data in contents().items():
        (tmp_path / "calendars" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "calendars" / path).write_bytes(data)
    return tmp_path / "calendars"


def test_what_is_loaded_ahead_is_all_that_a_build_needs(calendars, tmp_path):
    """A build that was held imports none of our modules any more, and compiles no template."""
    code = (
        "import sys\nfrom datetime import UTC, datetime\nfrom pathlib import Path\n"
        "from aslms_feeds.builds.build import build, load_modules\nfrom aslms_feeds.settings import Settings\n"
        "load_modules()\nfrom aslms_feeds.render.pages.templates import _make_environment\n"
        "def known():\n"
        "    ours = {name for name in sys.modules if name.startswith('aslms_feeds')}\n"
        "    return ours | {str(template) for template in _make_environment().cache.values()}\n"
        "before = known()\n"
        "report = build(Settings(*map(Path, sys.argv[1:])), datetime.now(UTC))\n"
        "print(report.changed, len(before) > 60, sorted(known() - before))"
    )
    place = [str(calendars), str(tmp_path / "output")]
    process = subprocess.run([sys.executable, "-c", code, *place], capture_output=True, text=True, check=True)
    assert process.stdout == "True True []\n"


def test_reading_the_module_loads_next_to_nothing():
    """A build with nothing to do pays for none of it."""
    code = (
        "import sys\nfrom aslms_feeds.builds import build\n"
        "print(sorted({'pydantic', 'jinja2', 'httpx'} & set(sys.modules)))"
    )
    bare = {**os.environ, "COVERAGE_PROCESS_CONFIG": "", "COVERAGE_PROCESS_START": ""}
    process = subprocess.run([sys.executable, "-c", code], env=bare, capture_output=True, text=True, check=True)
    assert process.stdout == "[]\n"
