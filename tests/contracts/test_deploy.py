"""What is in ``deploy/`` works as it stands: each file passes its own tool, each command runs, answers are the same."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import commands
import pytest
from contracts import servers
from contracts.raw_http import Connection, Response, ask, decoded, head
from contracts.servers import (
    CADDYFILE,
    DEPLOY,
    Reader,
    Running,
    caddy_home,
    free_port,
    needs,
    nginx_command,
    of_generation,
    replaced,
    set_times,
    stop,
    wait_for,
    web_root,
)
from contracts.services import PATIENCE
from contracts.store_on_disk import publish, switch, write_generation

from aslms_feeds.publication.manifest import read_manifest
from aslms_feeds.settings import PREFIX, Settings
from seasons import real_seasons

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPOSITORY = DEPLOY.parent
COMMAND = Path(sys.executable).with_name("aslms-feeds")
HOME, OUTPUT = "/srv/calendars", "/var/lib/aslms-feeds"
"""Where the files of ``deploy/`` say that the definitions and the program are, and the publication."""


def define(calendars: Path, languages: tuple[str, ...], seasons: tuple[str, ...]) -> None:
    """Write a folder of definitions with real seasons."""
    for path, data in real_seasons(languages, seasons).items():
        (calendars / path).parent.mkdir(parents=True, exist_ok=True)
        (calendars / path).write_bytes(data)


@pytest.fixture
def home(tmp_path) -> Path:
    """Make a folder of definitions with the program beside them, as the files of ``deploy/`` expect one."""
    folder = tmp_path / "srv"
    define(folder / "calendars", ("en",), ("2009",))
    (folder / ".venv").symlink_to(COMMAND.parents[1])
    return folder


def plain() -> dict[str, str]:
    """Return an environment without coverage, which would make every start and every build longer."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}


def run(command: list[str], folder: Path) -> str:
    """Run a command that has to succeed and return all it said."""
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=plain())
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout + process.stderr


def run_locally(command: str, home: Path, output: Path) -> str:
    """Return a command with the folders of this test."""
    return command.replace(HOME, str(home)).replace(OUTPUT, str(output))


# --- systemd --------------------------------------------------------------------------------------------------------

UNITS = {path.name: path for path in sorted((DEPLOY / "systemd").iterdir()) if path.suffix != ".conf"}
EXPOSURE = {"aslms-feeds.service": 3, "aslms-feeds-build.service": 3, "aslms-feeds-serve.service": 10}
"""The most each service may be exposed, of 100; serving needs the network."""


