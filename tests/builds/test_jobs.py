"""What wakes a build: crontab lines, what is due and what failed, and that a scheduler drops and doubles nothing."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.events import EVENT_JOB_MISSED, EVENT_JOB_SUBMITTED, JobEvent
from apscheduler.jobstores.memory import MemoryJobStore
from hypothesis import given
from hypothesis import strategies as st

from aslms_feeds.builds import jobs
from aslms_feeds.builds.jobs import (
    BUSY_SECONDS,
    LEAD_SECONDS,
    RETRY_SECONDS,
    LastBuild,
    NextStarts,
    lead_seconds,
    make_trigger,
    new_scheduler,
    plan_starts,
    read_schedule,
)
from aslms_feeds.builds.service import Service
from aslms_feeds.settings import Settings

T = datetime(2030, 1, 10, 12, tzinfo=UTC)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)

CHANGES = [
    ("Europe/Paris", "2030-03-30T00:00:00+00:00"),
    ("Europe/Paris", "2030-10-26T00:00:00+00:00"),
    ("America/New_York", "2030-03-09T12:00:00+00:00"),
    ("Australia/Lord_Howe", "2030-04-05T12:00:00+00:00"),
    ("Pacific/Apia", "2011-12-29T00:00:00+00:00"),
]
"""Time zones of machines, and when two days begin in which their clocks change."""
LINES = ["30 2 * * *", "*/20 1-3 * * *", "@hourly", "0 0 * * sun", "15 6 30 * 0", "0 12 */2 * *", "59 23 31 * fri"]


SPELT = {"@hourly": "0 * * * *"}


def named(field: str, lowest: int, highest: int) -> set[int]:
    """Return the numbers of a field that is written without names."""
    instants: set[int] = set()
    for item in field.split(","):
        span, _slash, step = item.partition("/")
        first, _dash, last = (str(lowest), "", str(highest)) if span == "*" else span.partition("-")
        instants |= {n for n in range(int(first), int(last or first) + 1) if (n - int(first)) % int(step or 1) == 0}
    return instants


def matching(line: str, begin: datetime, end: datetime) -> list[datetime]:
    """Return the minutes that a line names, looked for one by one as crontab(5) describes it."""
    fields = SPELT.get(line, line).replace("sun", "0").replace("fri", "5").split()
    limits = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
    minutes, hours, days, months, weekdays = (named(field, *limit) for field, limit in zip(fields, limits, strict=True))
    is_either = fields[2].startswith("*") or fields[4].startswith("*")
    instants = []
    for number in range((end - begin) // MINUTE):
        at = begin + number * MINUTE
        day, weekday = at.day in days, bool({at.isoweekday(), at.isoweekday() % 7} & weekdays)
        if at.minute in minutes and at.hour in hours and at.month in months:
            instants += [at] if (day and weekday if is_either else day or weekday) else []
    return instants


def fires(line: str, begin: datetime, end: datetime) -> list[datetime]:
    """Return when a line's trigger fires."""
    number, instants = make_trigger(line), []
    at = number.get_next_fire_time(None, begin)
    while at is not None and at < end:
        instants.append(at)
        at = number.get_next_fire_time(at, at)
    return instants


@pytest.mark.slow
@pytest.mark.parametrize(("timezone", "begin"), CHANGES)
def test_a_clock_change_of_the_machine_drops_and_doubles_nothing(timezone, begin):
    """Two days of schedule around it, on a machine in that zone: every minute that is named in UTC, each once."""
    first = datetime.fromisoformat(begin)
    code = (
        "import json, sys, time; from datetime import datetime, timedelta\n"
        "sys.path.insert(0, 'tests/builds'); import test_jobs as t\n"
        "begin = datetime.fromisoformat(sys.argv[1]); end = begin + timedelta(days=2)\n"
        "shift = {time.localtime((begin + timedelta(hours=h)).timestamp()).tm_gmtoff for h in range(48)}\n"
        "print(json.dumps([len(shift), {l: [x.isoformat() for x in t.fires(l, begin, end)] for l in t.LINES}]))"
    )
    command = [sys.executable, "-c", code, begin]
    output = subprocess.run(command, env={**os.environ, "TZ": timezone}, capture_output=True, check=True, text=True)
    shifts, instants = json.loads(output.stdout)
    assert shifts == 2, "the clock of that machine changes in these days"
    assert instants == {line: [at.isoformat() for at in matching(line, first, first + 2 * DAY)] for line in LINES}
    assert len(instants["30 2 * * *"]) == 2
    assert len(instants["@hourly"]) == 48


def numbers(lowest: int, highest: int):
    """Return a strategy for one field."""
    one = st.integers(lowest, highest)
    span = st.tuples(one, one).map(lambda pair: f"{min(pair)}-{max(pair)}")
    step = st.integers(1, highest - lowest).map(lambda number: f"*/{number}")
    return st.one_of(st.just("*"), one.map(str), span, step, st.lists(one.map(str) | span, min_size=2).map(",".join))


