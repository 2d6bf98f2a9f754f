"""The schemas and the organiser's guide: fresh, complete, and true of the real files."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tomllib
from datetime import date, datetime
from pathlib import Path

import jsonschema
import pytest

from aslms_feeds.cli.arguments import parser
from aslms_feeds.definitions.model import FILES
from aslms_feeds.definitions.reading import read_definitions
from aslms_feeds.definitions.schema import make_schemas, renew_reference
from aslms_feeds.definitions.series import Circuit
from aslms_feeds.definitions.values import Warned
from aslms_feeds.definitions.warnings import find_warnings
from aslms_feeds.settings import Settings

CALENDARS = Path(__file__).parents[1] / "calendars"
README = (CALENDARS / "README.md").read_text(encoding="utf-8")
REAL = sorted(CALENDARS.rglob("*.toml"))

formats = jsonschema.FormatChecker(formats=())


@formats.checks("date", raises=ValueError)
def is_day(value: object) -> bool:
    """Say whether a text is a day, as TOML writes it."""
    return not isinstance(value, str) or bool(date.fromisoformat(value))


@formats.checks("partial-date-time", raises=ValueError)
def is_time(value: object) -> bool:
    """Say whether a text is a time without an offset, as TOML writes it."""
    return not isinstance(value, str) or (len(value) > 10 and datetime.fromisoformat(value).tzinfo is None)


def written(value):
    """Return a TOML table as JSON: days and times as TOML writes them."""
    match value:
        case dict():
            return {key: written(inner) for key, inner in value.items()}
        case list():
            return [written(inner) for inner in value]
        case date():
            return value.isoformat()
        case _:
            return value


def faults(kind: str, text: str) -> list[str]:
    """Return what a schema finds wrong in a TOML text."""
    validator = jsonschema.Draft202012Validator(json.loads(make_schemas()[f"{kind}.json"]), format_checker=formats)
    return [error.json_path for error in validator.iter_errors(written(tomllib.loads(text)))]


def guide() -> dict[str, bytes]:
    """Return the calendars folder that the guide's examples make."""
    blocks = re.findall(r"^( *)```toml\n\1# (\S+\.toml)\n(.*?)^\1```$", README, re.DOTALL | re.MULTILINE)
    return {path: text.encode() for _indent, path, text in blocks}


def test_the_schemas_are_fresh():
    """What `aslms-feeds schema` would write is what lies in calendars/schema."""
    assert {path.name: path.read_bytes() for path in (CALENDARS / "schema").iterdir()} == make_schemas()


def test_the_reference_is_fresh():
    """What `aslms-feeds schema` would write into the guide is there."""
    assert renew_reference(README) == README


