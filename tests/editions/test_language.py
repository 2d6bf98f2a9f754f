"""Languages: the texts to translate, and a made-up language in which every text of ours is marked.

``UPDATE_GOLDEN=1`` writes ``aslms_feeds.pot`` anew.
"""

import ast
import io
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import lxml.html
import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po
from icalendar import Calendar

import aslms_feeds
from aslms_feeds.editions import language
from seasons import LATER, NOW, contents, documents, everything, everything_at_first, published

PACKAGE = Path(aslms_feeds.__file__).parent
TEMPLATE = PACKAGE / "editions" / "locale" / "aslms_feeds.pot"
HEADER = b"# The texts of aslms-feeds: locale/<tag>/LC_MESSAGES/aslms_feeds.po is all that a new language needs.\n\n"


def collected() -> Catalog:
    """Return every text of the package, as pybabel collects them."""
    with (PACKAGE / "editions" / "locale" / "babel.cfg").open() as config:
        methods, options = parse_mapping_cfg(config)
    catalogue = Catalog(project="aslms-feeds", fuzzy=False)
    messages = extract_from_dir(PACKAGE, methods, options, comment_tags=("Translators:",), strip_comment_tags=True)
    for file, _line, message, comments, context in sorted(messages, key=lambda one: (one[0], one[1])):
        catalogue.add(message, locations=[(file, 1)], auto_comments=comments, context=context)
    return catalogue


@pytest.mark.slow
def test_the_template_is_fresh():
    """The .pot file holds every text of the code and the pages, sorted, without dates and line numbers."""
    written = io.BytesIO(HEADER)
    written.seek(0, io.SEEK_END)
    write_po(written, collected(), width=120, omit_header=True, sort_output=True, include_lineno=False)
    if os.environ.get("UPDATE_GOLDEN"):
        TEMPLATE.write_bytes(written.getvalue())
    assert TEMPLATE.read_bytes() == written.getvalue(), "UPDATE_GOLDEN=1 writes it anew"


@pytest.mark.slow
def test_every_text_is_collected_with_its_values():
    """Texts of the code and of the templates, one with plural forms among them."""
    messages_by_id = {message.id for message in collected() if message.id}
    assert "At the circuit: %(day)s, %(start)s (UTC%(offset)s)" in messages_by_id
    assert ("%(season)s, round %(rounds)s", "%(season)s, rounds %(rounds)s") in messages_by_id
    assert "The calendar is to be announced." in messages_by_id
    assert len(messages_by_id) > 200


