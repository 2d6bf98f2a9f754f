"""How long it takes from an edit that has stood, and from an instant that has come, to the publication.

``python tests/benchmarks/service.py`` runs the service on the real seasons, edits them and sets embargoes; the goal is
two seconds for both. Nothing of this is asserted: machines differ, and so do the minutes of one.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[2]
EDITS, INSTANTS = 8, 4
SETTLE = 1.0
SEASON = "aslms/2023-24/season.toml"
EVENT = '\n[[event]]\nid = "secret-{number}"\nname = "Secret {number}"\nfirst_day = 2024-03-0{number}\nembargo = {at}\n'


def switch(output: Path, public: str) -> tuple[str, float]:
    """Wait until another generation of the series is public; return it, and when that was seen."""
    link = output / "series/aslms/current"
    while True:
        try:
            target = os.readlink(link)  # noqa: PTH115 - plain text, and often
        except FileNotFoundError:
            target = public
        if target != public:
            return target, time.time()
        time.sleep(0.005)


def main() -> None:
    """Measure and print a table."""
    with tempfile.TemporaryDirectory(dir=ROOT) as name:
        calendars, output = Path(name) / "calendars", Path(name) / "publication"
        shutil.copytree(ROOT / "calendars", calendars)
        season = calendars / SEASON
        text = season.read_text()
        command = [sys.executable, "-m", "aslms_feeds", "watch", "--settle", str(SETTLE)]
        command += ["--calendars", str(calendars), "--output", str(output)]
        rows: dict[str, list[float]] = {"edit that has stood": [], "instant that has come": []}
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as service:
            try:
                public, _when = switch(output, "")
                time.sleep(5)
                for number in range(EDITS):
                    edited = time.time()
                    season.write_text(text.replace("2023-12-02T14:00:00", f"2023-12-02T14:0{number + 1}:00"))
                    public, switched = switch(output, public)
                    rows["edit that has stood"].append(switched - edited - SETTLE)
                    time.sleep(3)
                for number in range(1, INSTANTS + 1):
                    due = (datetime.now(UTC) + timedelta(seconds=25)).replace(microsecond=0)
                    at = f"{due:%Y-%m-%dT%H:%M:%SZ}"
                    with season.open("a") as file:
                        file.write(EVENT.format(number=number, at=at))
                    public, switched = switch(output, public)
                    while switched < due.timestamp():  # the edit itself may be public first
                        public, switched = switch(output, public)
                    rows["instant that has come"].append(switched - due.timestamp())
                    time.sleep(3)
            finally:
                service.terminate()
    print(f"{'from':24}{'median s':>10}{'longest s':>11}{'times':>7}")
    for label, seconds in rows.items():
        print(f"{label:24}{statistics.median(seconds):10.2f}{max(seconds):11.2f}{len(seconds):7}")


if __name__ == "__main__":
    main()