def unit(name: str, key: str) -> list[str]:
    """Return every value of a key of a unit, in order."""
    return re.findall(rf"(?m)^{key}=(.*)$", UNITS[name].read_text())


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path):
    """``systemd-analyze verify`` knows every key and value, and finds the program where it was installed."""
    for name, path in UNITS.items():
        (tmp_path / name).write_text(path.read_text().replace(f"{HOME}/.venv/bin/aslms-feeds", str(COMMAND)))
    files = [str(tmp_path / name) for name in UNITS]
    process = subprocess.run(
        [needs("systemd-analyze"), "verify", "--man=no", "--recursive-errors=no", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (process.returncode, process.stdout + process.stderr) == (0, "")


@pytest.mark.parametrize("name", EXPOSURE)
def test_the_services_can_do_little_else(name):
    """``systemd-analyze security`` finds at most that much exposure."""
    threshold = f"--threshold={EXPOSURE[name]}"
    command = [needs("systemd-analyze"), "security", "--offline=yes", "--no-pager", threshold, str(UNITS[name])]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout[-900:]


@pytest.mark.parametrize("name", ["aslms-feeds.service", "aslms-feeds-build.service"])
def test_the_network_can_be_opened_and_nothing_else(tmp_path, name):
    """The drop-in is one systemd reads, and leaves the rest of the sandbox as it is."""
    text = UNITS[name].read_text().replace(f"{HOME}/.venv/bin/aslms-feeds", str(COMMAND))
    (tmp_path / name).write_text(text)
    folder = tmp_path / f"{name}.d"
    folder.mkdir()
    (folder / "network.conf").write_text((DEPLOY / "systemd/network.conf").read_text())
    tool = needs("systemd-analyze")
    run([tool, "verify", "--man=no", "--recursive-errors=no", str(tmp_path / name)], tmp_path)
    # As one file: what stands later in a unit is what a drop-in says.
    opened = text.replace("\n[Install]", "\n" + (folder / "network.conf").read_text() + "\n[Install]")
    opened = opened if "[Install]" in opened else text + (folder / "network.conf").read_text()
    (tmp_path / name).write_text(opened)
    run([tool, "security", "--offline=yes", "--no-pager", "--threshold=15", str(tmp_path / name)], tmp_path)


def test_every_service_is_sandboxed_and_the_timer_has_its_service():
    """A service that is added cannot go without its limit."""
    assert set(EXPOSURE) == {name for name in UNITS if name.endswith(".service")}
    assert [name for name in UNITS if not name.endswith(".service")] == ["aslms-feeds-build.timer"]


def test_who_publishes_may_write_there_and_who_serves_may_not():
    """``StateDirectory`` makes OUTPUT, everybody may read it, and the server has neither that folder nor that user."""
    for name in ("aslms-feeds.service", "aslms-feeds-build.service"):
        assert unit(name, "StateDirectory") == [Path(OUTPUT).name]
        assert (unit(name, "User"), unit(name, "UMask")) == (["aslms-feeds"], ["0022"])
    serving = "aslms-feeds-serve.service"
    assert (unit(serving, "StateDirectory"), unit(serving, "User"), unit(serving, "DynamicUser")) == ([], [], ["yes"])


def test_what_the_services_start_publishes_and_serves(home, tmp_path):
    """The very commands of the units: one build, a watcher that publishes an edit, a server that answers."""
    output, port = tmp_path / "output", free_port()
    commands = {name: shlex.split(run_locally(unit(name, "ExecStart")[0], home, output)) for name in EXPOSURE}
    run(commands["aslms-feeds-build.service"], home)
    generation = (output / "series" / "aslms" / "current").readlink()
    serving = commands["aslms-feeds-serve.service"]
    serving[serving.index("--port") + 1] = str(port)
    running = servers.begin(serving, port, tmp_path / "serve.log")
    watching = subprocess.Popen(
        [*commands["aslms-feeds.service"], "--settle", "0"],
        cwd=home,
        env=plain(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert ask(running.address, "/aslms/").status == 200
        series = home / "calendars" / "aslms" / "series.toml"
        series.write_text(re.sub(r'(?m)^name *= *"', 'name = "The ', series.read_text(), count=1))
        wait_for(
            lambda: (output / "series" / "aslms" / "current").readlink() != generation, PATIENCE, "the publication"
        )
        wait_for(lambda: b"The Asian Le Mans Series" in ask(running.address, "/aslms/").body, PATIENCE, "the switch")
    finally:
        watching.terminate()
        stop(running)
        ended = watching.wait(PATIENCE)
    assert ended in {0, -signal.SIGTERM}, "systemd takes these for a clean end"


# --- cron -----------------------------------------------------------------------------------------------------------

CRON = DEPLOY / "cron" / "aslms-feeds"


def test_the_crontab_is_one_cron_reads():
    """Its name has no dot, every line is a comment, a setting or a schedule with a user, and nothing holds a ``%``."""
    text = CRON.read_text()
    assert re.fullmatch(r"[A-Za-z0-9_-]+", CRON.name), "cron passes over other names in /etc/cron.d"
    assert text.endswith("\n"), "cron passes over a last line without an end"
    schedule = re.compile(r"(?:(?:\*|[0-9]+)(?:/[0-9]+)? ){5}aslms-feeds \S.*")
    for line in text.splitlines():
        assert line.startswith("#") or re.fullmatch(r"[A-Z]+=\S+", line) or schedule.fullmatch(line), line
        assert "%" not in line, "cron makes a new line of it"


def test_what_cron_starts_publishes_and_then_has_nothing_to_say(home, tmp_path):
    """The very command, as ``sh`` runs it: news once, then silence."""
    output = tmp_path / "output"
    (line,) = [line for line in CRON.read_text().splitlines() if line.startswith("*")]
    command = replaced(run_locally(line.split(" ", 6)[6], home, output), (" | logger -t aslms-feeds", ""))
    first, second = (run(["/bin/sh", "-c", command], tmp_path) for _ in range(2))
    assert (output / "site" / "aslms" / "aslms-all.ics").exists()
    assert "aslms" in first
    assert second == ""


# --- Containers -----------------------------------------------------------------------------------------------------


class Step(NamedTuple):
    """One instruction of a Containerfile."""

    word: str
    arguments: str


def stages() -> list[list[Step]]:
    """Return the instructions of the Containerfile, stage by stage."""
    text = re.sub(r"(?m)^#.*\n", "", (DEPLOY / "container" / "Containerfile").read_text())
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    steps = [Step(*line.split(" ", 1)) for line in lines if line]
    starts = [number for number, step in enumerate(steps) if step.word == "FROM"]
    return [steps[start:stop] for start, stop in zip(starts, [*starts[1:], None], strict=True)]


def test_the_image_holds_the_program_alone_and_runs_as_nobody():
    """Tools stay in the first stage; the second has no shell command after ``USER``, which is a number, not root."""
    build, image = stages()
    assert build[0].arguments.partition(" ")[0] == image[0].arguments, "what was compiled runs where it was compiled"
    assert re.search(r":3\.[0-9]+-slim-[a-z]+$", image[0].arguments)
    assert not any("pip" in step.arguments for step in image)
    (user,) = [step.arguments for step in image if step.word == "USER"]
    assert re.fullmatch(r"[1-9][0-9]{3,}:[1-9][0-9]{3,}", user)
    assert [step.word for step in image[image.index(Step("USER", user)) + 1 :]] == ["EXPOSE", "ENTRYPOINT", "CMD"]
    (command,) = [step.arguments for step in image if step.word == "RUN"]
    owner, group = user.split(":")
    assert command == f"install --directory --owner={owner} --group={group} /publication"


def test_the_image_is_made_of_pinned_versions_and_of_files_there_are():
    """Both installations are held to ``requirements.lock``, and what is copied is in the repository."""
    build, image = stages()
    installs = [step.arguments for step in build if step.word == "RUN" and "uv pip install" in step.arguments]
    assert ["constraints requirements.lock" in install for install in installs] == [True, True]
    copied = [path for step in build if step.word == "COPY" for path in step.arguments.split()[:-1]]
    assert [path for path in copied if not (REPOSITORY / path).exists()] == []
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert {project["readme"], project["license"]["file"], "pyproject.toml", "requirements.lock", "src"} == set(copied)
    (environment,) = [step.arguments for step in image if step.word == "ENV"]
    names = re.findall(rf"{PREFIX}([A-Z_]+)=", environment)
    assert names
    assert {name.lower() for name in names} <= set(Settings._fields)
    assert Step("ENTRYPOINT", f'["{next(iter(project["scripts"]))}"]') in image


def test_the_services_of_the_compose_file_share_a_publication():
    """One writes the volume and has no network, the others read it; nobody can write anything else."""
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed: pip install pyyaml")
    folder = DEPLOY / "container"
    whole = yaml.safe_load((folder / "compose.yaml").read_text())
    services = whole["services"]
    assert set(services) == {"watch", "serve", "nginx"}
    for service in services.values():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        for source, _, *_ in (volume.split(":") for volume in service["volumes"]):
            assert source in whole["volumes"] or (folder / source).exists(), source
    writers = [
        name for name, service in services.items() if not all(volume.endswith(":ro") for volume in service["volumes"])
    ]
    assert writers == ["watch"]
    assert services["watch"]["network_mode"] == "none"
    assert "publication:/publication" in services["watch"]["volumes"]
    assert "publication:/publication:ro" in services["serve"]["volumes"]
    assert f"publication:{OUTPUT}:ro" in services["nginx"]["volumes"]
    assert {name: service.get("profiles") for name, service in services.items()} == {
        "watch": None,
        "serve": ["serve"],
        "nginx": ["nginx"],
    }
    for name in ("watch", "serve"):
        assert services[name]["command"] == [name]
        build = services[name]["build"]
        assert (folder / build["context"]).resolve() == REPOSITORY
        assert (REPOSITORY / build["dockerfile"]).exists()


# --- nginx and Caddy ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("brotli", [False, True])
def test_nginx_accepts_its_file(tmp_path, brotli):
    """``nginx -t``, with the module for Brotli and without it: no warning."""
    command = nginx_command(tmp_path, tmp_path, free_port(), brotli=brotli)
    process = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    assert not re.search(r"\[(?:warn|emerg|error)\]", process.stderr)


def test_caddy_accepts_its_file(tmp_path):
    """``caddy validate``, and ``caddy fmt`` would write it the same."""
    environment = {**os.environ, **caddy_home(tmp_path)}
    options = {"capture_output": True, "text": True, "env": environment}
    command = [needs("caddy"), "validate", "--config", str(CADDYFILE), "--adapter", "caddyfile"]
    process = subprocess.run(command, check=False, **options)
    assert process.returncode == 0, process.stderr
    assert '"level":"warn"' not in process.stderr
    formatted = subprocess.run([needs("caddy"), "fmt", str(CADDYFILE)], check=False, **options)
    assert formatted.stdout == CADDYFILE.read_text()


WEB_SERVERS: dict[str, Callable[[Path, Path], Running]] = {
    "nginx": servers.nginx,
    "nginx without Brotli": lambda output, folder: servers.nginx(output, folder, brotli=False),
    "caddy": servers.caddy,
}


@pytest.fixture(scope="module")
def publication(tmp_path_factory) -> Path:
    """Publish real seasons in two languages; one of them is not over."""
    output, calendars = tmp_path_factory.mktemp("real"), tmp_path_factory.mktemp("calendars")
    define(calendars, ("en", "fr"), ("2023-24", "2026-27"))
    process = commands.run(output, "build", "--calendars", str(calendars), "--output", str(output))
    assert process.status == 0, process.errors
    return output


@pytest.fixture(scope="module")
def embedded(publication, tmp_path_factory) -> Iterator[Running]:
    """Start the embedded server with the real seasons."""
    running = servers.serve(publication, tmp_path_factory.mktemp("serve") / "server.log")
    yield running
    stop(running)


@pytest.fixture(scope="module", params=WEB_SERVERS)
def web_server(request, publication, tmp_path_factory) -> Iterator[tuple[str, Running]]:
    """Start every other server with the real seasons, in turn."""
    running = WEB_SERVERS[request.param](publication, tmp_path_factory.mktemp("other"))
    yield request.param, running
    stop(running)


def headers_of(answer: Response) -> dict[str, str]:
    """Return the headers that do not depend on the program that answers; JSON has no charset, said or not."""
    own_headers = {"accept-ranges", "connection", "content-length", "date", "etag", "server", "transfer-encoding"}
    headers = {name.lower(): value for name, value in answer.headers if name.lower() not in own_headers}
    if headers.get("content-type") == "application/json; charset=utf-8":
        headers["content-type"] = "application/json"
    return headers


def addresses(publication: Path) -> list[str]:
    """Return the address of every document."""
    targets = []
    for root, site in (("/", publication / "site"), ("/aslms/", publication / "site" / "aslms")):
        listed = read_manifest((site / "manifest.json").read_bytes()).documents
        targets += [root + path.removesuffix("index.html") for path in listed] + [f"{root}manifest.json"]
    return targets


def test_every_document_is_answered_as_the_embedded_server_does(publication, embedded, web_server):
    """Content, coding and every header that says something about the document, in each coding; and 304 to its tag."""
    name, running = web_server
    targets = addresses(publication)
    assert len(targets) > 100
    with Connection(*embedded.address) as ours, Connection(*running.address) as theirs:
        for target in targets:
            for coding in ("identity", "gzip", *(["br"] if name != "nginx without Brotli" else [])):
                for connection in (ours, theirs):
                    connection.send(head(target, f"Accept-Encoding: {coding}"))
                expected, got = ours.receive(), theirs.receive()
                assert (got.status, got.body) == (200, expected.body), target
                expected_headers, headers = headers_of(expected), headers_of(got)
                if name == "caddy":  # It goes by the ending of the name, whether there is a twin or not.
                    headers = {key: value for key, value in headers.items() if key != "vary" or key in expected_headers}
                assert headers == expected_headers, (target, coding)
                theirs.send(head(target, f"Accept-Encoding: {coding}", f"If-None-Match: {got.get('etag')}"))
                assert theirs.receive().status == 304, target


@pytest.mark.parametrize(
    ("target", "method"),
    [("/aslms", "GET"), ("/nothing.ics", "GET"), ("/nothing/", "GET"), ("/aslms/", "POST"), ("/aslms/", "OPTIONS")],
)
def test_what_is_no_document_is_answered_as_the_embedded_server_does(embedded, web_server, target, method):
    """Redirects, 404, 405 and preflights: the same status and all of its headers; a redirect's text is its own."""
    expected, got = (ask(running.address, target, method=method) for running in (embedded, web_server[1]))
    assert got.status == expected.status
    headers = {key: value for key, value in headers_of(expected).items() if (got.status, key) != (308, "content-type")}
    assert {key: value for key, value in headers_of(got).items() if key in headers} == headers


def test_an_old_reader_gets_gzip_from_nginx_without_brotli(publication, tmp_path):
    """As it is shipped the file needs no module that Debian's nginx is without."""
    running = servers.nginx(publication, tmp_path, brotli=False)
    try:
        answer = ask(running.address, "/aslms/aslms-all.ics", "Accept-Encoding: gzip, deflate, br")
        assert answer.get("content-encoding") == "gzip"
        assert decoded(answer) == (publication / "site" / "aslms" / "aslms-all.ics").read_bytes()
    finally:
        stop(running)


LAST = 30
"""The last generation."""


@pytest.mark.parametrize("name", ["nginx", "caddy"])
def test_a_switch_shows_at_once_and_nobody_reads_a_mixture(tmp_path, name):
    """Four clients read through many publications: every answer is whole, and the next request sees the new one."""
    output = tmp_path / "publication"
    publish(output, "index", 1, {"robots.txt": b"User-agent: *\nAllow: /\n"})
    publish_both(output, 1)
    web_root(output)
    running = WEB_SERVERS[name](output, tmp_path)
    finished = threading.Event()
    readers = [Reader(running.address, finished) for _ in range(4)]
    tags = {}
    try:
        for reader in readers:
            reader.start()
        for generation in range(1, LAST + 1):
            if generation > 1:
                publish_both(output, generation)
            tags |= tags_of(running, generation)
            everybody = lambda last=generation: all(reader.generations_seen[-1:] == [last] for reader in readers)  # noqa: E731
            wait_for(everybody, 10, f"that every client reads generation {generation}")
    finally:
        finished.set()
        for reader in readers:
            reader.join(10)
        stop(running)
    assert [reader.problems for reader in readers] == [[]] * 4
    assert len(tags) == 3 * LAST, "no entity tag is used twice"
    for reader in readers:
        assert reader.generations_seen == sorted(reader.generations_seen)
        # Caddy asks for the time before it opens the file. A tag older than its content makes the next answer a whole
        # one; a tag newer than its content would keep a client from the change.
        newest = {tags[read.target, read.coding, read.tag] - read.generation for read in reader.reads}
        assert newest <= ({0} if name == "nginx" else {0, -1})


def publish_both(output: Path, generation: int) -> None:
    """Publish a generation whose documents changed a second after those of the one before, as a store has it."""
    content = of_generation(generation)
    folder = write_generation(output, "aslms", generation, {"a.ics": content, "b.bin": content})
    changed = datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=generation)
    set_times(folder, modified=changed, published=changed)
    switch(output, "aslms", generation)


def tags_of(running: Running, generation: int) -> dict[tuple[str, str, str], int]:
    """Return the entity tags that a generation has while nothing is switched; it is there at once."""
    tags = {}
    for target, coding in (("a.ics", "gzip"), ("b.bin", "identity"), ("a.ics", "br")):
        answer = ask(running.address, f"/aslms/{target}", f"Accept-Encoding: {coding}")
        assert decoded(answer) == of_generation(generation)
        tags[target, coding, answer.get("etag") or ""] = generation
    return tags


# --- The guide ------------------------------------------------------------------------------------------------------


def test_the_guide_leads_to_every_file():
    """An operator who chooses from ``deploy/README.md`` finds each file there is."""
    guide = (DEPLOY / "README.md").read_text()
    files = [path for path in DEPLOY.rglob("*") if path.is_file() and path.name != "README.md"]
    linked = {(DEPLOY / target).resolve() for target in re.findall(r"\]\(([^)#:]+)\)", guide)}
    assert [path for path in files if path not in linked and path.parent not in linked] == []
    assert [path for path in linked if not path.exists()] == []