def _calls(tree: ast.AST) -> list[ast.Call]:
    """Return the calls that look a text up."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = [getattr(call.func, "id", "") or getattr(call.func, "attr", "") for call in calls]
    return [call for call, name in zip(calls, names, strict=True) if name in ("_", "gettext", "ngettext")]


@pytest.mark.slow
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


GREEK = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "αβγδεφγηιθκλμνοπκρστυβωξυζΑΒΓΔΕΦΓΗΙΘΚΛΜΝΟΠΚΡΣΤΥΒΩΞΥΖ"
)
TEXTS = {
    # The keys of definitions whose values people read.
    *("name", "names", "title", "titles", "text", "texts", "note", "notes", "why", "whys", "about", "abouts", "short"),
    *("organiser", "city", "team", "car", "drivers", "territories", "joint_with", "rules", "origin", "when", "race"),
    *("circuit_name",),
}


def _letters(text: str) -> str:
    return text if "://" in text else text.translate(GREEK)


def transliterated(value: object, key: str = "", kind: str = "") -> object:
    """Return a table of definitions with every text of its own in Greek letters; ids, addresses and codes stay."""
    match value:
        case dict():
            inner = {name: transliterated(entry, key if key in TEXTS else name, key) for name, entry in value.items()}
            if inner.get("what") in ("renamed", "organiser-changed"):
                inner |= {name: inner[name].translate(GREEK) for name in ("from", "to") if name in inner}
            return inner
        case list() if key != "names":  # in a list these are the names of calendars, which are ids
            return [transliterated(entry, key, kind) for entry in value]
        case str() if key in TEXTS or (key == "what" and kind == "class"):
            return re.sub(r"https?://[^\s)]+|[A-Za-z]+", lambda one: _letters(one[0]), value)
        case _:
            return value


def toml(value: object) -> str:
    """Return a value as TOML has it, on one line."""
    match value:
        case dict():
            return "{" + ", ".join(f"{json.dumps(name)} = {toml(entry)}" for name, entry in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
        case bool():
            return str(value).lower()
        case date():
            return value.isoformat()
        case str():
            # Strings of TOML are those of JSON, but for one character.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case _:
            return str(value)


def all_greek(files: dict[str, bytes], languages: str) -> dict[str, bytes]:
    """Return a calendars folder with every text of its own in Greek letters."""
    found = {}
    for path, text in files.items():
        table = transliterated(tomllib.loads(text.decode()))
        if path == "publisher.toml":
            table["languages"] = json.loads(languages)
        found[path] = "".join(f"{json.dumps(name)} = {toml(entry)}\n" for name, entry in table.items()).encode()
    return found


@pytest.fixture(scope="module")
def bracketed(tmp_path_factory):
    """Make a Greek that says everything in brackets, and nothing but that."""
    catalogue = Catalog(locale="el")
    for message in collected():
        if message.id:
            translation = tuple(f"⟦{form}⟧" for form in message.id) if message.pluralizable else f"⟦{message.id}⟧"
            catalogue.add(message.id, translation, context=message.context)
    text = io.BytesIO()
    write_po(text, catalogue)
    root = tmp_path_factory.mktemp("locale")
    file = root / "el" / "LC_MESSAGES" / "aslms_feeds.po"
    file.parent.mkdir(parents=True)
    file.write_bytes(text.getvalue())
    return root


@contextmanager
def spoken(root: Path) -> Iterator[None]:
    """Have the catalogues of a folder used instead of those that are shipped."""
    before, language.LOCALES = language.LOCALES, root
    language.load_language.cache_clear()
    try:
        yield
    finally:
        language.LOCALES = before
        language.load_language.cache_clear()


@pytest.fixture(scope="module")
def steps(bracketed):
    """Return what is published in English, then with the language added, then with everything changed."""
    with spoken(bracketed):
        store = published((greek(changed=False, languages='["en"]'), NOW))
        documents_by_path = [documents(store, "trial")]
        for changed, now in ((False, LATER), (True, LATER.replace(day=2))):
            published((greek(changed=changed, languages='["en", "el"]'), now), store=store)
            documents_by_path.append(documents(store, "trial"))
    return documents_by_path


@pytest.fixture(scope="module")
def translated(bracketed, steps):
    """Return what a small season and one with everything publish in the language, by path."""
    languages = '["en", "el"]'
    with spoken(bracketed):
        store = published(
            (all_greek(everything_at_first(), languages), NOW), (all_greek(everything(), languages), LATER)
        )
    found = {f"trial/{path}": body for path, body in steps[-1].items()}
    found |= {f"cup/{path}": body for path, body in documents(store, "cup").items()}
    found |= {path: body for path, body in documents(store, "index").items() if path.startswith("el/")}
    return {path: body for path, body in found.items() if "el" in path.split("/")[:2]}


def ours(text: str) -> str:
    """Return what is left of a text without brackets and what is in them, addresses and names of standards."""
    text = re.sub(r"\bUTC\b|\b[A-Z][a-z]+/[A-Z][a-z]+\b", "", without_ours(text))
    return " ".join(re.findall(r"[A-Za-z][A-Za-z' ]*", text))


def without_ours(text: str) -> str:
    """Return what is left of a text without brackets, what is in them, and addresses."""
    before = None
    while before != text:
        before, text = text, re.sub(r"⟦[^⟦⟧]*⟧", "", text)
    return re.sub(r"https?://\S+", "", text)


@pytest.mark.slow
def test_no_english_is_left_in_calendars(translated):
    """Titles, texts, categories and alarms of a translated calendar, and what it says of itself."""
    for path, body in translated.items():
        if not path.endswith(".ics"):
            continue
        calendar = Calendar.from_ical(body)
        texts = [str(calendar[name]) for name in ("NAME", "X-WR-CALNAME", "DESCRIPTION", "X-WR-CALDESC")]
        for event in calendar.walk("VEVENT"):
            texts += [str(event[name]) for name in ("SUMMARY", "DESCRIPTION", "LOCATION") if name in event]
            texts += [str(name) for name in event["CATEGORIES"].cats]
            texts += [str(alarm["DESCRIPTION"]) for alarm in event.walk("VALARM")]
        assert any("⟦" in text for text in texts)
        assert [text for text in texts if ours(text)] == [], path


@pytest.mark.slow
def test_no_english_is_left_in_feeds(translated):
    """Titles, texts and categories of every item, and of the feeds themselves."""
    count = 0
    for path, body in translated.items():
        if not path.endswith("feed.json"):
            continue
        feed = json.loads(body)
        texts = [feed["title"], feed["description"]]
        for item in feed["items"]:
            texts += [item["title"], re.sub(r"[\w.]*example\.org", "", item["content_text"]), *item["tags"]]
            count += 1
        assert [text for text in texts if ours(text)] == [], path
    assert count > 40


def test_no_english_is_left_in_the_data(translated):
    """Names, titles and texts; ids and codes are for programs."""
    files = ("series.json", "2030/season.json", "2030/changes.json")
    for path in (f"{series}/el/{file}" for series in ("trial", "cup") for file in files):
        texts: list[str] = []

        def visit(value: object, key: str, texts: list[str] = texts) -> None:
            if isinstance(value, dict):
                for name, inner in value.items():
                    visit(inner, name)
            elif isinstance(value, list):
                for inner in value:
                    visit(inner, key)
            elif isinstance(value, str) and key in {"name", "title", "text", "note", "why", "about", "selects_text"}:
                texts.append(re.sub(r"[\w.]*example\.org", "", value))

        visit(json.loads(translated[path]), "")
        assert len(texts) > 5
        assert [text for text in texts if ours(text)] == [], path


def test_nothing_is_joined_outside_a_text(translated):
    """Commas, colons, dashes and brackets between texts belong to the language: no piece stands beside a message."""
    joined, count_seen = [], 0
    for path, body in translated.items():
        texts = []
        if path.startswith("trial/el/") and path.endswith(".ics"):
            for event in Calendar.from_ical(body).walk("VEVENT"):
                texts += [str(event[name]) for name in ("SUMMARY", "DESCRIPTION", "LOCATION") if name in event]
        if path.startswith("trial/el/") and path.endswith("feed.json"):
            for item in json.loads(body)["items"]:
                texts += [item["title"], item["content_text"]]
        for line in "\n".join(texts).splitlines():
            count_seen += 1
            if re.search(r"[,:;–(] |\w\.$", without_ours(line).removeprefix("- ")):
                joined.append(f"{path}: {line}")
    assert count_seen > 100
    assert joined == []


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


META = ("description", "og:title", "og:description", "og:site_name")
"""What the head of a page tells search engines and those who share it."""


def test_no_english_is_left_on_pages(translated):
    """Whatever a reader sees or a screen reader says, but for names and addresses."""
    left: dict[str, list[str]] = {}
    for path, body in translated.items():
        if not path.endswith(".html"):
            continue
        page = lxml.html.document_fromstring(body.decode())
        for element in page.xpath("//script | //style | //code | //*[@lang and @lang != 'el' and not(self::html)]"):
            element.drop_tree()
        texts = [str(text) for text in page.xpath("//text()")]
        texts += [str(text) for text in page.xpath("//@aria-label | //@title | //@alt | //@placeholder | //@data-name")]
        texts += [
            str(text) for name in META for text in page.xpath(f"//meta[@name='{name}' or @property='{name}']/@content")
        ]
        for found in texts:
            # A text that holds a link is cut at the link: its bracket closes behind it.
            text = re.sub(r"\S*example\.org\S*", "", found)
            text = f"{text}⟧" if text.count("⟦") > text.count("⟧") else text
            if words := set(re.findall(r"[A-Za-z]+", ours(text))) - NAMES:
                left.setdefault(path, []).append(f"{text.strip()!r}: {words}")
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
    english = language.load_language("en")
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


FORMS = {
    # A day, the same short, with its weekday, alone with others of its month and beyond it, and a list.
    "fr": (
        "samedi 2 décembre 2023",
        "2 déc. 2023",
        "sam. 2 déc.",
        "2–3 déc. 2023",
        "30 nov.\N{THIN SPACE}–\N{THIN SPACE}3 déc. 2023",
        "A, B et C",
    ),
    "ja": (
        "2023年12月2日土曜日",
        "2023年12月2日",
        "12月2日(土)",
        "2023年12月2日～3日",
        "2023年11月30日～12月3日",
        "A、B、C",
    ),
    "ko": (
        "2023년 12월 2일 토요일",
        "2023년 12월 2일",
        "12월 2일 (토)",
        "2023년 12월 2일~3일",
        "2023년 11월 30일 ~ 12월 3일",
        "A, B 및 C",
    ),
    "zh-Hans": (
        "2023年12月2日星期六",
        "2023年12月2日",
        "12月2日周六",
        "2023年12月2日至3日",
        "2023年11月30日至12月3日",
        "A、B和C",
    ),
    "ms": (
        "Sabtu, 2 Disember 2023",
        "2 Dis 2023",
        "Sab, 2 Dis",
        "2–3 Dis 2023",
        "30 Nov\N{THIN SPACE}–\N{THIN SPACE}3 Dis 2023",
        "A, B dan C",
    ),
    "th": (
        "วันเสาร์ที่ 2 ธันวาคม 2023",
        "2 ธ.ค. 2023",
        "ส. 2 ธ.ค.",
        "2–3 ธันวาคม 2023",
        "30 พฤศจิกายน\N{THIN SPACE}–\N{THIN SPACE}3 ธันวาคม 2023",
        "A, B และ C",
    ),
    "ar": (
        "السبت، 2 ديسمبر 2023",
        "2 ديسمبر 2023",
        "السبت، 2 ديسمبر",
        "2–3 ديسمبر 2023",
        "30 نوفمبر – 3 ديسمبر 2023",
        "A وB وC",
    ),
}


def forms(one: language.Language) -> tuple[str, ...]:
    """Return every form of a date, and a list."""
    second, third = date(2023, 12, 2), date(2023, 12, 3)
    days = [one.days(first, third) for first in (second, date(2023, 11, 30))]
    return (one.day(second), one.short_day(second), one.weekday(second), *days, one.listing(["A", "B", "C"]))


@pytest.mark.parametrize("tag", FORMS)
def test_dates_are_the_languages_own(tag):
    """The month as a word or by its character, the year of the Christian era in Thai too, digits that all can read."""
    spoken = language.load_language(tag)
    assert forms(spoken) == FORMS[tag]
    assert spoken.day(date(2023, 12, 2)).count("2023") == 1


@pytest.mark.parametrize("tag", ["en", *FORMS])
def test_clocks_have_24_hours_in_every_language(tag):
    """As timetables have them, with two digits each, so that columns stand under each other."""
    spoken = language.load_language(tag)
    clocks = [spoken.clock(datetime(2023, 12, 2, hour, 5, tzinfo=UTC)) for hour in (0, 9, 14)]
    assert clocks == ["00:05", "09:05", "14:05"]
    assert spoken.stamp(datetime(2023, 12, 2, 9, 5, tzinfo=UTC)).endswith("09:05 UTC")


@pytest.mark.slow
def test_a_date_is_the_same_whichever_language_was_asked_before():
    """Babel keeps one month for all languages where CLDR has an alias; no form of ours comes from there."""
    ask = (
        "import sys, datetime; from aslms_feeds.editions import language as l; d = datetime.date(2023, 12, 2); "
        "e = datetime.date(2024, 1, 3); print({t: (o.day(d), o.short_day(d), o.weekday(d), o.month(d), o.days(d, e), "
        "o.days(d, d), o.country('MY'), o.number(3.5), o.listing('AB')) for t in sys.argv[1:] "
        "if (o := l.load_language(t))})"
    )
    tags = ["en", *FORMS]
    answers = [
        ast.literal_eval(
            subprocess.run([sys.executable, "-c", ask, *order], capture_output=True, check=True).stdout.decode()
        )
        for order in (tags, tags[::-1])
    ]
    assert answers[0] == answers[1]
    assert answers[0]["en"][3] == "Dec"
    assert len({answer[3] for answer in answers[0].values()}) == 7  # only Japanese and Chinese have one in common


def test_the_first_of_a_month_is_ordinal_in_french():
    """And in French alone, and no other number that ends in one."""
    french, first = language.load_language("fr"), date(2030, 6, 1)
    assert (french.day(first), french.short_day(first)) == ("samedi 1er juin 2030", "1er juin 2030")
    assert french.days(first, date(2030, 6, 11)) == "1er–11 juin 2030"
    assert french.day(date(2031, 6, 21)) == "samedi 21 juin 2031"
    assert language.load_language("ms").short_day(first) == "1 Jun 2030"


def test_languages_are_called_as_they_call_themselves():
    """In a list of languages: with a capital, and Chinese by its script."""
    assert [language.load_language(tag).name for tag in ["en", *FORMS]] == [
        *("English", "Français", "日本語", "한국어", "简体中文", "Bahasa Melayu", "ไทย", "العربية")
    ]


def test_other_languages_have_their_own_marks():
    """Direction, numbers and countries are the language's."""
    arabic, french = language.load_language("ar"), language.load_language("fr")
    assert (arabic.direction, french.direction) == ("rtl", "ltr")
    assert (french.number(3.703), french.country("MY")) == ("3,703", "Malaisie")
    assert (arabic.number(1000.5), language.load_language("th").number(7)) == ("1,000.5", "7")


