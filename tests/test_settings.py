"""Settings: command line over environment over defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from aslms_feeds.errors import UsageError
from aslms_feeds.settings import PREFIX, Settings, choose_settings


def test_defaults_without_anything():
    """Nothing said: the documented values."""
    assert choose_settings({}, {}) == Settings()


def test_the_environment_says_what_the_command_line_does_not():
    """Every setting has a variable; empty ones and None say nothing."""
    said = {
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
    assert len(said) == len(Settings._fields)
    assert choose_settings({"port": None}, said) == Settings(
        Path("defs"), Path("out"), "https://a.example", Path("memory"), 2.5, "::1", 8080, "json", 9100
    )
    assert choose_settings({"port": 9000, "output": "mine"}, said).port == 9000
    assert choose_settings({"output": "mine"}, said).output == Path("mine")
    assert choose_settings({}, {f"{PREFIX}PORT": ""}).port == 8000


@pytest.mark.parametrize(
    ("given", "message", "hint"),
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
def test_a_setting_that_makes_no_sense_is_a_usage_error(given, message, hint):
    """It names the option and the variable."""
    with pytest.raises(UsageError) as caught:
        choose_settings(given, {})
    assert (str(caught.value), caught.value.hint) == (message, hint)
