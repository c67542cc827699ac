"""Street distances against shortest paths on real streets: standard figures, fitted ones, and stores' fields."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

MOST_MEDIAN, MOST_P90 = 10.0, 25.0
BANDS = ((300, 800), (800, 1_500), (1_500, 3_000), (3_000, 5_000))


class Command(BaseCommand):
    help = "Median and p90 of the error of our street distances on an OpenStreetMap network (GraphML, by OSMnx)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("graph", type=Path, help="a .graphml file, or the folder it lies in")
        parser.add_argument("--starts", type=int, default=200)
        parser.add_argument("--each", type=int, default=100, help="ends for each start")
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, graph: Path, starts: int, each: int, seed: int, **options: Any) -> None:
        import numpy as np

        from blinkit.kernel.geo import Point
        from catalog.travel import STANDARD, Streets
        from catalog.travel import graph as streets

        try:
            city = streets.read(graph)
        except streets.BadGraph as wrong:
            raise CommandError(str(wrong)) from wrong
        left_out = np.random.default_rng(seed).random(city.corners) < 0.3
        known, asked = np.flatnonzero(~left_out), np.flatnonzero(left_out)
        learned = streets.pairs(city, known, starts=starts, each=each, seed=seed)
        judged = streets.pairs(city, asked, starts=starts, each=each, seed=seed + 1)
        fitted = streets.fit(learned)
        self.stdout.write(
            f"{city.corners} corners; fitted on {len(learned.street)} pairs of 70 % of them, judged on"
            f" {len(judged.street)} pairs of the other 30 %, 0.3 to 5 km apart; one-way streets counted"
        )

        def by(one: Streets) -> Any:
            turns = np.minimum(judged.straight, one.turns_metres)
            return one.factor * judged.straight + one.turns * turns

        lat_lng = city.lat_lng
        field = np.full(len(judged.street), np.nan)
        for start in np.unique(judged.start):
            # A start is left out as well: the field begins at the nearest corner that is known.
            kept = streets.field_of(city, Point(*map(float, lat_lng[start])), among=known)
            if kept is None:
                continue
            for at in np.flatnonzero(judged.start == start):
                metres = kept.to(Point(*map(float, lat_lng[judged.end[at]])))
                field[at] = np.nan if metres is None else metres
        without = np.isnan(field)
        ways = [
            ("standard figures", by(STANDARD)),
            ("fitted to the city", by(fitted)),
            ("a store's field", np.where(without, by(fitted), field)),
        ]
        self.stdout.write(f"{'':20s}   median     p90   bias   p90 at " + "   ".join(f"{a}-{b} m" for a, b in BANDS))
        for name, said in ways:
            error = 100 * (said - judged.street) / judged.street
            bands = [
                np.percentile(np.abs(error[(judged.straight >= low) & (judged.straight < high)]), 90)
                for low, high in BANDS
            ]
            self.stdout.write(
                f"{name:20s}   {np.median(np.abs(error)):4.1f} %  {np.percentile(np.abs(error), 90):4.1f} %"
                f"  {np.median(error):+4.1f} %  " + "  ".join(f"{band:8.1f} %" for band in bands)
            )
        there_and_back = np.abs(self._back(city, judged, streets) - judged.street) / judged.street
        self.stdout.write(
            f"fitted: {fitted.factor} of the straight line and {fitted.turns} of its first {fitted.turns_metres:.0f} m;"
            f" {100 * without.mean():.1f} % of the ends lie outside the field; the way back differs from the way there"
            f" by {100 * np.median(there_and_back):.0f} % (median)"
        )
        error = 100 * np.abs(ways[2][1] - judged.street) / judged.street
        fits = np.median(error) <= MOST_MEDIAN and np.percentile(error, 90) <= MOST_P90
        self.stdout.write(f"{'met' if fits else 'NOT MET'}: median at most {MOST_MEDIAN:.0f} %, p90 {MOST_P90:.0f} %")

    def _back(self, city: Any, judged: Any, streets: Any) -> Any:
        import numpy as np

        ends, row = np.unique(judged.end, return_inverse=True)
        return city.ways_from(ends)[row, judged.start]
