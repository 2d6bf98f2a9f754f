"""Starts what can serve a publication: ``aslms-feeds serve``, and nginx and Caddy with the files of ``deploy/``.

Each runs in the foreground on a free port of 127.0.0.1 with folders of its own, and is ended by its id.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from contracts.raw_http import Connection, Response, ask, decoded, head

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

DEPLOY = Path(__file__).parents[2] / "deploy"
SITE = "/var/lib/aslms-feeds/site"
"""Where the files of ``deploy/`` say that the web root is."""
PACKAGES = {
    "nginx": "nginx-light libnginx-mod-http-brotli-static",
    "caddy": "caddy",
    "systemd-analyze": "systemd",
}
"""The Debian packages that hold the tools."""


@dataclass(frozen=True)
class Running:
    """A server that runs."""

    address: tuple[str, int]
    process: subprocess.Popen[bytes]
    stderr: Path

    def lines(self) -> list[str]:
        """Return the lines it wrote to stderr."""
        return self.stderr.read_text().splitlines()


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(true: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait until something is true and return how long that took."""
    start = time.monotonic()
    while not true():
        assert time.monotonic() - start < seconds, f"{what} did not happen within {seconds} s"
        time.sleep(0.01)
    return time.monotonic() - start


def answers(address: tuple[str, int]) -> bool:
    """Say whether a server answers at all; those of ``deploy/`` publish no health."""
    try:
        return ask(address, "/healthz").status in {200, 404, 503}
    except OSError:
        return False


def needs(tool: str) -> str:
    """Return the path of a tool, or skip the test where it is not installed."""
    path = shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        pytest.skip(f"{tool} is not installed: apt-get install {PACKAGES[tool]}")
    return path


def begin(command: list[str], port: int, stderr: Path, environment: Mapping[str, str] | None = None) -> Running:
    """Start a server and wait until it answers."""
    with stderr.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env={**os.environ, **(environment or {})})
    running = Running(("127.0.0.1", port), process, stderr)
    try:
        wait_for(lambda: answers(running.address) or process.poll() is not None, 10, "the start")
        assert process.poll() is None, running.lines()
    except BaseException:
        process.kill()
        raise
    return running


def stop(running: Running, number: int = signal.SIGTERM) -> float:
    """End a server and return how long that took."""
    began = time.monotonic()
    running.process.send_signal(number)
    try:
        running.process.wait(10)
    finally:
        running.process.kill()
    return time.monotonic() - began


def serve(output: Path, stderr: Path, files: tuple[int, int] | None = None) -> Running:
    """Start the embedded server as the command does, with limits for open files if given."""
    code = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, {files}); " if files else ""
    code += "import sys; from pathlib import Path; from aslms_feeds.serve.server import run_server; "
    code += "run_server(Path(sys.argv[1]), host='127.0.0.1', port=int(sys.argv[2]))"
    port = free_port()
    return begin([sys.executable, "-c", code, str(output), str(port)], port, stderr)


def web_root(output: Path) -> None:
    """Give a publication what a store makes for other servers: ``site`` and the links in it."""
    index = output / "index" / "current" / "site"
    for series in (output / "series").iterdir():
        (index / series.name).symlink_to(Path("../../../../series") / series.name / "current" / "site")
    (output / "site").symlink_to(Path("index") / "current" / "site")


def set_times(folder: Path, *, modified: datetime, published: datetime) -> None:
    """Give the files of a generation the times that a store gives them: when their content last changed."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            seconds = (published if path.name.startswith("manifest.json") else modified).timestamp()
            os.utime(path, (seconds, seconds))


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    """Return ``text`` with what an operator sets: each of ``pairs`` is there once and is replaced."""
    for old, new in pairs:
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    return text


# --- nginx ----------------------------------------------------------------------------------------------------------

NGINX_FILE = DEPLOY / "nginx" / "aslms-feeds.conf"
_NGINX = """
{modules}
{user}
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ }}
http {{
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    # As in Debian's own nginx.conf: the file must hold its own against them.
    sendfile on;
    gzip on;
    types {{ text/wrong html ics json; }}
    include {site};
}}
"""


def brotli_module() -> Path:
    """Return nginx's module for Brotli twins, or skip the test where it is not installed."""
    version = subprocess.run([needs("nginx"), "-V"], capture_output=True, text=True, check=True).stderr
    modules_path = re.search(r"--modules-path=(\S+)", version)
    module = Path(modules_path[1] if modules_path else "/usr/lib/nginx/modules") / "ngx_http_brotli_static_module.so"
    if not module.exists():
        pytest.skip(f"{module.name} is not installed: apt-get install {PACKAGES['nginx']}")
    return module