WRITTEN = st.tuples(numbers(0, 59), numbers(0, 23), numbers(1, 28), numbers(1, 12), numbers(0, 7)).map(" ".join)


@pytest.mark.slow
@given(WRITTEN, st.datetimes(datetime(2029, 1, 1), datetime(2033, 1, 1)))  # noqa: DTZ001 - made aware below
def test_a_trigger_fires_when_cron_would(line, begin):
    """For any line and any three days: the very minutes that match it."""
    begin = begin.replace(second=0, microsecond=0, tzinfo=UTC)
    assert fires(line, begin, begin + 3 * DAY) == matching(line, begin, begin + 3 * DAY)


def test_a_long_pause_is_one_build():
    """A machine that slept for hours builds once when it wakes, and what is late by hours is not dropped."""

    async def sleep_and_wake() -> list[tuple[int, str, int]]:
        scheduler, output, finished = new_scheduler(), [], asyncio.Event()
        ran: list[str] = []

        async def job(name: str) -> None:
            ran.append(name)
            if set(ran) == {"minutely", "due"}:
                finished.set()

        def listen(event: JobEvent) -> None:
            times = event.scheduled_run_times if event.code == EVENT_JOB_SUBMITTED else ()
            output.append((event.code, event.job_id, len(times)))

        scheduler.add_listener(listen, EVENT_JOB_SUBMITTED | EVENT_JOB_MISSED)
        scheduler.start(paused=True)
        now = datetime.now(UTC)
        scheduler.add_job(job, make_trigger("* * * * *"), args=("minutely",), id="minutely")
        scheduler.modify_job("minutely", next_run_time=now - timedelta(hours=3))
        scheduler.add_job(job, "date", run_date=now - timedelta(hours=2), args=("due",), id="due")
        scheduler.resume()
        await asyncio.wait_for(finished.wait(), 30)
        ahead = scheduler.get_job("minutely").next_run_time
        scheduler.shutdown()
        assert ahead > now
        return output

    output = asyncio.run(sleep_and_wake())
    assert sorted(output) == [(EVENT_JOB_SUBMITTED, "due", 1), (EVENT_JOB_SUBMITTED, "minutely", 1)]


def test_jobs_are_in_memory_and_in_utc():
    """No job is ever stored: a stored one would be unpickled, and run by whoever shares it."""

    async def stores() -> tuple:
        scheduler = new_scheduler()
        scheduler.start(paused=True)
        instants = scheduler._jobstores, scheduler.timezone
        scheduler.shutdown()
        return instants

    instants, timezone = asyncio.run(stores())
    assert [type(store) for store in instants.values()] in ([], [MemoryJobStore])
    assert timezone.utcoffset(T) == timedelta(0)


# --- What is due, and what is tried again ----------------------------------------------------------------------------

GOOD_BUILD = LastBuild(T - 3 * SECOND, T)


@pytest.mark.parametrize(
    ("due", "last", "seconds", "expected"),
    [
        pytest.param(None, GOOD_BUILD, 3, NextStarts(None, None), id="nothing"),
        pytest.param(T + DAY, GOOD_BUILD, 3, NextStarts(T + DAY - LEAD_SECONDS * SECOND, None), id="due"),
        pytest.param(T + DAY, GOOD_BUILD, 40, NextStarts(T + DAY - 80 * SECOND, None), id="builds take long"),
        pytest.param(T + SECOND, GOOD_BUILD, 3, NextStarts(T + SECOND - LEAD_SECONDS * SECOND, None), id="due at once"),
        pytest.param(
            T - 5 * SECOND,
            GOOD_BUILD,
            3,
            NextStarts(T + RETRY_SECONDS * SECOND, None),
            id="a build that did not do what was due",
        ),
        pytest.param(
            T - SECOND,
            GOOD_BUILD,
            3,
            NextStarts(T - 11 * SECOND, None),
            id="due while the last build was at work: at once",
        ),
        pytest.param(
            None,
            GOOD_BUILD._replace(failed=True),
            3,
            NextStarts(None, T + RETRY_SECONDS * SECOND),
            id="failed, nothing due",
        ),
        pytest.param(
            T + DAY,
            GOOD_BUILD._replace(failed=True),
            3,
            NextStarts(T + DAY, T + RETRY_SECONDS * SECOND),
            id="failed: what is due is tried at its instant, too",
        ),
        pytest.param(
            T + 5 * SECOND,
            GOOD_BUILD._replace(failed=True, due=True),
            3,
            NextStarts(T + 5 * SECOND, T + RETRY_SECONDS * SECOND),
            id="failed ahead of its instant",
        ),
        pytest.param(
            T - SECOND,
            GOOD_BUILD._replace(failed=True),
            3,
            NextStarts(T + RETRY_SECONDS * SECOND, T + RETRY_SECONDS * SECOND),
            id="failed and late: not again and again",
        ),
        pytest.param(
            None,
            GOOD_BUILD._replace(busy=True),
            3,
            NextStarts(None, T + BUSY_SECONDS * SECOND),
            id="another is at work",
        ),
        pytest.param(
            T + 5 * SECOND,
            GOOD_BUILD._replace(busy=True, due=True),
            3,
            NextStarts(T + BUSY_SECONDS * SECOND, None),
            id="another is at work shortly before an instant",
        ),
        pytest.param(
            T + DAY,
            GOOD_BUILD._replace(busy=True, due=True),
            3,
            NextStarts(T + DAY - LEAD_SECONDS * SECOND, None),
            id="an edit moved the instant away",
        ),
        pytest.param(
            T + 5 * SECOND,
            GOOD_BUILD._replace(due=True),
            3,
            NextStarts(T - 5 * SECOND, None),
            id="dropped since an edit overtook it: begun again at once",
        ),
    ],
)
def test_when_the_next_builds_begin(due, last, seconds, expected):
    """Ahead of what is due; a minute after a failure; a moment after another build was met."""
    assert plan_starts(due, last, seconds) == expected


