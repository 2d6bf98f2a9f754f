"""What is stored about an upstream, in ``OUTPUT/upstreams/<id>/``: its state, and its last good data.

``state.json`` holds validators, when it was asked and when it will be, and what was wrong; its data are ``files.json``
of definitions, ``items.json`` of a feed or ``events.json`` of a calendar. Each file is written whole.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from aslms_feeds.instants import parse_instant
from aslms_feeds.network.responses import Validators
from aslms_feeds.publication import files as publication_files
from aslms_feeds.publication.records import RecordError, read_record, write_record
from aslms_feeds.upstreams.readers.values import Appointment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from aslms_feeds.definitions.publisher import Upstream

STATE, FILES, ITEMS, EVENTS, QUARANTINE = "state.json", "files.json", "items.json", "events.json", "quarantine"
_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class PollState:
    """How asking an upstream went, beside its data."""

    settings: str = ""
    """A digest of how it is set: another address has other validators."""
    asked_at: datetime | None = None
    due: datetime | None = None
    """When it is to be asked next."""
    validators: Mapping[str, Validators] = field(default_factory=dict)
    """By file; "" where it is one document."""
    trouble: str = ""
    """Why it brought nothing, though nothing is wrong with its data."""
    quarantine: str = ""
    """Why nothing of its last answer was taken."""
    is_released: bool = False
    """Whether an operator has ended its quarantine."""
    failures: int = 0
    """How often in a row it brought nothing."""

    def to_json(self) -> bytes:
        """Return the state as it is stored."""
        fields = {
            "of": self.settings,
            "asked": self.asked_at.isoformat() if self.asked_at else None,
            "due": self.due.isoformat() if self.due else None,
            "validators": {name: asdict(validators) for name, validators in self.validators.items()},
            "wrong": self.trouble,
            "quarantined": self.quarantine,
            "released": self.is_released,
            "failures": self.failures,
        }
        return write_record(_FORMAT, fields)

    @classmethod
    def from_json(cls, text: bytes) -> PollState:
        """Return a state that was stored; RecordError where it is damaged, or written by another version."""
        return read_record(text, _FORMAT, cls._from_data)

    @classmethod
    def _from_data(cls, data: Mapping[str, Any]) -> PollState:
        return cls(
            settings=data["of"],
            asked_at=_parse_moment(data["asked"]),
            due=_parse_moment(data["due"]),
            validators={name: Validators(**row) for name, row in data["validators"].items()},
            trouble=data["wrong"],
            quarantine=data["quarantined"],
            is_released=data["released"],
            failures=data["failures"],
        )


def _parse_moment(text: str | None) -> datetime | None:
    return parse_instant(text) if text else None


class DamagedError(Exception):
    """What is stored of an upstream cannot be read."""


@dataclass(frozen=True)
class UpstreamCache:
    """The folder of one upstream."""

    folder: Path

    def load_state(self) -> PollState:
        """Return its state; that of one never asked, where it is missing or damaged."""
        try:
            return PollState.from_json((self.folder / STATE).read_bytes())
        except (OSError, RecordError):
            return PollState()

    def load(self, name: str) -> dict[str, Any]:
        """Return data that are stored, empty where there are none; DamagedError where they cannot be read."""
        try:
            data = read_record((self.folder / name).read_bytes(), None, lambda data: data)
        except FileNotFoundError:
            return {}
        except (OSError, RecordError) as error:
            raise DamagedError(f"{name} cannot be read") from error
        if not _is_sound(name, data):
            raise DamagedError(f"{name} is damaged")
        return dict(data)

    def load_files(self, series: str) -> dict[str, str]:
        """Return the last good definitions of a series, by path below its folder."""
        data = self.load(FILES)
        return dict(data["files"]) if data and data["series"] == series else {}

    def load_appointments(self) -> list[Appointment]:
        """Return the events of the last good calendar."""
        return [Appointment(**row) for row in self.load(EVENTS).get("events", ())]

    def has_data(self, upstream: Upstream) -> bool:
        """Say whether there are data of which an upstream may answer that they have not changed."""
        try:
            match upstream.kind:
                case "definitions":
                    return bool(self.load_files(upstream.series))
                case "feed":
                    return bool(self.load(ITEMS))
                case "ics":
                    return bool(self.load(EVENTS))
        except DamagedError:
            return False

    def save(self, name: str, **data: object) -> None:
        """Store data, where they are others than before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        _write_changed(self.folder / name, write_record(_FORMAT, data))

    def save_state(self, state: PollState) -> None:
        """Store the state, and a notice for people while the upstream is in quarantine."""
        self.folder.mkdir(parents=True, exist_ok=True)
        notice = self.folder / QUARANTINE
        if state.quarantine:
            body = (
                f"{state.quarantine}\n\nNothing of this answer was taken; the last good one is still published.\n"
                "This ends by itself with an answer that is sane. To take the next one as it is, remove this file.\n"
            )
            _write_changed(notice, body.encode())
        _write(self.folder / STATE, state.to_json())
        if not state.quarantine:
            notice.unlink(missing_ok=True)

    def has_notice(self) -> bool:
        """Say whether the notice of its quarantine is there; an operator who removes it ends the quarantine."""
        return (self.folder / QUARANTINE).exists()


def _is_sound(name: str, data: object) -> bool:
    """Say whether stored data have the form in which they are written."""
    match name, data:
        case "files.json", {"format": 1, "series": str(), "files": dict(files)}:
            return all(isinstance(text, str) for text in files.values())
        case "items.json", {"format": 1, "seen": int(), "spoils": bool(), "items": list(rows)}:
            return all(_has_texts(row, _ITEM_KEYS) for row in rows)
        case "events.json", {"format": 1, "events": list(rows)}:
            return all(_has_texts(row, frozenset(Appointment._fields)) for row in rows)
        case _:
            return False


_ITEM_KEYS = frozenset({"id", "series", "season", "on", "origin", "title", "text", "link"})


def _has_texts(row: object, keys: frozenset[str]) -> bool:
    return isinstance(row, dict) and row.keys() == keys and all(isinstance(value, str) for value in row.values())


def _write_changed(path: Path, body: bytes) -> None:
    if not path.exists() or path.read_bytes() != body:
        _write(path, body)


def _write(path: Path, body: bytes) -> None:
    publication_files.replace(path, body)
    publication_files.sync(path.parent)
