#!/bin/sh
# Installs the feed and calendar readers and the HTML checker the tests use, exactly as package-lock.json pins them,
# into this folder.
set -eu
cd "$(dirname "$0")"

if ! command -v npm >/dev/null 2>&1 && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing nodejs and npm from Debian …"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm; } \
    >/dev/null 2>&1 || true
fi
if ! command -v npm >/dev/null 2>&1; then
  echo "tests/clients/install.sh: npm is missing: install Node.js 18 or newer with npm, then run this again" >&2
  exit 69
fi
# No package's own script runs: the checker's would fetch a Java runtime, and Debian's is there.
npm ci --ignore-scripts --no-audit --no-fund --silent || {
  echo "tests/clients/install.sh: npm ci failed: run 'npm ci --ignore-scripts' in tests/clients to see why" >&2
  exit 74
}