@pytest.mark.slow
@given(st.floats(0, 1000))
def test_a_build_is_begun_early_enough(seconds):
    """Ten seconds ahead, or twice as long as builds take."""
    assert lead_seconds(seconds) == max(10, 2 * seconds)


# --- The definitions' schedule ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ('schedule = ["0 6 * * mon", "@daily", "@daily"]', ("0 6 * * mon", "@daily")),
        ("", ()),
        ('schedule = ["0 6 * *"]', None),
        ('schedule = "@daily"', None),
        ("schedule = [3]", None),
        ('schedule = ["@daily"', None),
        ("\xff", None),
    ],
)
def test_lines_are_read_from_publisher_toml(tmp_path, text, schedule):
    """None says that it cannot be known now, as while an editor saves; the lines that were known stay."""
    (tmp_path / "publisher.toml").write_bytes(text.encode("latin-1"))
    assert read_schedule(tmp_path) == schedule


def test_no_publisher_toml(tmp_path):
    """Nothing is known either."""
    assert read_schedule(tmp_path) is None


def jobs_of(service: Service) -> dict[str, datetime]:
    """Return when each job fires next."""
    return {job.id: job.next_run_time for job in service._scheduler.get_jobs()}


def test_jobs_follow_the_definitions(tmp_path):
    """New lines are added, gone ones removed, and those that stay keep their time; a broken file changes nothing."""
    publisher = tmp_path / "publisher.toml"

    async def derive() -> list[dict[str, datetime]]:
        service, instants = Service(Settings(tmp_path, tmp_path / "publication")), []
        service._scheduler.start(paused=True)
        for text in ('schedule = ["0 6 * * 1", "@hourly"]', 'schedule = ["@hourly", "@yearly"]', "schedule = [", ""):
            publisher.write_text(text)
            service._arrange_jobs(GOOD_BUILD)
            instants.append(jobs_of(service))
            if "schedule @hourly" in instants[-1]:
                # As if it should fire this very moment.
                service._scheduler.modify_job("schedule @hourly", next_run_time=T)
        service._scheduler.shutdown()
        return instants

    first, second, broken, empty = asyncio.run(derive())
    assert first.keys() == {"daily", "schedule 0 6 * * 1", "schedule @hourly"}
    assert first["schedule 0 6 * * 1"].isoweekday() == 1
    assert second.keys() == broken.keys() == {"daily", "schedule @hourly", "schedule @yearly"}
    assert second["schedule @hourly"] == broken["schedule @hourly"] == T
    assert empty.keys() == {"daily"}


def test_jobs_follow_from_how_a_build_ended(tmp_path):
    """What is due has a job ahead of it, a failure one to try again, and both are arranged anew each time."""

    async def derive() -> list[dict[str, datetime]]:
        service, instants = Service(Settings(tmp_path, tmp_path / "publication")), []
        service._scheduler.start(paused=True)
        for due, last in (
            (T + DAY, GOOD_BUILD),
            (T + 2 * DAY, GOOD_BUILD),
            (None, GOOD_BUILD._replace(failed=True)),
            (None, GOOD_BUILD),
        ):
            service._next_due = due
            service._arrange_jobs(last)
            instants.append({name: at for name, at in jobs_of(service).items() if name != "daily"})
        service._scheduler.shutdown()
        return instants

    assert asyncio.run(derive()) == [
        {"due": T + DAY - LEAD_SECONDS * SECOND},
        {"due": T + 2 * DAY - LEAD_SECONDS * SECOND},
        {"retry": T + RETRY_SECONDS * SECOND},
        {},
    ]


def test_the_daily_look_is_a_line_of_cron():
    """It is at midnight in UTC."""
    assert fires(jobs.DAILY, T, T + 2 * DAY) == [datetime(2030, 1, day, tzinfo=UTC) for day in (11, 12)]
