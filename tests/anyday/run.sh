#!/bin/sh
# run.sh WORKERS [ARGUMENT ...]: every test on four other days: eight days from now, on a leap day, after the last second of 32 bits, and from a minute
# before the end of a year. No outcome may depend on the day. DAYS="2028-02-29T00:00" chooses; needs cc.
#
# The clock is moved by libfaketime: Debian's fails in what CPython 3.11 sleeps with, so it is built from the Python package that carries its source.
set -eu
cd "$(dirname "$0")/../.."
workers=$1
shift
python=.venv/bin/python
clock=$PWD/$(echo .venv/lib/python3*/site-packages)/libfaketime/vendor/libfaketime/src/libfaketime.so.1
test -e "$clock" || {
  echo "Building libfaketime …"
  $python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r tests/anyday/requirements.lock \
    >.venv/pip.txt 2>&1 || { cat .venv/pip.txt; exit 1; }
}
cc -O2 -shared -fPIC -o .venv/file_clock.so tests/anyday/file_clock.c -ldl
TMPDIR=$(sh tests/scratch.sh)
export TMPDIR

status=0
for day in ${DAYS:-"$($python -c "import datetime as d; print(d.datetime.now(d.UTC).date() + d.timedelta(8))")" \
  2028-02-29T00:00 2038-01-20T00:00 "$(date -u +%Y)-12-31T23:59"}; do
  echo "— $day"
  seconds=$($python -c "
import datetime, sys, time
print(int(datetime.datetime.fromisoformat(sys.argv[1]).replace(tzinfo=datetime.UTC).timestamp() - time.time()))" "$day")
  # The clock that measures how long something takes stays as it is.
  env FAKETIME="+${seconds}s" FAKETIME_DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1 LD_PRELOAD="$PWD/.venv/file_clock.so $clock" \
    "$python" -m pytest -n "$workers" --dist loadfile --no-loadscope-reorder "$@" || status=$?
done
exit "$status"