@pytest.mark.slow
def test_schemas_do_not_depend_on_the_hash_seed():
    """Another process writes the same bytes."""
    code = "from aslms_feeds.definitions.schema import *; print(ascii(make_schemas()), ascii(write_reference()))"
    command = [sys.executable, "-c", code]
    runs = {
        subprocess.run(command, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


@pytest.mark.parametrize("path", REAL, ids=lambda path: str(path.relative_to(CALENDARS)))
def test_the_schemas_accept_the_real_files(path):
    """Every file of calendars/ is valid, its days and times written as in TOML."""
    assert faults(path.stem, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", REAL, ids=lambda path: str(path.relative_to(CALENDARS)))
def test_a_schema_line_leads_to_its_schema(path):
    """The first line of a file, where it names a schema, names the one of its kind."""
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    assert first.startswith("#:schema ")
    assert (path.parent / first.removeprefix("#:schema ")).resolve() == CALENDARS / "schema" / f"{path.stem}.json"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('nmae = "x"\nname = "x"', ["$"]),
        ("announced = 2030-01-01", ["$"]),
        ('name = "x"\nstatus = "maybe"', ["$.status"]),
        ('name = "x"\nannounced = "soon"', ["$.announced"]),
        ('name = "x"\n[[event]]\nid = "A"\nname = "x"', ["$.event[0].id"]),
        (
            'name = "x"\n[[event]]\nid = "a"\nname = "x"\n[[event.session]]\nid = "a"\nkind = "race"\nstart = 10:00:00',
            ["$.event[0].session[0].start"],
        ),
    ],
)
def test_the_schemas_refuse_what_is_wrong(text, where):
    """An unknown or missing key, a word that is no status, an id that is none, a day in words, a time alone."""
    text = text.replace("10:00:00", '"10:00:00"')
    assert faults("season", text) == where


def test_every_key_is_in_the_reference():
    """No key of any model is missing, and each has its sentence."""
    rows = re.findall(r"^\| `(\w+)`(?: \*\*required\*\*)? \| (.+) \| (.*) \|$", renew_reference(README), re.MULTILINE)
    keys = {info.alias or name for model in [*FILES.values(), Circuit] for name, info in model.model_fields.items()}
    assert keys <= {key for key, _value, _text in rows}
    assert [key for key, _value, text in rows if not text.endswith((".", ")", ":", "`"))] == []


def test_every_warning_is_in_the_guide():
    """The guide explains each warning by its name."""
    assert {code.value for code in Warned} == set(re.findall(r"^\| `([a-z-]+)` \| ", README, re.MULTILINE)) & {
        code.value for code in Warned
    }


def test_the_guides_example_is_right():
    """Its files make a series without a problem or a warning."""
    files = guide()
    assert sorted(files) == [
        "circuits.toml",
        "mycup/2030/entries.toml",
        "mycup/2030/news.toml",
        "mycup/2030/results.toml",
        "mycup/2030/season.toml",
        "mycup/series.toml",
        "publisher.toml",
    ]
    definitions = read_definitions(files, "calendars")
    assert (definitions.problems, list(definitions.series)) == ((), ["mycup"])
    assert find_warnings(definitions, today=date(2030, 1, 1)) == ()


def test_the_guides_other_examples_fit_into_it():
    """A change, a tombstone, an accepted warning and a bundle, as the guide writes them, are right in its files."""
    files = guide()
    season = files["mycup/2030/season.toml"].decode()
    change, retired = (
        re.search(rf"^ *\[\[{name}\]\]\n(?:(?! *```).*\n)*", README, re.MULTILINE).group()
        for name in (r"event\.change", "retired")
    )
    accept = re.search(r"^accept = .*\n", README, re.MULTILINE).group()
    late = season.replace("03T13:00:00", "03T23:30:00")
    files["mycup/2030/season.toml"] = f"{accept}{late}{change}{retired}".encode()
    bundle = re.search(r"^\[\[bundle\]\].*\n(?:(?!```).*\n)*", README, re.MULTILINE).group()
    files["publisher.toml"] += bundle.replace(', "othercup"', "").encode()
    definitions = read_definitions(files, "c")
    assert definitions.publisher.bundles[0].series == ("mycup",)
    assert definitions.problems == ()
    assert find_warnings(definitions, today=date(2030, 1, 1)) == ()


def test_every_command_and_setting_is_documented():
    """The README names each command, and each variable of the environment."""
    readme = (CALENDARS.parent / "README.md").read_text(encoding="utf-8")
    commands = next(action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)).choices
    assert [name for name in commands if not re.search(rf"^\| .*`{name}`", readme, re.MULTILINE)] == []
    assert [name for name in Settings._fields if f"`ASLMS_FEEDS_{name.upper()}`" not in readme] == []


def test_every_room_has_its_row():
    """The architecture names each room of the package and each module at its root, and no other."""
    table = (CALENDARS.parent / "src/aslms_feeds/README.md").read_text(encoding="utf-8").split("## The words")[0]
    rows = "\n".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| "))
    named = set(re.findall(r"`([a-z_/]+)`", rows))
    package = CALENDARS.parent / "src/aslms_feeds"
    rooms = {f"{path.parent.relative_to(package).as_posix()}/" for path in package.rglob("__init__.py")} - {"./"}
    modules = {path.stem for path in package.glob("*.py") if not path.stem.startswith("__")}
    assert named == rooms | modules


def test_every_module_that_the_architecture_names_is_there():
    """No path in the architecture or in the guides leads nowhere."""
    package = CALENDARS.parent / "src/aslms_feeds"
    text = (package / "README.md").read_text(encoding="utf-8")
    rooms = {path.name for path in package.iterdir() if path.is_dir()}
    paths = {path for path in re.findall(r"`([a-z_]+(?:/[a-z_]+)+(?:\.py)?)`", text) if path.partition("/")[0] in rooms}
    missing = {
        path
        for path in paths
        if not (package / f"{path.removesuffix('.py')}.py").exists() and not (package / path).is_dir()
    }
    assert missing == set()
