"""Children and forks: what they may and may not, and that nothing is left of them but what they made."""

import ast
import asyncio
import errno
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import page_editions
import pytest

import aslms_feeds
from aslms_feeds import processes
from aslms_feeds.render import documents

pytestmark = pytest.mark.slow


TASKS = tuple(range(11))


@pytest.fixture
def child(tmp_path, monkeypatch):
    """Return what writes the module ``errand``, which children find and which is not found here."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def write(code):
        (tmp_path / "errand.py").write_text(f"import os, sys, time\n{code}\n")
        return "errand"

    return write


def test_a_child_takes_and_answers(child):
    """Its arguments and its input go in; its output and its status come out."""
    module = child("sys.stdout.buffer.write(sys.stdin.buffer.read() + sys.argv[1].encode())\nsys.exit(3)")
    assert processes.run_child(module, "!", body=b"\0hello" * 100_000) == (b"\0hello" * 100_000 + b"!", 3)


def test_a_child_that_takes_too_long_is_killed(child):
    """Also one that closes its output first."""
    for code in ("time.sleep(600)", "os.close(1); time.sleep(600)"):
        assert processes.run_child(child(code), body=b"", seconds=0.2) == (b"", -signal.SIGKILL)


def test_a_child_that_writes_too_much_is_killed(child):
    """An octet more than is allowed is taken in."""
    module = child("while True: sys.stdout.write('x' * 10_000)")
    assert processes.run_child(module, body=b"", most_output=25_000) == (b"x" * 25_001, -signal.SIGKILL)


def test_the_folder_one_is_in_is_not_searched_for_modules(child, tmp_path, monkeypatch):
    """A calendars folder may hold a json.py."""
    module = child("import json; print(json.__file__)")
    (tmp_path / "here").mkdir()
    (tmp_path / "here/json.py").write_text("")
    monkeypatch.chdir(tmp_path / "here")
    output, status = processes.run_child(module, body=b"")
    assert (status, str(tmp_path).encode() in output) == (0, False)


def test_a_bare_environment_holds_no_secrets(child, tmp_path, monkeypatch):
    """What finds the package is there, and nothing that could be a key."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    module = child("import aslms_feeds; print(*os.environ)")
    output, status = processes.run_child(module, body=b"", environment=processes.bare_environment())
    assert status == 0
    assert b"PYTHONPATH" in output
    assert b"AWS" not in output


def test_a_task_is_told_when_it_waits(child):
    """It is in a session of its own; one that does not wait has nothing to read."""
    module = child("print(repr(sys.stdin.readline()), os.getsid(0) == os.getpid())")

    async def run_task(*, waits):
        process = await processes.start_task(module, waits=waits)
        output, _errors = await process.communicate(b"go\n" if waits else None)
        return output

    assert asyncio.run(run_task(waits=True)) == b"'go\\n' True\n"
    assert asyncio.run(run_task(waits=False)) == b"'' True\n"


def test_nobody_else_starts_processes():
    """One module knows how."""
    package = Path(aslms_feeds.__file__).parent
    starters = {"Popen", "create_subprocess_exec", "create_subprocess_shell", "fork", "posix_spawn", "system"}
    places = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in starters
    }
    assert places == {"processes.py"}


def here_or_there(task):
    """Return a task with the process that had it."""
    return task, os.getpid()


@pytest.mark.parametrize("most", [0, 1, 2, 3, 8, 40])
def test_the_order_is_that_of_the_tasks(most):
    """However many make them; this process does its share."""
    results = processes.share_work(here_or_there, TASKS, most)
    assert tuple(task for task, _pid in results) == TASKS
    pids = {pid for _task, pid in results}
    assert os.getpid() in pids
    assert len(pids) == max(1, min(most, len(TASKS)))
    for pid in pids - {os.getpid()}:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert processes.share_work(here_or_there, (), most) == []


@pytest.mark.parametrize(
    "die",
    [lambda: os._exit(0), lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: 1 / 0],
    ids=["ends", "dies", "errs"],
)
def test_what_a_fork_cannot_make_is_made_here(die):
    """Also where it dies in the middle of its share."""
    parent = os.getpid()

    def make(task):
        if task > 5 and os.getpid() != parent:
            die()
        return task, os.getpid()

    results = processes.share_work(make, TASKS, 3)
    assert tuple(task for task, _pid in results) == TASKS
    assert {pid for _task, pid in results} == {parent}, "each of two forks dies before it has said anything"


@pytest.mark.parametrize("call", ["fork", "pipe"])
def test_where_there_is_no_room_for_a_fork_all_is_made_here(monkeypatch, call):
    """No more processes, or no more handles: the first may begin, the second may not, and nothing stays open."""
    real, calls = getattr(os, call), []

    def scarce():
        calls.append(call)
        if len(calls) > 1:
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return real()

    before = _handles().keys()
    with monkeypatch.context() as patch:
        patch.setattr(os, call, scarce)
        results = processes.share_work(here_or_there, TASKS, 3)
    assert len(calls) == 2
    assert tuple(task for task, _pid in results) == TASKS
    assert len({pid for _task, pid in results}) == 2
    assert _handles().keys() == before


def test_what_is_wrong_is_raised():
    """In whichever share it is; no fork outlives it."""
    for wrong in (0, 1, 2, 10):
        with pytest.raises(ValueError, match=f"number {wrong}"):
            processes.share_work(lambda task, wrong=wrong: _but(task, wrong), TASKS, 3)


def _but(task, wrong):
    if task == wrong:
        message = f"number {task}"
        raise ValueError(message)
    return task


def test_a_fork_holds_nothing_but_its_answer(tmp_path):
    """A lock ends with the process that has taken it, not with a fork of it."""
    with (tmp_path / "lock").open("w"):
        results = processes.share_work(lambda _task: (os.getpid(), _handles()), TASKS[:3], 3)
    forks = [handles for pid, handles in results if pid != os.getpid()]
    assert len(forks) == 2
    for handles in forks:
        assert not any(path.endswith("/lock") for path in handles.values())
        assert [path.partition(":")[0] for number, path in handles.items() if number > 2] == ["pipe"]


def _handles():
    """Return what this process has open, by handle; the folder that is listed for that is not there afterwards."""
    handles = {}
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            handles[int(link.name)] = str(link.readlink())
    return handles


def test_documents_are_the_same_whoever_makes_them(monkeypatch):
    """Every language by itself, in a process of its own or in one for all."""
    edition = page_editions.changed_edition()
    monkeypatch.setattr(documents, "_WORTH_A_PROCESS", 1)
    shares = []
    real = documents.share_work
    monkeypatch.setattr(documents, "share_work", lambda make, tags, most: shares.append(most) or real(make, tags, most))
    whole = []
    for count in (1, 3):
        monkeypatch.setattr(documents, "count_processors", lambda count=count: count)
        whole.append(documents.render_series(edition))
    assert shares == [1, 3]
    assert whole[0].documents == whole[1].documents
    assert whole[0].units == whole[1].units
