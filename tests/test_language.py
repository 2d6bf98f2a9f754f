"""Languages: the texts to translate, and a made-up language in which every text of ours is marked.

``UPDATE_GOLDEN=1`` writes ``aslms_feeds.pot`` anew.
"""

import ast
import io
import json
import os
import re
from datetime import UTC, date, datetime
from pathlib import Path

import lxml.html
import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po
from icalendar import Calendar

from aslms_feeds import language
from seasons import LATER, NOW, contents, documents, published

PACKAGE = Path(language.__file__).parent
TEMPLATE = PACKAGE / "locale" / "aslms_feeds.pot"
HEADER = b"# The texts of aslms-feeds: locale/<tag>/LC_MESSAGES/aslms_feeds.po is all that a new language needs.\n\n"


def collected() -> Catalog:
    """Return every text of the package, as pybabel collects them."""
    with (PACKAGE / "locale" / "babel.cfg").open() as config:
        methods, options = parse_mapping_cfg(config)
    catalogue = Catalog(project="aslms-feeds", fuzzy=False)
    for file, _line, message, _comments, context in extract_from_dir(PACKAGE, methods, options):
        catalogue.add(message, locations=[(file, 1)], context=context)
    return catalogue


def test_the_template_is_fresh():
    """The .pot file holds every text of the code and the pages, sorted, without dates and line numbers."""
    written = io.BytesIO(HEADER)
    written.seek(0, io.SEEK_END)
    write_po(written, collected(), width=120, omit_header=True, sort_output=True, include_lineno=False)
    if os.environ.get("UPDATE_GOLDEN"):
        TEMPLATE.write_bytes(written.getvalue())
    assert TEMPLATE.read_bytes() == written.getvalue(), "UPDATE_GOLDEN=1 writes it anew"


def test_every_text_is_collected_with_its_values():
    """Texts of the code and of the templates, one with plural forms among them."""
    found = {message.id for message in collected() if message.id}
    assert "At the circuit: %(day)s, %(start)s (UTC%(offset)s)" in found
    assert ("%(season)s, round %(rounds)s", "%(season)s, rounds %(rounds)s") in found
    assert "The calendar is to be announced." in found
    assert len(found) > 200


def _calls(tree: ast.AST) -> list[ast.Call]:
    """Return the calls that look a text up."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = [getattr(call.func, "id", "") or getattr(call.func, "attr", "") for call in calls]
    return [call for call, name in zip(calls, names, strict=True) if name in ("_", "gettext", "ngettext")]


def test_every_text_can_be_collected():
    """It is written whole where it is looked up, and not inside an f-string, where collectors do not find it."""
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text())
        inside = [call for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for call in _calls(node)]
        built = [call for call in _calls(tree) if call.args and isinstance(call.args[0], ast.JoinedStr | ast.BinOp)]
        wrong += [f"{path.name}:{call.lineno}: {ast.unparse(call)}" for call in inside + built]
    assert wrong == []


# A language of our own

SERIES = """\
name = "Ασία"
short = "ΑΣ"
about = "Περί"

[[class]]
id = "proto"
name = "Πρώτο"
what = "Τι"

[[class]]
id = "gt"
name = "Δύο"

[[broadcast]]
name = "Οθόνη"
url = "https://example.org/tv"
territories = ["Αθήνα"]
"""
CIRCUITS = """\
[okayama]
name = "Πίστα"
city = "Πόλη"
country = "JP"
timezone = "Asia/Tokyo"
latitude = 34.5
longitude = 134.5
length_km = 3.7

[paris]
name = "Σταθμός"
country = "FR"
timezone = "Europe/Paris"
"""
SEASON = """\
name = "Χρονιά"
status = "confirmed"
announced = 2029-12-20
classes = ["proto", "gt"]
about = "Περί"
rules = ["Κανών"]

[[record]]
text = "Ρεκόρ"

