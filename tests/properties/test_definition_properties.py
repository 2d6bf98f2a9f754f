"""What holds for any definitions: whatever is read, problems are reported and nothing is raised."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from aslms_feeds.definitions.positions import Positions
from aslms_feeds.definitions.reading import read_definitions
from aslms_feeds.definitions.times import find_event_span, find_session_span
from aslms_feeds.definitions.toml import parse_toml
from aslms_feeds.definitions.warnings import find_warnings
from seasons import contents, everything, folder

CALENDARS = folder(Path(__file__).parents[2] / "calendars")
SHARED = {path: data for path, data in CALENDARS.items() if path.count("/") < 2}
REAL = {**SHARED, **{path: data for path, data in CALENDARS.items() if path.startswith("aslms/2023-24/")}}
EVERYTHING = everything()
PATHS = sorted(
    path
    for path in contents()
    | {"trial/2030/news.toml": b"", "trial/2030/entries.toml": b"", "trial/2030/results.toml": b""}
)
TODAY = date(2030, 1, 1)


def sound(files: dict[str, bytes]) -> None:
    """Read definitions and check that what comes out is whole."""
    definitions = read_definitions(files, "calendars")
    for problem in definitions.problems:
        assert problem.message
        assert "\n" not in str(problem)
        name = problem.file.removeprefix("calendars/")
        if problem.line:
            lines = files[name].decode(errors="replace").replace("\r\n", "\n").split("\n")
            assert 1 <= problem.line <= len(lines)
            assert 1 <= problem.column <= len(lines[problem.line - 1]) + 2
    assert all(definitions.broken.values())
    assert not definitions.series.keys() & definitions.broken.keys()
    if definitions.problems == ():
        for series in definitions.series.values():
            for season in series.seasons:
                for event in season.season.events:
                    zone = definitions.series[series.id].circuits[event.circuit].timezone if event.circuit else "UTC"
                    find_event_span(event, zone)
                    for session in event.sessions:
                        find_session_span(session, event, zone, {})
    for warning in find_warnings(definitions, today=TODAY):
        assert ": warning: " in str(warning)


@given(st.sampled_from(PATHS), st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(path, data):
    """Any bytes in any file."""
    sound({**contents(), path: data})


@given(st.text(alphabet="[]{}\"'.=#\\,-_:+1aéT\n\t 0", max_size=60))
def test_any_punctuation_is_read_or_refused(text):
    """What is made of TOML's own characters is what tomllib says, but for times without seconds and our limits."""
    result = parse_toml(text.encode())
    Positions(text)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assert result.data is None or result.filled
    else:
        assert result.data is not None
    sound({**contents(), "trial/2030/season.toml": text.encode()})


@settings(max_examples=150)
@given(st.data())
def test_damaged_files_are_read_or_refused(data):
    """Real files with pieces cut out, doubled, swapped or replaced."""
    files = data.draw(st.sampled_from([REAL, EVERYTHING]))
    path = data.draw(st.sampled_from(sorted(files)))
    text = files[path].decode()
    for _edit in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 40)))
        piece = data.draw(
            st.one_of(
                st.sampled_from(
                    ["", text[start:end] * 2, '"', "\n", "[[event]]\n", "= ", "0", "9999", "nan", "true", "{}"]
                ),
                st.text(max_size=5),
            )
        )
        text = text[:start] + piece + text[end:]
    sound({**files, path: text.encode(errors="replace")})


VALUES = st.recursive(
    st.one_of(
        st.sampled_from(
            [
                "true",
                "nan",
                "-inf",
                "0",
                "1",
                "99",
                "1e400",
                "0x7fffffffffffffffffff",
                "2030-03-01",
                "2030-03-01T10:00:00",
            ]
        ),
        st.sampled_from(
            ["0001-01-01T00:00:00", "9999-12-31T23:59:59", "10:00:00", "2030-10-27T02:30:00", "2030-03-01T10:00"]
        ),
        st.sampled_from(
            ["race", "gt", "okayama", "paris", "race-1", "", "a b", "\\u0000", "https://example.org", "cancelled"]
        ).map(lambda text: f'"{text}"'),
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(
            st.sampled_from(["id", "name", "class", "warning", "why", "fr", "x y"]), inner, max_size=3
        ).map(lambda table: "{" + ", ".join(f'"{key}" = {value}' for key, value in table.items()) + "}")
    ),
    max_leaves=5,
)
KEYS = [
    "id",
    "name",
    "kind",
    "start",
    "end",
    "fold",
    "hours",
    "minutes",
    "round",
    "circuit",
    "classes",
    "first_day",
    "last_day",
]
KEYS += [
    "status",
    "session",
    "what",
    "from",
    "to",
    "formerly",
    "accept",
    "names",
    "sources",
    "number",
    "class",
    "team",
    "event",
]
KEYS += [
    "text",
    "title",
    "counts",
    "overall",
    "drivers",
    "timezone",
    "latitude",
    "continues",
    "colour",
    "short",
    "languages",
]
HEADERS = [
    "[[event]]",
    "[[event.session]]",
    "[[event.change]]",
    "[[change]]",
    "[[retired]]",
    "[[record]]",
    "[names]",
    "[event]",
]
HEADERS += [
    "[[list]]",
    "[[list.entry]]",
    "[[result]]",
    "[[result.winner]]",
    "[[champion]]",
    "[[news]]",
    "[[class]]",
    "[paris]",
]


@settings(max_examples=200)
@given(
    st.sampled_from(PATHS),
    st.lists(
        st.tuples(st.sampled_from(["", *HEADERS]), st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6)),
        max_size=5,
    ),
)
def test_any_table_is_read_or_refused(path, tables):
    """Our keys with any values, in any tables, in any file."""
    text = "\n".join(
        "\n".join([header, *(f"{key} = {value}" for key, value in table.items())]) for header, table in tables
    )
    sound({**contents(), path: text.encode()})


@given(
    st.dictionaries(
        st.text(alphabet="ab-./A éfr", max_size=12).map(lambda name: f"{name}.toml"), st.just(b"name = 'x'"), max_size=4
    )
)
def test_any_names_are_read_or_refused(files):
    """Files and folders of any names."""
    sound({**contents(), **files})
