"""The process that reads foreign bytes: what it may, and what becomes of the parent when it goes wrong."""

import json
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from aslms_feeds.upstreams.readers.child import CPU_SECONDS, MEMORY
from aslms_feeds.upstreams.sandbox import Refusal, read_calendar, read_feed

pytestmark = pytest.mark.slow


URL = "https://news.example.org/feed"


def refusal(read_document, *arguments, **options):
    """Return why a document is refused."""
    result = read_document(*arguments, **options)
    assert isinstance(result, Refusal), result
    return result.reason


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    """Run another program in the child's place, under the child's own limits."""

    def use(code):
        readers = tmp_path / "aslms_feeds/upstreams/readers"
        readers.mkdir(parents=True)
        for package in (readers, *readers.parents[:2]):
            (package / "__init__.py").write_text("")
        (readers / "child.py").write_text(code)
        monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    return use


LIMITED = f"""\
import os, resource, signal, sys, time
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
"""


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("resource.setrlimit(resource.RLIMIT_CPU, (1, 2))\nwhile True: pass", "takes more than 5 seconds to read"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "makes its reader crash"),
        ("sys.exit(3)", "makes its reader crash"),
        ("b = bytearray(1 << 30)", "makes its reader crash"),
        ("print('not JSON')", "makes its reader talk nonsense"),
        ('print(\'{"content": {"title": 1, "entries": []}}\')', "makes its reader talk nonsense"),
        ('print(\'{"content": {"title": "", "entries": [{"key": "x"}]}}\')', "makes its reader talk nonsense"),
        ("print('[' * 100000)", "makes its reader talk nonsense"),
        ("while True: sys.stdout.write('x' * 65536)", "says more than can be taken in"),
    ],
)
def test_a_reader_that_goes_wrong_is_a_document_that_is_refused(stand_in, code, reason):
    """Whatever becomes of the child, the parent goes on and says what happened."""
    stand_in(LIMITED + code)
    assert refusal(read_feed, b"x", URL) == reason


def children() -> set[str]:
    """Return the processes this one has started, also those that have ended and were not waited for."""
    processes = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            # proc(5): the name, in parentheses, may hold anything; after it come the state and the parent.
            if int(status.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                processes.add(status.parent.name)
    return processes


def test_a_reader_that_hangs_is_killed(stand_in):
    """It is gone before the call returns, and so is the timer that killed it."""
    stand_in("import time\ntime.sleep(3600)")
    threads, processes = threading.active_count(), children()
    assert (
        refusal(read_feed, b"x", URL, seconds=0.3) == "is not read within 0.3 seconds, or needs too much of the machine"
    )
    assert threading.active_count() <= threads
    assert children() <= processes


def test_a_reader_has_little_memory_and_time_and_writes_nothing(tmp_path, monkeypatch):
    """The limits are set before anything foreign is read, and hold."""
    probe = tmp_path / "probe.py"
    probe.write_text(
        "import json, resource\nfrom aslms_feeds.upstreams.readers import child\nchild._limit_resources()\n"
        "results = [resource.getrlimit(getattr(resource, name))[0] for name in ('RLIMIT_AS', 'RLIMIT_CPU', "
        "'RLIMIT_CORE', 'RLIMIT_FSIZE')]\n"
        "try:\n    bytearray(child.MEMORY)\n    results.append('room')\n"
        "except MemoryError:\n    results.append('no room')\n"
        "try:\n    with open('written', 'wb', buffering=0) as file:\n        file.write(b'x')\n"
        "    results.append('written')\nexcept OSError:\n    results.append('no file')\n"
        "print(json.dumps(results))\n"
    )
    monkeypatch.chdir(tmp_path)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    reading, writing = os.pipe()
    reader = os.posix_spawn(
        sys.executable,
        [sys.executable, "-B", str(probe)],
        environment,
        file_actions=[(os.POSIX_SPAWN_DUP2, writing, 1)],
    )
    os.close(writing)
    with os.fdopen(reading) as output:
        assert json.loads(output.read()) == [MEMORY, CPU_SECONDS, 0, 0, "no room", "no file"]
    assert os.waitpid(reader, 0)[1] == 0


def test_a_reader_that_swells_or_spins_by_itself_is_stopped(tmp_path):
    """The real child, given a document that costs more than it may, says so."""
    # Millions of short properties in one event: a calendar library keeps an object for each.
    body = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + b"X:1\r\n" * 3_000_000 + b"END:VEVENT\r\nEND:VCALENDAR\r\n"
    assert refusal(read_calendar, body, seconds=120) in {
        f"takes more than {CPU_SECONDS} seconds to read",
        f"needs more than {MEMORY >> 20} MB to read",
    }


def test_the_environment_stays_here(stand_in, monkeypatch):
    """Keys of the publication are not shown to what reads foreign bytes."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    stand_in("import json, os\nprint(json.dumps({'refused': ' '.join(sorted(os.environ))}))")
    assert "AWS" not in refusal(read_feed, b"x", URL)


def test_importing_it_brings_no_library():
    """A child that reads feeds does not pay for calendars, and the parent pays for neither."""
    code = (
        "import sys\nfrom aslms_feeds.upstreams import sandbox\n"
        "print(sorted({'lxml', 'nh3', 'icalendar', 'pydantic', 'httpx'} & set(sys.modules)))"
    )
    reading, writing = os.pipe()
    reader = os.posix_spawn(
        sys.executable, [sys.executable, "-c", code], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, writing, 1)]
    )
    os.close(writing)
    with os.fdopen(reading) as output:
        assert output.read() == "[]\n"
    assert os.waitpid(reader, 0)[1] == 0