def nginx_command(folder: Path, output: Path, port: int, *, brotli: bool) -> list[str]:
    """Write a whole configuration around the file of ``deploy/`` and return the command that runs it."""
    site = replaced(
        NGINX_FILE.read_text(),
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("    listen [::]:80;\n", ""),
        (SITE, str(output / "site")),
        *([("#brotli_static on;", "brotli_static on;")] if brotli else []),
    )
    (folder / "site.conf").write_text(site)
    modules = f"load_module {brotli_module()};" if brotli else ""
    user = "user root;" if os.geteuid() == 0 else ""
    whole = _NGINX.format(folder=folder, site=folder / "site.conf", modules=modules, user=user)
    (folder / "nginx.conf").write_text(whole)
    return [needs("nginx"), "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def nginx(output: Path, folder: Path, *, brotli: bool = True) -> Running:
    """Start nginx with the file of ``deploy/``."""
    port = free_port()
    return begin(nginx_command(folder, output, port, brotli=brotli), port, folder / "nginx.log")


# --- Caddy ----------------------------------------------------------------------------------------------------------

CADDYFILE = DEPLOY / "caddy" / "Caddyfile"


def caddy_home(folder: Path) -> dict[str, str]:
    """Return the environment in which Caddy keeps its own files in ``folder``."""
    return {"HOME": str(folder), "XDG_DATA_HOME": str(folder / "data"), "XDG_CONFIG_HOME": str(folder / "config")}


def caddy(output: Path, folder: Path) -> Running:
    """Start Caddy with the file of ``deploy/``."""
    port = free_port()
    text = replaced(
        CADDYFILE.read_text(),
        ("\n{\n\tservers {", "\n{\n\tadmin off\n\tauto_https off\n\tservers {"),
        ("\ncalendar.example.org {", f"\nhttp://:{port} {{\n\tbind 127.0.0.1"),
        (SITE, str(output / "site")),
    )
    (folder / "Caddyfile").write_text(text)
    command = [needs("caddy"), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    return begin(command, port, folder / "caddy.log", caddy_home(folder))


# --- Readers during a switch ----------------------------------------------------------------------------------------


def of_generation(generation: int) -> bytes:
    """Return a document that shows its generation on every line, and has its own length."""
    return b"generation %04d\n" % generation * (2000 + generation * 37)


class Read(NamedTuple):
    """What one answer was of."""

    generation: int
    target: str
    coding: str
    tag: str


class Reader(threading.Thread):
    """A client that reads until it is told to stop, and notes every answer that is not of one generation."""

    def __init__(self, address: tuple[str, int], finished: threading.Event) -> None:
        """Be ready to read."""
        super().__init__()
        self.address, self.finished = address, finished
        self.reads: list[Read] = []
        self.problems: list[str] = []

    @property
    def generations_seen(self) -> list[int]:
        """The generations that were read, in order."""
        return [read.generation for read in self.reads]

    def run(self) -> None:
        """Read in three codings over one connection."""
        try:
            with Connection(*self.address) as connection:
                while not self.finished.is_set():
                    for target, coding in (("a.ics", "gzip"), ("b.bin", "identity"), ("a.ics", "br")):
                        connection.send(head(f"/aslms/{target}", f"Accept-Encoding: {coding}"))
                        self.judge(connection.receive(), target, coding)
        except Exception as error:  # noqa: BLE001 - the test reports it
            self.problems.append(repr(error))

    def judge(self, answer: Response, target: str, coding: str) -> None:
        """Compare the content with its generation."""
        body = decoded(answer)
        self.reads.append(Read(int(body[11:15]), target, coding, answer.get("etag") or ""))
        if body != of_generation(self.reads[-1].generation):
            self.problems.append(f"torn: {answer.headers}")
