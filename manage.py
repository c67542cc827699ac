#!/usr/bin/env python
"""Django's commands. The embedded servers are used if they are up, else started for the command's duration."""

from __future__ import annotations

import os
import sys

NEED_NO_SERVER = {"", "help", "--help", "-h", "version", "--version", "startapp", "makemessages", "compilemessages"}
NEED_NO_SERVER |= {"simulate", "bench"}  # one talks to a running server, the other starts its own


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blinkit.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed here: run `make setup`, then .venv/bin/python manage.py ...")
    from blinkit import embedded

    if (sys.argv[1] if len(sys.argv) > 1 else "") in NEED_NO_SERVER:
        execute_from_command_line(sys.argv)
        return
    try:
        servers = embedded.ensure()
    except embedded.EmbeddedError as error:
        sys.exit(str(error))
    with servers:
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
