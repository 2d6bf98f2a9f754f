"""Crontab lines: what cron makes of them, and what is wrong in them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aslms_feeds.definitions.crontab import SHORT, parse_crontab

SUNDAY, MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY = range(7)


@pytest.mark.parametrize(
    ("text", "weekdays"),
    [
        ("0", {SUNDAY}),
        ("7", {SUNDAY}),
        ("0,7", {SUNDAY}),
        ("1", {MONDAY}),
        ("1-5", {MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY}),
        ("mon-fri", {MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY}),
        ("Sun", {SUNDAY}),
        ("sat-sun", {SATURDAY, SUNDAY}),
        ("sun-tue", {SUNDAY, MONDAY, TUESDAY}),
        ("5-7", {FRIDAY, SATURDAY, SUNDAY}),
        ("1-5/2", {MONDAY, WEDNESDAY, FRIDAY}),
        ("mon,WED,5", {MONDAY, WEDNESDAY, FRIDAY}),
        ("*/3", {SUNDAY, WEDNESDAY, SATURDAY}),
        ("*", set(range(7))),
    ],
)
def test_weekdays_are_counted_as_cron_counts_them(text, weekdays):
    """0 and 7 are Sunday, 1 is Monday; names stand for numbers, in ranges too."""
    assert parse_crontab(f"0 6 * * {text}").weekdays == weekdays


@pytest.mark.parametrize(
    ("line", "field", "numbers"),
    [
        ("5 6 * * *", "minutes", {5}),
        ("*/20 6 * * *", "minutes", {0, 20, 40}),
        ("0-10/5,59 6 * * *", "minutes", {0, 5, 10, 59}),
        ("0 0-6/3 * * *", "hours", {0, 3, 6}),
        ("0 0 10-12 * *", "days", {10, 11, 12}),
        ("0 0 1 jan,Jul *", "months", {1, 7}),
        ("0 0 1 nov-12 *", "months", {11, 12}),
        ("\t00  06 * *\t* ", "hours", {6}),
    ],
)
def test_lists_ranges_steps_and_names(line, field, numbers):
    """Each field is a list of numbers, ranges and steps; blanks may be any, and so may leading zeros."""
    assert getattr(parse_crontab(line), field) == numbers


@pytest.mark.parametrize(
    ("line", "either"),
    [
        ("0 6 1 * *", False),
        ("0 6 * * mon", False),
        ("0 6 1 * mon", True),
        ("0 6 1-31 * mon", True),
        ("0 6 */2 * mon", False),
        ("0 6 1 * */2", False),
    ],
)
def test_a_day_or_a_weekday(line, either):
    """Either is enough, unless one of the fields begins with a star: then it takes both."""
    assert parse_crontab(line).either is either


@pytest.mark.parametrize(
    ("line", "means"),
    [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * sun"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 jan *"),
        (" @Daily ", "0 0 * * *"),
    ],
)
def test_lines_in_one_word(line, means):
    """They stand for what crontab(5) says."""
    assert parse_crontab(line) == parse_crontab(means)


def test_every_word_is_tested_above():
    """None is missing in the table of this test."""
    assert len(SHORT) == 7


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "0 6 * *",
            "'0 6 * *' has 4 fields; wanted are five: minute, hour, day of the month, month, weekday "
            "(times in UTC, no command)",
        ),
        (
            "0 0 6 * * * aslms-feeds build",
            "'0 0 6 * * * aslms-feeds build' has 8 fields; wanted are five: minute, hour, day of the month, month, "
            "weekday (times in UTC, no command)",
        ),
        (
            "",
            "'' has 0 fields; wanted are five: minute, hour, day of the month, month, weekday "
            "(times in UTC, no command)",
        ),
        (
            "@reboot",
            "unknown '@reboot'; allowed: @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly, "
            "or five fields",
        ),
        ("60 6 * * *", "unknown minute '60'; allowed: 0 to 59"),
        ("0 24 * * *", "unknown hour '24'; allowed: 0 to 23"),
        ("0 6 0 * *", "unknown day of the month '0'; allowed: 1 to 31"),
        ("0 6 * 13 *", "unknown month '13'; allowed: 1 to 12, or jan to dec"),
        ("0 6 * * 8", "unknown weekday '8'; allowed: 0 to 7, or sun to sat"),
        ("0 6 * * monday", "unknown weekday 'monday', did you mean 'mon'?; allowed: 0 to 7, or sun to sat"),
        ("0 6 L * *", "unknown day of the month 'l'; allowed: 1 to 31"),
        ("0 6 ? * *", "unknown day of the month '?'; allowed: 1 to 31"),
        ("² 6 * * *", "unknown minute '²'; allowed: 0 to 59"),
        ("0 6 * * fri-mon", "weekday 'fri-mon' goes backwards; write 5-7,0-1"),
        ("0 22-6 * * *", "hour '22-6' goes backwards; write 22-23,0-6"),
        ("0 6 * dec-jan *", "month 'dec-jan' goes backwards; write 12,1"),
        ("*/0 6 * * *", "minute '*/0' has the step '0'; allowed: 1 to 59"),
        ("*/60 6 * * *", "minute '*/60' has the step '60'; allowed: 1 to 59"),
        ("0 0-4/5 * * *", "hour '0-4/5' has the step '5'; allowed: 1 to 4"),
        ("*/x 6 * * *", "minute '*/x' has the step 'x'; allowed: 1 to 59"),
        ("*/ 6 * * *", "minute '*/' has the step ''; allowed: 1 to 59"),
        ("5/15 6 * * *", "minute '5/15' is a step without a range; write 5-59/15"),
        ("0,,5 6 * * *", "minute '' is neither a number, a range such as 0-59, nor *"),
        ("-5 6 * * *", "minute '-5' is neither a number, a range such as 0-59, nor *"),
        ("0 1-2-3 * * *", "hour '1-2-3' is neither a number, a range such as 0-23, nor *"),
        ("0 6 31 2,4 *", "'0 6 31 2,4 *' never fires: none of these months has such a day"),
        ("0 6 30 feb */2", "'0 6 30 feb */2' never fires: none of these months has such a day"),
    ],
)
def test_a_wrong_line_is_explained(line, message):
    """What was found, what is allowed, and what it should be where that is clear."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_crontab(line)