@pytest.mark.parametrize(
    ("tag", "names", "place", "told"),
    [
        ("en", "A, B, C", "Sepang, Malaysia", "One. Two."),
        ("ja", "A、B、C", "Sepang、Malaysia", "One.Two."),
        ("zh-Hans", "A、B、C", "Sepang，Malaysia", "One.Two."),
        ("ar", "A، B، C", "Sepang، Malaysia", "One. Two."),
        ("th", "A, B, C", "Sepang, Malaysia", "One. Two."),
    ],
)
def test_texts_are_joined_as_the_language_does(tag, names, place, told):
    """Names, the parts of a place and sentences each in their way; what is empty leaves no mark."""
    spoken = language.load_language(tag)
    assert (spoken.commas(["A", "", "B", "C"]), spoken.parts(["", "Sepang", "Malaysia"])) == (names, place)
    assert (spoken.sentences(["One.", "Two."]), spoken.sentences(["One.", ""]), spoken.commas([])) == (told, "One.", "")


def test_an_unknown_language_has_english_habits():
    """A tag that CLDR does not know is no error: the publication goes on."""
    assert language.load_language("qaa").day(date(2023, 12, 2)) == "Saturday, 2 December 2023"


# Catalogues

SHIPPED = sorted(path.parts[-3] for path in (PACKAGE / "editions" / "locale").rglob("*.po"))
VALUES = re.compile(r"%\((\w+)\)s")


