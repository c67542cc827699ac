"""manage.py fit_travel CITY GRAPH: the street distances of a city by its real streets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from catalog.models import City
from catalog.services.travel import fit_travel


class Command(BaseCommand):
    help = (
        "Fit a city's street distances to an OpenStreetMap drive network (GraphML, by OSMnx), and its stores' fields."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("city", help="its slug")
        parser.add_argument("graph", type=Path, help="a .graphml file, or the folder it lies in")

    def handle(self, *args: Any, city: str, graph: Path, **options: Any) -> None:
        from catalog.travel.graph import BadGraph, read

        found = City.objects.filter(slug=city).first()
        if found is None:
            known = ", ".join(City.objects.order_by("slug").values_list("slug", flat=True)) or "none"
            raise CommandError(f"There is no city {city}; there are: {known}.")
        try:
            streets = read(graph)
        except BadGraph as error:
            raise CommandError(str(error)) from error
        fitted = fit_travel(city_id=found.pk, graph=streets, now=timezone.now())
        one = fitted.streets
        self.stdout.write(
            f"{found.name}: {one.factor} of the straight line and {one.turns} of its first {one.turns_metres:.0f} m."
        )
        self.stdout.write(f"Stores with a field of their own: {', '.join(fitted.fields) or 'none'}.")
        if fitted.off:
            self.stdout.write(f"Off these streets, the figures above serve them: {', '.join(fitted.off)}.")