[[event]]
id = "okayama"
name = "Ωκαγιάμα"
circuit = "okayama"
note = "Νότα"

  [[event.session]]
  id = "test"
  kind = "test"

  [[event.session]]
  id = "practice"
  kind = "practice"
  start = 2030-03-01

  [[event.session]]
  id = "qualifying-gt"
  kind = "qualifying"
  classes = ["gt"]
  start = 2030-03-02T10:00:00
  status = "provisional"

  [[event.session]]
  id = "other"
  kind = "other"
  start = 2030-03-02T11:00:00
  minutes = 20

  [[event.session]]
  id = "race"
  kind = "race"
  round = 1
  start = 2030-03-02T13:00:00
  hours = 14
  distance_km = 500

[[event]]
id = "paris"
name = "Παρίσι"
circuit = "paris"

  [[event.session]]
  id = "race"
  kind = "race"
  round = 2
  start = 2030-04-06T13:00:00

  [[event.session]]
  id = "qualifying"
  kind = "qualifying"
  start = 2030-04-05

  [[event.change]]
  id = "off"
  what = "postponed"
  to = 2030-06-01
  why = "Βροχή"

[[event]]
id = "vague"
name = "Κάπου"
when = "Ίσως"
"""
RESULTS = """\
[[champion]]
class = "gt"
team = "Ομάδα"
on = 2030-01-09
note = "Νότα"

[[invitation]]
race = "Λεμάν"
team = "Ομάδα"
"""
NEWS = """\
[[news]]
id = "news"
on = 2030-01-09
title = "Νέα"
text = "Κείμενο"
sources = ["https://example.org/"]
"""
ENTRIES = """\
[[list]]
id = "list"
on = 2030-01-09

  [[list.entry]]
  number = "7"
  class = "gt"
  team = "Ομάδα"
