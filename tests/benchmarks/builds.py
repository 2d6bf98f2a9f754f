"""How long builds of the real seasons take, as ratios to what is measured in the same run.

``make bench`` runs it. Seconds differ from machine to machine and from minute to minute; compare the ratios.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNS = 5


def timed(*command: str, runs: int = RUNS, before=lambda: None) -> float:
    """Return the median seconds of a command, ``before`` each run something else, which is not counted."""
    seconds = []
    for _run in range(runs):
        before()
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def synced_write(source: Path, target: Path) -> float:
    """Return the seconds it takes to write the files of a publication, each synced, as it must be."""
    bodies = [(path.relative_to(source), path.read_bytes()) for path in sorted(source.rglob("*")) if path.is_file()]
    start = time.perf_counter()
    for path, body in bodies:
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
    return time.perf_counter() - start


def main() -> None:
    """Measure and print a table."""
    with tempfile.TemporaryDirectory(dir=ROOT) as name:
        folder = Path(name)
        calendars, output = folder / "calendars", folder / "publication"
        shutil.copytree(ROOT / "calendars", calendars)
        season = calendars / "aslms/2023-24/season.toml"
        text = season.read_text()
        times = iter(f"2023-12-02T{hour:02d}:{minute:02d}:00" for hour in (14, 15) for minute in range(5, 60, 5))
        command = [
            str(Path(sys.executable).with_name("aslms-feeds")),
            "build",
            "--calendars",
            str(calendars),
            "--output",
            str(output),
        ]
        as_of = ["--now", "2023-11-01T00:00:00Z"]

        def moved() -> None:
            season.write_text(text.replace("2023-12-02T14:00:00", next(times)))

        rows = [("python -c pass", timed(sys.executable, "-c", "pass", runs=15))]
        rows.append(("cold build", timed(*command, *as_of, before=lambda: shutil.rmtree(output, ignore_errors=True))))
        rows.append(("one session moved", timed(*command, *as_of, before=moved)))
        timed(*command, runs=1)
        rows.append(("nothing changed", timed(*command, runs=15)))
        current = output / "series/aslms/current"
        site = current.resolve() / "site"
        writes = [synced_write(site, folder / f"write-{run}") for run in range(3)]
        rows.append(("synced write of the same files", statistics.median(writes)))
        files = [path for path in site.rglob("*") if path.is_file()]
        seconds = dict(rows)
        print(f"{len(files)} files, {sum(path.stat().st_size for path in files):,} bytes, twins included\n")
        for label, value in rows:
            print(f"{label:32} {value * 1000:9.1f} ms")
        write = seconds["synced write of the same files"]
        print(f"\nnothing changed / python -c pass {seconds['nothing changed'] / seconds['python -c pass']:9.2f}")
        print(f"cold build / synced write        {seconds['cold build'] / write:9.2f}")
        print(f"one session moved / synced write {seconds['one session moved'] / write:9.2f}")


if __name__ == "__main__":
    main()