def test_a_leap_day_comes():
    """29 February is no mistake; 30 February is none either where a weekday is enough."""
    assert parse_crontab("0 6 29 2 *").days == {29}
    assert parse_crontab("0 6 30 2 mon").triggers == (
        {"minute": "0", "hour": "6", "month": "2", "second": "0", "day_of_week": "0"},
    )


def test_what_apscheduler_is_told():
    """It counts weekdays from Monday, and fires when all fields agree: two triggers say "or"."""
    assert parse_crontab("*/30 6 1 jan-mar mon,sun").triggers == (
        {"minute": "0,30", "hour": "6", "month": "1,2,3", "second": "0", "day_of_week": "0,6"},
        {"minute": "0,30", "hour": "6", "month": "1,2,3", "second": "0", "day": "1"},
    )
    assert parse_crontab("@hourly").triggers == (
        {"minute": "0", "hour": "*", "month": "*", "second": "0", "day": "*", "day_of_week": "*"},
    )


@given(st.text(alphabet="0123456789*/,-@ monsuJLW#?²\t\n", max_size=40) | st.text(max_size=40))
def test_any_text_is_read_or_explained(line):
    """Whatever is written, there is something to fire at, or a message of one line."""
    crontab, message = None, ""
    try:
        crontab = parse_crontab(line)
    except ValueError as error:
        message = str(error)
    if crontab is None:
        assert message
        assert "\n" not in message
    else:
        assert all(crontab[:5])
        assert crontab.triggers