"""
PUBLISHER = """\
name = "Ημερολόγιο"
base_url = "https://calendar.example.org"
identity = "example.org"
tag_date = 2029-12-01
languages = ["en"]
"""
# What changes between the first and the second build: one of each is told in the feeds.
CHANGES = (
    ("2030-03-02T11:00:00", "2030-03-02T11:30:00"),
    ("start = 2030-03-02T13:00:00", "start = 2030-03-03T13:00:00"),
    ('  status = "provisional"\\n', ""),
    ('name = "Παρίσι"\\n', 'name = "Λονδίνο"\\nstatus = "postponed"\\n'),
    ('name = "Ωκαγιάμα"\\n', 'name = "Τόκιο"\\nclasses = ["gt"]\\n'),
)


def greek(*, changed: bool, languages: str) -> dict[str, bytes]:
    """Return a season whose own texts have no letter of the alphabet that ours are written in."""
    season = SEASON
    for old, new in CHANGES if changed else ():
        season = season.replace(old.replace("\\n", "\n"), new.replace("\\n", "\n"))
    publisher = PUBLISHER.replace('["en"]', languages)
    return contents(
        season, series=SERIES, circuits=CIRCUITS, publisher=publisher, results=RESULTS, news=NEWS, entries=ENTRIES
    )


@pytest.fixture(scope="module")
def bracketed(tmp_path_factory):
    """Make a Greek that says everything in brackets, and nothing but that."""
    catalogue = Catalog(locale="el")
    for message in collected():
        if message.id:
            translation = tuple(f"⟦{one}⟧" for one in message.id) if message.pluralizable else f"⟦{message.id}⟧"
            catalogue.add(message.id, translation, context=message.context)
    text = io.BytesIO()
    write_po(text, catalogue)
    root = tmp_path_factory.mktemp("locale")
    file = root / "el" / "LC_MESSAGES" / "aslms_feeds.po"
    file.parent.mkdir(parents=True)
    file.write_bytes(text.getvalue())
    before, language.LOCALES = language.LOCALES, root
    language.language.cache_clear()
    yield
    language.LOCALES = before
    language.language.cache_clear()


@pytest.fixture(scope="module")
def steps(bracketed):
    """Return what is published in English, then with the language added, then with everything changed."""
    store = published((greek(changed=False, languages='["en"]'), NOW))
    found = [documents(store, "trial")]
    for changed, now in ((False, LATER), (True, LATER.replace(day=2))):
        published((greek(changed=changed, languages='["en", "el"]'), now), store=store)
        found.append(documents(store, "trial"))
    return found


def ours(text: str) -> str:
    """Return what is left of a text without brackets and what is in them, addresses and names of standards."""
    before = None
    while before != text:
        before, text = text, re.sub(r"⟦[^⟦⟧]*⟧", "", text)
    text = re.sub(r"https?://\S+|\bUTC\b|\b[A-Z][a-z]+/[A-Z][a-z]+\b", "", text)
    return " ".join(re.findall(r"[A-Za-z][A-Za-z' ]*", text))


def test_no_english_is_left_in_calendars(steps):
    """Titles, texts, categories and alarms of a translated calendar, and what it says of itself."""
    for path, body in steps[-1].items():
        if not (path.startswith("el/") and path.endswith(".ics")):
            continue
        calendar = Calendar.from_ical(body)
        texts = [str(calendar[name]) for name in ("NAME", "X-WR-CALNAME", "DESCRIPTION", "X-WR-CALDESC")]
        for event in calendar.walk("VEVENT"):
            texts += [str(event[name]) for name in ("SUMMARY", "DESCRIPTION", "LOCATION")]
            texts += [str(name) for name in event["CATEGORIES"].cats]
            texts += [str(alarm["DESCRIPTION"]) for alarm in event.walk("VALARM")]
        assert any("⟦" in text for text in texts)
        assert [text for text in texts if ours(text)] == [], path


def test_no_english_is_left_in_feeds(steps):
    """Titles, texts and categories of every item, and of the feeds themselves."""
    told = 0
    for path, body in steps[-1].items():
        if not (path.startswith("el/") and path.endswith("feed.json")):
            continue
        feed = json.loads(body)
        texts = [feed["title"], feed["description"]]
        for item in feed["items"]:
            texts += [item["title"], item["content_text"].replace("example.org", ""), *item["tags"]]
            told += 1
        assert [text for text in texts if ours(text)] == [], path
    assert told > 10


def test_no_english_is_left_in_the_data(steps):
    """Names, titles and texts; ids and codes are for programs."""
    for path in ("el/series.json", "el/2030/season.json", "el/2030/changes.json"):
        texts: list[str] = []

        def visit(value: object, key: str, texts: list[str] = texts) -> None:
            if isinstance(value, dict):
                for name, inner in value.items():
                    visit(inner, name)
            elif isinstance(value, list):
                for inner in value:
                    visit(inner, key)
            elif isinstance(value, str) and key in {"name", "title", "text", "note", "why", "about", "selects_text"}:
                texts.append(value.replace("example.org", ""))

        visit(json.loads(steps[-1][path]), "")
        assert len(texts) > 5
        assert [text for text in texts if ours(text)] == [], path


NAMES = {
    # What things are called in every language.
    *("Apple", "Google", "Outlook", "Microsoft", "Thunderbird", "GNOME", "Proton", "Fastmail", "Nextcloud", "ICSx"),
    *(
        "Atom",
        "RSS",
        "JSON",
        "English",
        "OPML",
        "iCalendar",
        "com",
        "season",
        "changes",
        "json",
        "aslms",
        "feeds",
        "JP",
    ),
    *("Calendar", "Feed", "Office", "km", "QR", "example", "org", "ics", "xml"),
}


def test_no_english_is_left_on_pages(steps):
    """Whatever a reader sees or a screen reader says, but for names and addresses."""
    left: dict[str, str] = {}
    for path, body in steps[-1].items():
        if not (path.startswith("el/") and path.endswith(".html")):
            continue
        page = lxml.html.document_fromstring(body.decode())
        for element in page.xpath("//script | //style | //code | //*[@lang and @lang != 'el' and not(self::html)]"):
            element.drop_tree()
        texts = [str(text) for text in page.xpath("//text()")]
        texts += [str(text) for text in page.xpath("//@aria-label | //@title | //@alt | //@placeholder")]
        for found in texts:
            # A text that holds a link is cut at the link: its bracket closes behind it.
            text = f"{found}⟧" if found.count("⟦") > found.count("⟧") else found
            if words := set(re.findall(r"[A-Za-z]+", ours(text))) - NAMES:
                left[path] = f"{text.strip()!r}: {words}"
    assert left == {}


def stamps(body: bytes) -> dict[str, tuple]:
    """Return the stamps of every event by UID."""
    return {
        str(event["UID"]): (
            int(event["SEQUENCE"]),
            *(event[name].dt for name in ("CREATED", "LAST-MODIFIED", "DTSTAMP", "DTSTART", "DTEND")),
        )
        for event in Calendar.from_ical(body).walk("VEVENT")
    }


def test_events_are_the_same_in_every_language(steps):
    """One statement covers all languages: UIDs, SEQUENCE, stamps and times are equal in each pair of calendars."""
    last = steps[-1]
    pairs = [path for path in last if path.endswith(".ics") and not path.startswith("el/")]
    assert {f"el/{path}" for path in pairs} == {path for path in last if path.startswith("el/") and ".ics" in path}
    for path in pairs:
        assert stamps(last[path]) == stamps(last[f"el/{path}"]), path


def test_a_new_language_stamps_nothing(steps):
    """Nothing of what was published changes when a language is added, and its calendars have the stamps there were."""
    before, added, _changed = steps
    assert [path for path in before if path.endswith((".ics", ".xml")) and before[path] != added[path]] == []
    assert {when for _uid, row in stamps(added["el/trial-all.ics"]).items() for when in row[1:4]} == {NOW}


# Dates and numbers


def test_english_dates_have_the_day_first():
    """And clocks have 24 hours: the words a subscriber reads."""
    english = language.language("en")
    assert english.day(date(2023, 12, 2)) == "Saturday, 2 December 2023"
    assert english.short_day(date(2023, 12, 2)) == "2 Dec 2023"
    assert english.weekday(date(2023, 12, 2)) == "Sat 2 Dec"
    assert english.days(date(2023, 11, 30), date(2023, 12, 3)) == "30 Nov\N{THIN SPACE}–\N{THIN SPACE}3 Dec 2023"
    assert english.days(date(2023, 12, 2), date(2023, 12, 2)) == "2 December 2023"
    assert english.clock(datetime(2023, 12, 2, 14, 5, tzinfo=UTC)) == "14:05"
    assert english.stamp(datetime(2023, 12, 2, 14, 5, tzinfo=UTC)) == "2 Dec 2023 14:05 UTC"
    assert (english.country("MY"), english.country("XX")) == ("Malaysia", "XX")
    assert english.listing(["LMP2", "LMP3", "GT"]) == "LMP2, LMP3 and GT"
    assert (english.number(3.703), english.number(1000)) == ("3.703", "1,000")


def test_other_languages_have_their_own_marks():
    """Names, direction, dates and numbers are the language's, with or without a catalogue."""
    arabic, french = language.Language("ar", *_plain("ar")), language.Language("fr", *_plain("fr"))
    assert (arabic.direction, french.direction) == ("rtl", "ltr")
    assert (french.name, french.number(3.703), french.country("MY")) == ("français", "3,703", "Malaisie")
    assert french.day(date(2023, 12, 2)) == "samedi 2 décembre 2023"


def _plain(tag: str) -> tuple:
    found = language.language(tag)
    return found.translations, found.locale


def test_an_unknown_language_has_english_habits():
    """A tag that CLDR does not know is no error: the publication goes on."""
    assert language.language("qaa").day(date(2023, 12, 2)) == "Saturday, 2 December 2023"


def test_every_catalogue_keeps_the_values_of_its_texts():
    """A translation that names a value its text has not, or forgets one, would fail at a subscriber's calendar."""
    for path in sorted((PACKAGE / "locale").rglob("*.po")):
        for message in read_po(io.BytesIO(path.read_bytes()), abort_invalid=True):
            texts = message.id if isinstance(message.id, tuple) else (message.id,)
            translations = message.string if isinstance(message.string, tuple) else (message.string,)
            allowed = {name for text in texts for name in re.findall(r"%\((\w+)\)s", text)}
            for translation in filter(None, translations if message.id else ()):
                assert set(re.findall(r"%\((\w+)\)s", translation)) <= allowed, (path.parts[-3], message.id)
