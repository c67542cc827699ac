"""The house's rules that import-linter cannot see, and the rule checkers themselves."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

from blinkit.contracts import DoorsContract, NoTransportContract, PlainContract

ROOT = Path(__file__).resolve().parent.parent

LEVEL = {
    "kernel": 0,
    "accounts": 1,
    "catalog": 2,
    "inventory": 3,
    "payments": 3,
    "orders": 4,
    "fulfillment": 5,
    "delivery": 5,
    "notifications": 6,
    "dashboard": 7,
}
APPS = [name for name in LEVEL if name != "kernel"]


def upward_keys(found: list[type[models.Model]]) -> list[str]:
    wrong = []
    for model in found:
        mine = model._meta.app_label
        for field in model._meta.get_fields():
            if not field.is_relation or field.auto_created or not isinstance(field.related_model, type):
                continue
            theirs = field.related_model._meta.app_label
            if mine in LEVEL and theirs in LEVEL and mine != theirs and LEVEL[theirs] >= LEVEL[mine]:
                wrong.append(f"{mine}.{model.__name__}.{field.name} points up (or across) to {theirs}")
    return wrong


def test_every_room_is_installed():
    assert {config.label for config in apps.get_app_configs()} >= set(LEVEL)


def test_foreign_keys_point_down():
    assert upward_keys(apps.get_models()) == []


def test_an_upward_foreign_key_would_be_seen():
    class Upward(models.Model):
        order = models.ForeignKey("delivery.Trip", on_delete=models.CASCADE, related_name="+")

        class Meta:
            app_label = "fulfillment"
            managed = False

    try:
        assert upward_keys([Upward]) == ["fulfillment.Upward.order points up (or across) to delivery"]
    finally:
        del apps.all_models["fulfillment"]["upward"]
        apps.clear_cache()


def rule(kind, **options):
    return kind(name="a rule", session_options={}, contract_options={"apps": APPS, **options})


@pytest.mark.parametrize(
    ("importer", "imported", "broken"),
    [
        ("delivery.services", "orders.services", False),
        ("delivery.services", "orders.web.cart", True),
        ("orders.urls", "orders.api", False),
        ("orders.services", "payments.tasks", True),
    ],
)
def test_doors_are_for_their_own_app(importer, imported, broken):
    assert rule(DoorsContract).wrong(importer.split("."), imported.split("."), "") is broken


@pytest.mark.parametrize(
    ("importer", "line", "broken"),
    [
        ("orders.services.checkout", "from django.db import transaction", False),
        ("orders.services.checkout", "from django.http import HttpRequest", True),
        ("orders.queries", "from django import http", True),
        ("orders.web", "from django.shortcuts import render", False),
    ],
)
def test_services_know_no_transport(importer, line, broken):
    contract = rule(NoTransportContract, inner=["services", "queries", "models", "states"])
    assert contract.wrong(importer.split("."), ["django"], line) is broken


@pytest.mark.parametrize(
    ("importer", "imported", "broken"),
    [
        ("delivery.dispatch.greedy", "django", True),
        ("delivery.dispatch.greedy", "delivery.models", True),
        ("delivery.dispatch.greedy", "delivery.dispatch.types", False),
        ("delivery.dispatch.greedy", "catalog.travel", False),
        ("delivery.dispatch.greedy", "blinkit.kernel.geo", False),
        ("delivery.dispatch.greedy", "scipy", False),
        ("delivery.services", "django", False),
    ],
)
def test_algorithms_are_plain(importer, imported, broken):
    contract = rule(PlainContract, plain=["delivery.dispatch", "catalog.travel"])
    assert contract.wrong(importer.split("."), imported.split("."), "") is broken


def test_no_file_is_called_utils():
    bad = [
        path.relative_to(ROOT).as_posix()
        for app in [*APPS, "blinkit"]
        for path in (ROOT / app).rglob("*.py")
        if re.fullmatch(r"(utils?|helpers?|misc|common)\.py", path.name)
    ]
    assert bad == []


def test_what_calls_itself_plain_is_held_to_it():
    """A module whose docstring says so is in the contract "Algorithms are plain Python", alone or with its package."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    plain = next(contract["plain"] for contract in contracts if contract["type"] == "plain")
    said = re.compile(r"Plain Python|: plain Python|Plain functions|Plain: no tables")
    forgotten = []
    for path in sorted(path for app in APPS for path in (ROOT / app).rglob("*.py") if "tests" not in path.parts):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        words = ast.get_docstring(ast.parse(path.read_text())) or ""
        if said.search(words) and not any(name == place or name.startswith(f"{place}.") for place in plain):
            forgotten.append(name)
    assert forgotten == []
