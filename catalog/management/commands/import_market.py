"""`manage.py import_market FILE --platform SLUG --city SLUG`: what others charge, from a CSV or JSON file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any, TextIO, cast
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from blinkit.kernel.commands import report
from blinkit.kernel.errors import Refusal
from catalog.importing.market import read
from catalog.importing.rows import NotThisFormat
from catalog.market import Platform
from catalog.models import City
from catalog.services import market

MOST_BYTES = 50 * 1024**2
SHOWN = 20


class Command(BaseCommand):
    help = (
        "Prices of another platform from a CSV or JSON file (docs/market.md). Again with the same file changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--platform", required=True, help="slug of the platform")
        parser.add_argument("--city", required=True, help="slug of the city; times without a zone are on its clock")
        parser.add_argument("--source", default="", help="who says so (the name of the file unless given)")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.ending = ""
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"{path} is not a file.")
        if path.stat().st_size > MOST_BYTES:
            raise CommandError(f"{path} has more than {MOST_BYTES // 1024**2} MB.")
        platform = Platform.objects.filter(slug=options["platform"]).first()
        city = City.objects.filter(slug=options["city"]).first()
        if platform is None or city is None:
            known = (Platform if platform is None else City)._default_manager.values_list("slug", flat=True)
            what = "platform" if platform is None else "city"
            raise CommandError(f"There is no {what} {options[what]!r}; there are: {', '.join(known) or 'none'}.")
        try:
            found = read(path.read_bytes(), zone=ZoneInfo(city.timezone))
            run = market.record(
                found.rows, source=(options["source"] or f"file:{path.name}")[:60], platform=platform, city=city,
                now=timezone.now(), terms=found.terms, offers=found.offers,
            )  # fmt: skip
        except NotThisFormat as error:
            raise CommandError(str(error)) from None
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        figures = {"rows": run.rows, "new": run.new, "changed": run.changed, "refused": run.refused}
        title = f"{platform} in {city}: {run.rows} rows, {run.refused} refused"
        report(run.problems[:SHOWN], {"file": path.name, **figures}, title=title, out=cast(TextIO, self.stdout))
