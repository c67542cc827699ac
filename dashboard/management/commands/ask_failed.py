"""manage.py ask_failed [--days 7]: the questions that got no answer, like ones together, and the words nothing knew."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from catalog.market import Listing, Platform
from catalog.models import Brand, Category, City, Store
from dashboard.ask.folded import folded, groups
from dashboard.ask.layer import FILE as LAYER_FILE
from dashboard.ask.layer import Dimension, Measure, layer
from dashboard.services import ask_log

WORDS = LAYER_FILE.with_name("words.toml")


class Command(BaseCommand):
    help = "What people asked in vain."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=7)
        parser.add_argument("--most", type=int, default=30, help="groups shown")

    def handle(self, *args: Any, days: int, most: int, **options: Any) -> None:
        ask_log.flush(most=20_000)
        rows = ask_log.failed(since=timezone.now() - timedelta(days=days))
        found = groups(((row["text"], row["folded"], row["verdict"]) for row in rows), known_words())
        self.stdout.write(f"{len(rows)} questions in {days} days, {len(found)} kinds of them")
        for group in found[:most]:
            verdicts = ", ".join(f"{name} {times}" for name, times in group.verdicts.most_common())
            unknown = ", ".join(word for word, _ in group.unknown.most_common(4)) or "–"
            self.stdout.write(f"{group.times:5}  {group.text[:90]}\n       {verdicts}; words nothing knew: {unknown}")


def known_words() -> frozenset[str]:
    """Of the layer, of questions, and of the house: goods, brands, categories, platforms, places."""
    said: list[str] = []
    for entity in layer().entities.values():
        fields: list[Dimension | Measure] = [*entity.dimensions, *entity.measures]
        said += (entity.name, entity.label, *entity.synonyms)
        for one in fields:
            said += (one.name, one.label, *one.synonyms)
    if WORDS.exists():
        said += _strings(tomllib.loads(WORDS.read_text(encoding="utf-8")))
    for names in (Platform, City, Store, Brand, Category):
        said += names._default_manager.values_list("name", flat=True)
    said += Listing.objects.exclude(item="").values_list("item", flat=True).distinct()
    return frozenset(folded(" ".join(said).replace("_", " ")).split())


def _strings(told: Any) -> list[str]:
    if isinstance(told, dict):
        return [word for name, each in told.items() for word in (str(name), *_strings(each))]
    if isinstance(told, list):
        return [word for each in told for word in _strings(each)]
    return [told] if isinstance(told, str) else []
