#!/bin/sh
# Once per release, before any part starts: the newest tables and, when DEMO_MODE is on, the demo city.
set -eu
exec python -m blinkit.run.prepare
