"""Work shared among forks: the same results in the same order, and nothing is left of who made them."""

import errno
import os
import signal
from contextlib import suppress
from pathlib import Path

import page_editions
import pytest

from aslms_feeds import processes
from aslms_feeds.render import documents

THINGS = tuple(range(11))


def here_or_there(thing):
    """Return a thing with the process that had it."""
    return thing, os.getpid()


@pytest.mark.parametrize("most", [0, 1, 2, 3, 8, 40])
def test_the_order_is_that_of_the_things(most):
    """However many make them; this process does its share."""
    made = processes.share_work(here_or_there, THINGS, most)
    assert tuple(thing for thing, _pid in made) == THINGS
    pids = {pid for _thing, pid in made}
    assert os.getpid() in pids
    assert len(pids) == max(1, min(most, len(THINGS)))
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
    own = os.getpid()

    def make(thing):
        if thing > 5 and os.getpid() != own:
            die()
        return thing, os.getpid()

    made = processes.share_work(make, THINGS, 3)
    assert tuple(thing for thing, _pid in made) == THINGS
    assert {pid for _thing, pid in made} == {own}, "each of two forks dies before it has said anything"


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
        made = processes.share_work(here_or_there, THINGS, 3)
    assert len(calls) == 2
    assert tuple(thing for thing, _pid in made) == THINGS
    assert len({pid for _thing, pid in made}) == 2
    assert _handles().keys() == before


def test_what_is_wrong_is_raised():
    """In whichever share it is; no fork outlives it."""
    for wrong in (0, 1, 2, 10):
        with pytest.raises(ValueError, match=f"number {wrong}"):
            processes.share_work(lambda thing, wrong=wrong: _but(thing, wrong), THINGS, 3)


def _but(thing, wrong):
    if thing == wrong:
        message = f"number {thing}"
        raise ValueError(message)
    return thing


def test_a_fork_holds_nothing_but_its_answer(tmp_path):
    """A lock ends with the process that has taken it, not with a fork of it."""
    with (tmp_path / "lock").open("w"):
        made = processes.share_work(lambda _thing: (os.getpid(), _handles()), THINGS[:3], 3)
    forks = [handles for pid, handles in made if pid != os.getpid()]
    assert len(forks) == 2
    for handles in forks:
        assert not any(path.endswith("/lock") for path in handles.values())
        assert [path.partition(":")[0] for number, path in handles.items() if number > 2] == ["pipe"]


def _handles():
    """Return what this process has open, by handle; the folder that is listed for that is not there afterwards."""
    found = {}
    for one in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found[int(one.name)] = str(one.readlink())
    return found


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