def catalogue_of(tag: str) -> Catalog:
    """Return a catalogue as it is shipped."""
    path = PACKAGE / "editions" / "locale" / tag / "LC_MESSAGES" / "aslms_feeds.po"
    return read_po(io.BytesIO(path.read_bytes()), abort_invalid=True)


@pytest.fixture(scope="module")
def messages():
    """Return every text of the package by what it is looked up under."""
    return [message for message in collected() if message.id]


@pytest.mark.slow
@pytest.mark.parametrize("tag", SHIPPED)
def test_every_catalogue_has_every_text(tag, messages):
    """Whole, nothing doubtful, nothing that is said no more: what is missing would be English among the language."""
    shipped = catalogue_of(tag)
    expected = {message.id for message in messages}
    messages_by_id = {message.id: message for message in shipped if message.id}
    assert sorted(map(str, expected - messages_by_id.keys())) == []
    assert sorted(map(str, messages_by_id.keys() - expected)) == []
    assert [message.id for message in messages_by_id.values() if message.fuzzy] == []
    for one in messages_by_id.values():
        forms = one.string if isinstance(one.string, tuple) else (one.string,)
        assert all(form and form.strip() for form in forms), one.id
        assert len(forms) == (shipped.num_plurals if one.pluralizable else 1), one.id


