"""Every choice of one run: command line over environment over publisher.toml over these defaults."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from aslms_feeds.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "ASLMS_FEEDS_"
LOG_FORMATS = ("text", "json")


class Settings(NamedTuple):
    """The choices, their units and what they are when nobody says otherwise."""

    calendars: Path = Path("calendars")
    """The folder of the definitions."""
    output: Path = Path("publication")
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


def choose_settings(given: Mapping[str, object], environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings: what was ``given`` on the command line (None: nothing), else the environment's."""
    environment = os.environ if environment is None else environment
    values: dict[str, object] = {}
    for name in Settings._fields:
        variable = PREFIX + name.upper()
        if given.get(name) is not None:
            values[name] = given[name]
        elif environment.get(variable):
            values[name] = environment[variable]
    kinds = {"calendars": Path, "output": Path, "state": Path, "settle": float, "port": int, "metrics_port": int}
    for name, kind in kinds.items():
        if name in values:
            values[name] = _as(kind, name, values[name])
    base_url = values.get("base_url")
    if isinstance(base_url, str):
        if not base_url.startswith(("https://", "http://")):
            message = f"the base address {base_url!r} does not start with https:// or http://"
            raise UsageError(message, hint=f"--base-url https://calendar.example.org, or {PREFIX}BASE_URL")
        values["base_url"] = base_url.rstrip("/")
    if values.get("log_format") not in (None, *LOG_FORMATS):
        message = f"the log format {values['log_format']!r} is unknown; allowed: {', '.join(LOG_FORMATS)}"
        raise UsageError(message, hint=f"--log-format json, or {PREFIX}LOG_FORMAT")
    return Settings(**values)  # type: ignore[arg-type] # every value was converted above


def _as(kind: type, name: str, value: object) -> object:
    try:
        return kind(value)
    except ValueError as error:
        message = f"{name} is {value!r}, which is no number"
        raise UsageError(message, hint=f"--{name.replace('_', '-')} or {PREFIX}{name.upper()}") from error
