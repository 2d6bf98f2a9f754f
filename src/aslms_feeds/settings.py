"""Every choice of one run: command line over environment over publisher.toml over these defaults.

Importing it costs next to nothing: also a run that finds nothing to do reads its options here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from aslms_feeds.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PREFIX = "ASLMS_FEEDS_"
FOLDERS = {"calendars": "calendars", "output": "publication"}
"""The folders of a run when nobody says otherwise."""
LOG_FORMATS = ("text", "json")


class Settings(NamedTuple):
    """The choices, their units and what they are when nobody says otherwise."""

    calendars: Path
    """The folder of the definitions."""
    output: Path
    """The folder that is published into."""
    base_url: str | None = None
    """Where the site is; None: as publisher.toml says."""
    state: Path | None = None
    """The folder ledgers are kept in, apart from the publication; None: they lie with it."""
    settle: float = 30.0
    """How long an edit must have stood before it is published, in seconds."""
    host: str = "127.0.0.1"
    """The address the server listens on."""
    port: int = 8000
    """The port the server listens on."""
    log_format: str = "text"
    """How the service writes its log: ``text`` for people, ``json`` for programs."""
    metrics_port: int | None = None
    """The port of 127.0.0.1 on which the server tells Prometheus how it does; None: it does not."""


def option_of(name: str) -> str:
    """Return the option that makes a choice on the command line."""
    return f"--{name.replace('_', '-')}"


def variable_of(name: str) -> str:
    """Return the environment variable that makes a choice."""
    return PREFIX + name.upper()


def find_choices(arguments: Mapping[str, object], environment: Mapping[str, str] | None = None) -> dict[str, object]:
    """Return what is chosen, as it was written: by ``arguments`` (None: nothing), else by the environment."""
    environment = os.environ if environment is None else environment
    variables = {name: environment.get(variable_of(name)) for name in Settings._fields}
    options = {name: value for name, value in arguments.items() if name in variables and value is not None}
    return {name: text for name, text in variables.items() if text} | options


def choose_settings(arguments: Mapping[str, object], environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of a run; raises :class:`aslms_feeds.errors.UsageError` for a choice that makes no sense."""
    from pathlib import Path

    choices = FOLDERS | find_choices(arguments, environment)
    kinds = {"calendars": Path, "output": Path, "state": Path, "settle": float, "port": int, "metrics_port": int}
    for name, kind in kinds.items():
        if name in choices:
            choices[name] = _convert(kind, name, choices[name])
    if "base_url" in choices:
        choices["base_url"] = _check_address(str(choices["base_url"]))
    if choices.get("log_format") not in (None, *LOG_FORMATS):
        message = f"the log format {choices['log_format']!r} is unknown; allowed: {', '.join(LOG_FORMATS)}"
        raise UsageError(message, hint=f"--log-format json, or {PREFIX}LOG_FORMAT")
    return Settings(**choices)  # type: ignore[arg-type] # every value was converted above


def _check_address(url: str) -> str:
    """Return a base address without a slash at its end."""
    if not url.startswith(("https://", "http://")):
        message = f"the base address {url!r} does not start with https:// or http://"
        raise UsageError(message, hint=f"--base-url https://calendar.example.org, or {PREFIX}BASE_URL")
    return url.rstrip("/")


def _convert(kind: type, name: str, value: object) -> object:
    try:
        return kind(value)
    except ValueError as error:
        message = f"{name} is {value!r}, which is no number"
        raise UsageError(message, hint=f"{option_of(name)} or {variable_of(name)}") from error
