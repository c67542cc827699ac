"""The measure of search, and its doors."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from catalog.tests.factories import NOW, ProductFactory, on_shelf, store
from inventory import services as stock
from orders.management.commands.search_eval import Answer, figures_of, questions_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    at = store()
    products = [
        ProductFactory(sku="GONE", name="Basmati Rice", popularity=900),
        ProductFactory(sku="THERE", name="Basmati Rice Broken", popularity=1),
    ]
    on_shelf(at, *products)
    there = products[1]
    stock.receive(store_id=at.pk, lines=[(there.pk, 5, None)], reason="test", actor="system", now=NOW)
    return at


def written(tmp_path, *lines):
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return path


def test_shares_places_and_times_are_printed_with_the_figures_last(shop, tmp_path):
    path = written(
        tmp_path,
        {"q": "basmati rice", "want": "BROKEN"},  # in stock first
        {"q": "basmati rice", "want": "rice$|rice $", "not": "broken"},
        "",
        {"q": "basmati rice", "want": "wheat", "k": 3},
        {"q": "basmati", "want": "rice", "not": "rice"},
    )
    out = io.StringIO()
    call_command("search_eval", str(path), store=shop.code, suggest=True, stdout=out)
    figures = json.loads(out.getvalue().strip().splitlines()[-1])
    assert figures["questions"] == 4
    assert figures["success@1"] == 0.25
    assert figures["success@5"] == 0.5
    assert figures["mrr"] == 0.375
    assert figures["p50_ms"] > 0 and figures["p95_ms"] > 0 and figures["suggestions"] > 0
    assert "basmati rice" in out.getvalue()


@pytest.mark.parametrize("line", ["{", '{"q": "x"}', '{"q": "x", "want": "("}', "[]"])
def test_a_bad_line_is_named(tmp_path, line):
    with pytest.raises(CommandError, match="Line 1"):
        call_command("search_eval", str(written(tmp_path, line)))


def test_an_unknown_store_is_refused(tmp_path):
    with pytest.raises(CommandError, match="no active store"):
        call_command("search_eval", str(written(tmp_path, {"q": "x", "want": "x"})), store="NOPE")


def test_the_longest_shelf_is_taken_when_no_store_is_named(shop, tmp_path):
    out = io.StringIO()
    call_command("search_eval", str(written(tmp_path, {"q": "rice", "want": "rice"})), stdout=out)
    assert json.loads(out.getvalue().strip().splitlines()[-1])["store"] == shop.code


def test_success_at_five_looks_at_five_and_at_k_at_k(tmp_path):
    (question,) = questions_in(written(tmp_path, {"q": "x", "want": "x", "k": 7}))
    figures = figures_of([Answer(question, 6, 40, "", 1.0), Answer(question, 2, 40, "", 2.0)])
    assert (figures["success@5"], figures["success@k"]) == (0.5, 1.0)


def test_the_search_door_says_what_was_meant(shop, client):
    answer = client.get(reverse("api-search", args=[shop.code]), {"q": "basmatti"}).json()
    assert answer["meant"] == "basmati" and answer["instead"] and not answer["near"]
    assert [item["sku"] for item in answer["items"]] == ["THERE", "GONE"]


def test_the_suggest_door_answers_while_typing(shop, client):
    answer = client.get(reverse("api-suggest", args=[shop.code]), {"q": "basm"})
    assert answer.status_code == 200 and answer["ETag"]
    assert {"kind": "product", "sku": "THERE"}.items() <= answer.json()["items"][-1].items()
    assert client.get(reverse("api-suggest", args=["NOPE"]), {"q": "x"}).status_code == 404
