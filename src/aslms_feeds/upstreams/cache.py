"""What is kept of an upstream, in ``OUTPUT/upstreams/<id>/``: its state, and its last good data.

``state.json`` holds validators, when it was asked and when it will be, and what was wrong; its data are ``files.json``
of definitions, ``items.json`` of a feed or ``events.json`` of a calendar. Each file is written whole.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aslms_feeds.network.responses import Validators
from aslms_feeds.publication import files as publication_files
from aslms_feeds.publication.records import RecordError, read_record, write_record
from aslms_feeds.upstreams.readers.values import Appointment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from aslms_feeds.definitions.publisher import Upstream

UPSTREAMS = "upstreams"
"""The folder below the output, one folder of it for each upstream."""
STATE, FILES, ITEMS, EVENTS, QUARANTINE = "state.json", "files.json", "items.json", "events.json", "quarantine"
_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class State:
    """What is known of an upstream beside its data."""

    of: str = ""
    """A digest of how it is set: another address has other validators."""
    asked: datetime | None = None
    due: datetime | None = None
    validators: Mapping[str, Validators] = field(default_factory=dict)
    """By file; "" where it is one document."""
    wrong: str = ""
    """Why it brought nothing."""
    quarantined: str = ""
    released: bool = False
    """Whether an operator has ended its quarantine."""
    failures: int = 0
    """How often in a row it brought nothing."""

    def to_json(self) -> bytes:
        """Return it as it is kept."""
        fields = {
            **asdict(self),
            "asked": self.asked.isoformat() if self.asked else None,
            "due": self.due.isoformat() if self.due else None,
        }
        return write_record(_FORMAT, fields)

    @classmethod
    def of_json(cls, text: bytes) -> State:
        """Return what was kept; RecordError where it is damaged."""
        return read_record(text, _FORMAT, cls._of_data)

    @classmethod
    def _of_data(cls, data: dict[str, Any]) -> State:
        del data["format"]
        data["validators"] = {name: Validators(**row) for name, row in data["validators"].items()}
        for name in ("asked", "due"):
            data[name] = datetime.fromisoformat(data[name]).astimezone(UTC) if data[name] else None
        return cls(**data)


class DamagedError(Exception):
    """What was kept of an upstream cannot be read."""


@dataclass(frozen=True)
class Holding:
    """The folder of one upstream."""

    folder: Path

    def state(self) -> State:
        """Return its state; that of one never asked, where it is gone or damaged."""
        try:
            return State.of_json((self.folder / STATE).read_bytes())
        except (OSError, RecordError):
            return State()

    def held(self, name: str) -> dict[str, Any]:
        """Return data that are kept, empty where there are none; DamagedError where they cannot be read."""
        try:
            data = read_record((self.folder / name).read_bytes(), None, lambda data: data)
        except FileNotFoundError:
            return {}
        except (OSError, RecordError) as error:
            raise DamagedError(f"{name} cannot be read") from error
        if not _shaped(name, data):
            raise DamagedError(f"{name} is damaged")
        return dict(data)

    def files(self, series: str) -> dict[str, str]:
        """Return the last good definitions of a series, by path below its folder."""
        data = self.held(FILES)
        return dict(data["files"]) if data and data["series"] == series else {}

    def has_good(self, upstream: Upstream) -> bool:
        """Say whether there are data of which an upstream may answer that they have not changed."""
        try:
            match upstream.kind:
                case "definitions":
                    return bool(self.files(upstream.series))
                case "feed":
                    return bool(self.held(ITEMS))
                case "ics":
                    return bool(self.held(EVENTS))
        except DamagedError:
            return False

    def keep(self, name: str, **data: object) -> None:
        """Keep data."""
        self.folder.mkdir(parents=True, exist_ok=True)
        body = write_record(_FORMAT, data)
        path = self.folder / name
        if not path.exists() or path.read_bytes() != body:
            _write(path, body)

    def save(self, state: State) -> None:
        """Keep the state, and say for people whether it is in quarantine."""
        self.folder.mkdir(parents=True, exist_ok=True)
        notice = self.folder / QUARANTINE
        if state.quarantined:
            body = (
                f"{state.quarantined}\n\nNothing of this answer was taken; the last good one is still published.\n"
                "This ends by itself with an answer that is sane. To take the next one as it is, remove this file.\n"
            ).encode()
            if not notice.exists() or notice.read_bytes() != body:
                _write(notice, body)
        _write(self.folder / STATE, state.to_json())
        if not state.quarantined:
            notice.unlink(missing_ok=True)

    def released(self) -> bool:
        """Whether somebody has removed the notice of its quarantine."""
        return not (self.folder / QUARANTINE).exists()


def _shaped(name: str, data: object) -> bool:
    """Say whether what was kept looks as it was written."""
    match name, data:
        case "files.json", {"format": 1, "series": str(), "files": dict(files)}:
            return all(isinstance(text, str) for text in files.values())
        case "items.json", {"format": 1, "seen": int(), "spoils": bool(), "items": list(rows)}:
            return all(_texts(row, _ROW) for row in rows)
        case "events.json", {"format": 1, "events": list(rows)}:
            return all(_texts(row, frozenset(Appointment._fields)) for row in rows)
        case _:
            return False


_ROW = frozenset({"id", "series", "season", "on", "origin", "title", "text", "link"})


def _texts(row: object, names: frozenset[str]) -> bool:
    return isinstance(row, dict) and row.keys() == names and all(isinstance(value, str) for value in row.values())


def _write(path: Path, body: bytes) -> None:
    publication_files.replace(path, body)
    publication_files.sync(path.parent)
