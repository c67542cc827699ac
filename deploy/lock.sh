#!/bin/sh
# Writes requirements.txt (what runs) and requirements-dev.txt (that, plus tests and checks), with hashes, for every
# supported Python and platform. The versions already locked are kept unless UPGRADE=1.
set -eu
cd "$(dirname "$0")/.."
flags="--universal --python-version 3.11 --generate-hashes --no-header --quiet ${UPGRADE:+--upgrade}"
.venv/bin/uv pip compile $flags pyproject.toml -o requirements.txt
.venv/bin/uv pip compile $flags --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt
