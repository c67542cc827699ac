"""python -m blinkit.embedded up|down|status [--profile run|test]: the embedded servers by hand."""

from __future__ import annotations

import argparse
import sys

from blinkit import embedded
from blinkit.embedded.places import PROFILES


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m blinkit.embedded", description=__doc__)
    parser.add_argument("action", choices=["up", "down", "status"])
    parser.add_argument("--profile", choices=PROFILES, default=embedded.current_profile())
    options = parser.parse_args()
    try:
        if options.action == "up":
            embedded.up(options.profile)
        elif options.action == "down":
            embedded.down(options.profile)
    except embedded.EmbeddedError as error:
        print(error, file=sys.stderr)
        return 1
    found = embedded.status(options.profile)
    for name, pid in found.items():
        print(f"{name:10} {'up, process ' + str(pid) if pid else 'down'}")
    print(f"sockets    {embedded.places(options.profile).sockets}")
    return 0 if options.action != "status" or all(found.values()) else 3


if __name__ == "__main__":
    sys.exit(main())
