"""Settings: command line over environment over defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from aslms_feeds.errors import UsageError
from aslms_feeds.settings import PREFIX, Settings, choose_settings, variable_of


def test_defaults_without_anything():
    """Nothing said: the documented values."""
    assert choose_settings({}, {}) == Settings(Path("calendars"), Path("publication"))


def test_the_environment_says_what_the_command_line_does_not():
    """Every setting has a variable; empty ones and None say nothing."""
    environment = {
        f"{PREFIX}CALENDARS": "defs",
        f"{PREFIX}OUTPUT": "out",
        f"{PREFIX}BASE_URL": "https://a.example/",
        f"{PREFIX}STATE": "memory",
        f"{PREFIX}SETTLE": "2.5",
        f"{PREFIX}HOST": "::1",
        f"{PREFIX}PORT": "8080",
        f"{PREFIX}LOG_FORMAT": "json",
        f"{PREFIX}METRICS_PORT": "9100",
    }
    assert environment.keys() == {variable_of(name) for name in Settings._fields}
    assert choose_settings({"port": None}, environment) == Settings(
        Path("defs"), Path("out"), "https://a.example", Path("memory"), 2.5, "::1", 8080, "json", 9100
    )
    assert choose_settings({"port": 9000, "output": "mine"}, environment).port == 9000
    assert choose_settings({"output": "mine"}, environment).output == Path("mine")
    assert choose_settings({}, {f"{PREFIX}PORT": ""}).port == 8000


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        ({"port": "http"}, "port is 'http', which is no number", "--port or ASLMS_FEEDS_PORT"),
        ({"settle": "soon"}, "settle is 'soon', which is no number", "--settle or ASLMS_FEEDS_SETTLE"),
        (
            {"log_format": "xml"},
            "the log format 'xml' is unknown; allowed: text, json",
            "--log-format json, or ASLMS_FEEDS_LOG_FORMAT",
        ),
        (
            {"base_url": "calendar.example.org"},
            "the base address 'calendar.example.org' does not start with https:// or http://",
            "--base-url https://calendar.example.org, or ASLMS_FEEDS_BASE_URL",
        ),
    ],
)
def test_a_setting_that_makes_no_sense_is_a_usage_error(arguments, message, hint):
    """It names the option and the variable."""
    with pytest.raises(UsageError) as caught:
        choose_settings(arguments, {})
    assert (str(caught.value), caught.value.hint) == (message, hint)
