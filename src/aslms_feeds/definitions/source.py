"""One definition file: its table, where things stand in it, and what is wrong there."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from aslms_feeds.definitions.explaining import ID_RULE, MAX_PROBLEMS, explain_errors, name_place, show_value
from aslms_feeds.definitions.mending import mend
from aslms_feeds.definitions.positions import Positions
from aslms_feeds.definitions.toml import find_written_column, parse_toml, step_into, text_problems
from aslms_feeds.definitions.values import Definition
from aslms_feeds.errors import Problem
from aslms_feeds.identity import is_id

if TYPE_CHECKING:
    from aslms_feeds.definitions.toml import Location

M = TypeVar("M", bound=Definition)

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d")


class SourceFile:
    """One file: its table, what is wrong in it, and where things stand in it."""

    def __init__(self, label: str, content: bytes) -> None:
        """Read ``content``; ``label`` is how problems name the file."""
        self.label = label
        parsed = parse_toml(content)
        self.text = parsed.text
        self.data = parsed.data
        self._filled = parsed.filled
        self._positions: Positions | None = None
        self._listed = [Problem(label, note.line, note.column, "", note.message) for note in parsed.notes]
        self._unlisted = 0
        self._note_short_times()

    @property
    def problems(self) -> list[Problem]:
        """What is wrong in it; a file with hundreds of problems has the first ones listed and the rest counted."""
        if not self._unlisted:
            return self._listed
        message = f"and {self._unlisted:,} more problems in this file"
        return [*self._listed, Problem(self.label, 0, 0, "", message)]

    def make_problem(self, location: Location, message: str, *, key: bool = False) -> Problem:
        """Return a problem at a place of this file."""
        line, column = self._places.find(location, key=key)
        column = find_written_column(line, column, self._filled)
        return Problem(self.label, line, column, name_place(self.data, location), message)

    def add_problem(self, location: Location, message: str, *, key: bool = False) -> None:
        """Note a problem at a place of this file."""
        if len(self._listed) < MAX_PROBLEMS:
            self._listed.append(self.make_problem(location, message, key=key))
        else:
            self._unlisted += 1

    def list_ids(self, location: Location, key: str = "id") -> frozenset[str]:
        """Return the ids of a list of tables as they are written, whether the tables are right or not."""
        data: object = self.data
        for step in location:
            data = step_into(data, step)
        rows = data if isinstance(data, tuple) else ()
        ids = (row.get(key) for row in rows if isinstance(row, dict))
        return frozenset(name for name in ids if isinstance(name, str))

    def read_model(self, model: type[M]) -> M | None:
        """Return the whole file as a model, without what is wrong in it; None when nothing can be made of it."""
        if self.data is None:
            return None
        self._check_text()
        return self._validate(model, self.data, ())

    def read_tables(self, model: type[M]) -> dict[str, M]:
        """Return a file of tables named by ids as models, without what is wrong in them."""
        values: dict[str, M] = {}
        if self.data is None:
            return values
        self._check_text()
        for name, table in self.data.items():
            if not is_id(name):
                self.add_problem((name,), f"{show_value(name)} is no id: {ID_RULE}", key=True)
            elif (value := self._validate(model, table, (name,))) is not None:
                values[name] = value
        return values

    @property
    def _places(self) -> Positions:
        if self._positions is None:
            self._positions = Positions(self.text)
        return self._positions

    def _note_short_times(self) -> None:
        # The text holds the seconds; a value behind them on its line stands three characters further right there.
        lines = self.text.split("\n")
        times: dict[tuple[int, int], tuple[int, int, str]] = {}
        shift: dict[int, int] = defaultdict(int)
        for line, column in self._filled:
            text_column = column + shift[line]
            shift[line] += len(":00")
            # No key takes a time without its day, and that will be said.
            if time := _TIME.match(lines[line - 1], text_column - 1):
                times[line, text_column] = line, column, time.group()
        locations = self._places.find_values(set(times)) if times else {}
        for place, (line, column, time_text) in times.items():
            if len(self._listed) < MAX_PROBLEMS:
                message = f"found {time_text[:-3]}, a time without seconds: TOML wants {time_text}"
                where = name_place(self.data, locations.get(place, ()))
                self._listed.append(Problem(self.label, line, column, where, message))
            else:
                self._unlisted += 1

    def _check_text(self) -> None:
        for location, message in text_problems(self.data):
            self.add_problem(location, message)

    def _validate(self, model: type[M], data: object, prefix: Location) -> M | None:
        try:
            return model.model_validate(data)
        except ValidationError as error:
            value, errors = mend(model, data, error)
        for location, message, key in explain_errors(model, data, errors):
            self.add_problem(prefix + location, message, key=key)
        return value