@pytest.mark.slow
@pytest.mark.parametrize("tag", SHIPPED)
def test_every_catalogue_keeps_the_values_of_its_texts(tag, messages):
    """A translation that names a value its text has not would fail; one that forgets a value would not say it."""
    shipped = catalogue_of(tag)
    for message in messages:
        one = shipped.get(message.id if isinstance(message.id, str) else message.id[0], message.context)
        if one is None:
            continue
        if not message.pluralizable:
            assert set(VALUES.findall(one.string)) == set(VALUES.findall(message.id)), message.id
            continue
        allowed = {name for text in message.id for name in VALUES.findall(text)}
        for form in one.string:
            # One, two and none may be words instead of a number.
            assert allowed - {"n"} <= set(VALUES.findall(form)) <= allowed, message.id
    # Per cent signs of other kinds would be values too.
    texts = [
        form
        for message in shipped
        if message.id
        for form in (message.string if message.pluralizable else (message.string,))
    ]
    assert [text for text in texts if "%" in VALUES.sub("", text)] == []


@pytest.mark.slow
@pytest.mark.parametrize("tag", SHIPPED)
def test_every_catalogue_counts_as_its_language_does(tag):
    """Numbers that CLDR puts in one category have one form, and those of different categories different ones."""
    shipped, cldr = language.load_language(tag).translations, Locale.parse(tag, sep="-").plural_form
    form = {}
    for number in range(1000):
        index = shipped.plural(number)
        assert form.setdefault(cldr(number), index) == index, number
        assert index < catalogue_of(tag).num_plurals if number < 7 else True
    assert len(set(form.values())) == len(form) == catalogue_of(tag).num_plurals


def test_templates_hold_no_words_of_their_own():
    """Whatever stands between tags, or in an attribute that is read, comes from a text that can be translated."""
    left = []
    for path in sorted((PACKAGE / "render" / "pages" / "templates").glob("*.html")):
        text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", path.read_text(), flags=re.DOTALL)
        text = re.sub(r"<(script|style)\b.*?</\1>", " ", text, flags=re.DOTALL)
        read = re.findall(r'(?:aria-label|title|alt|placeholder|data-label|data-name)="([^"<>]*)"', text)
        visible_text = re.sub(r"<[^<>]*>", " ", text)
        words = set(re.findall(r"[A-Za-z]+", visible_text)) | {
            word for text in read for word in re.findall(r"[A-Za-z]+", text)
        }
        left += [f"{path.name}: {word}" for word in sorted(words - NAMES)]
    assert left == []
