"""Pairs learned from baskets, and what stands in where there are none."""

import csv
import json
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from catalog.affinity import Baskets, Rules, Trait, companions, evaluate, learn, likeness, most_similar
from catalog.affinity.kitchen import RULES

TEA, MILK, SOAP, SALT = 10, 20, 30, 40


def scores(baskets, **rules):
    return {(a, b): score for a, b, score, _ in learn(Baskets.of(baskets), Rules(**rules)).rows()}


def test_things_bought_together_go_together_and_a_thing_never_with_itself():
    pairs = learn(Baskets.of([[TEA, MILK], [TEA, MILK, SOAP], [MILK, SOAP], [TEA, MILK]]))
    assert [(a, b, n) for a, b, _, n in pairs.rows()] == [
        (TEA, MILK, 3), (MILK, TEA, 3), (MILK, SOAP, 2), (SOAP, MILK, 2)]  # fmt: skip
    assert pairs.baskets == 4
    assert pairs.score.max() == 1.0 and pairs.score.min() > 0


def test_what_is_in_every_basket_does_not_go_with_everything():
    baskets = [[SALT, TEA, MILK]] * 5 + [[SALT, SOAP]] * 40
    assert scores(baskets, damping=0)[TEA, SALT] == scores(baskets, damping=0)[TEA, MILK]
    damped = scores(baskets)
    assert damped[TEA, MILK] > damped[TEA, SALT]


def test_a_few_coincidences_count_less_than_many_baskets():
    rare = [[1, 2]] * 2
    common = [[3, 4]] * 50 + [[3, 5]] * 10
    found = scores(rare + common)
    assert found[3, 4] > found[1, 2]


def test_only_the_best_companions_are_kept_in_order():
    baskets = [[1, 2]] * 4 + [[1, 3]] * 3 + [[1, 4]] * 2 + [[1, 5]]
    pairs = learn(Baskets.of(baskets), Rules(keep=2, damping=0))
    assert [(a, b) for a, b, _, _ in pairs.rows() if a == 1] == [(1, 2), (1, 3)]


def test_learning_in_blocks_gives_what_learning_at_once_gives(monkeypatch):
    rng = np.random.default_rng(5)
    baskets = Baskets.of([rng.choice(30, size=6, replace=False).tolist() for _ in range(200)])
    whole = list(learn(baskets).rows())
    monkeypatch.setattr("catalog.affinity.pairs.BLOCK", 7)
    assert list(learn(baskets).rows()) == whole


def test_learned_counts_are_the_counts_of_the_baskets():
    rng = np.random.default_rng(6)
    baskets = [sorted(rng.choice(12, size=4, replace=False).tolist()) for _ in range(60)]
    counted = {}
    for basket in baskets:
        for a, b in combinations(basket, 2):
            counted[a, b] = counted.get((a, b), 0) + 1
    learned = {(a, b): n for a, b, _, n in learn(Baskets.of(baskets)).rows() if a < b}
    assert learned == {pair: n for pair, n in counted.items() if n >= 2}


@pytest.mark.parametrize("baskets", [[], [[]], [[1]], [[1], [2]]])
def test_nothing_to_learn_from_is_no_error(baskets):
    assert len(learn(Baskets.of(baskets))) == 0


def test_the_tail_of_a_restocking_is_left_out():
    long = list(range(1000))
    assert max(a for a, *_ in learn(Baskets.of([long, long])).rows()) == 59


def test_judging_hides_the_last_item_and_learns_nothing_from_judged_baskets():
    """Two worlds that never mix: pairs guess the right one each time, best sellers only those of the greater world."""
    rng = np.random.default_rng(1)
    worlds = [list(range(15)), list(range(15, 30))]
    baskets = Baskets.of([rng.choice(worlds[n % 3 == 0], size=6, replace=False).tolist() for n in range(600)])
    board = evaluate(baskets, k=10)
    assert board.goes_with.tried == board.popularity.tried > 30
    assert board.goes_with.hit_rate > 0.95
    assert board.popularity.hit_rate < 0.75
    assert board.lift == board.goes_with.hit_rate / board.popularity.hit_rate
    assert board.learned_from + board.goes_with.tried == 600
    assert 0 < board.goes_with.error < 0.1 or board.goes_with.hit_rate == 1


def test_the_rules_of_the_kitchen_name_categories_of_the_demo_city_and_never_themselves():
    with (Path(settings.BASE_DIR) / "blinkit/demo/categories.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    known = {row["slug"] for row in rows}
    named = set(RULES) | {other for others in RULES.values() for other in others}
    assert named <= known
    assert {row["slug"] for row in rows if row["parent"]} <= set(RULES)  # every shelf of the demo city has companions
    assert all(slug not in others and len(set(others)) == len(others) for slug, others in RULES.items())


def test_companions_of_a_cart_are_not_in_it_yet():
    assert companions(["milk"])[0] == "tea"
    both = companions(["milk", "tea"])
    assert both[0] == "biscuits-cookies" and not {"milk", "tea"} & set(both)
    assert companions(["no-such-category"]) == []


def butter(product_id, **more):
    facts = {"words": frozenset({"amul", "butter"}), "price_paise": 5_000, "size": 100.0, "unit": "g",
             "brand": "Amul", "veg": "veg"}  # fmt: skip
    return Trait(product_id=product_id, **(facts | more))


def test_similar_is_the_same_thing_first_then_near_in_price_and_the_same_both_ways():
    mine = butter(1)
    dear = butter(2, price_paise=9_000)
    other = butter(3, words=frozenset({"nutralite", "butter"}), brand="Nutralite")
    cheese = butter(4, words=frozenset({"cheese", "slices"}))
    found = most_similar(mine, [cheese, other, dear, mine], limit=3)
    assert [product_id for product_id, _ in found] == [2, 3, 4]
    assert likeness(mine, mine) == pytest.approx(1.0)
    assert likeness(mine, dear) == likeness(dear, mine)


def baskets_file(tmp_path, text):
    file = tmp_path / "baskets.csv"
    file.write_text(text)
    return file


def test_recommend_eval_prints_a_table_and_ends_with_json(tmp_path, capsys):
    rng = np.random.default_rng(1)
    lines = ["order_id,product_id,add_to_cart_order,reordered"]
    for order in range(500):
        world = range(15) if order % 3 else range(15, 30)
        lines += [f"{order},{p},{place},0" for place, p in enumerate(rng.choice(world, size=6, replace=False), 1)]
    call_command("recommend_eval", baskets_file(tmp_path, "\n".join(lines)), "--k", "10", "--bar", "1.1")
    printed = capsys.readouterr().out.strip().splitlines()
    figures = json.loads(printed[-1])
    assert figures["passed"] is True and figures["lift"] >= 1.1
    assert any(line.startswith("popularity") for line in printed)


def test_recommend_eval_fails_below_its_bar(tmp_path):
    lines = [f"{order},{product},{product}" for order in range(200) for product in (1, 2, 3)]
    file = baskets_file(tmp_path, "order_id,product_id,add_to_cart_order\n" + "\n".join(lines))
    with pytest.raises(SystemExit) as ended:
        call_command("recommend_eval", file)
    assert ended.value.code == 1


@pytest.mark.parametrize(
    "text", ["", "a,b,c\n1,2,3\n", "order_id,product_id,add_to_cart_order\nx,2,3\n", "order_id,product_id\n1,2\n"]
)
def test_recommend_eval_refuses_a_file_it_cannot_read(tmp_path, text):
    with pytest.raises(CommandError):
        call_command("recommend_eval", baskets_file(tmp_path, text))
    with pytest.raises(CommandError, match="no file"):
        call_command("recommend_eval", tmp_path / "nowhere.csv")


def test_recommend_eval_says_what_to_do_without_a_parquet_reader(tmp_path, monkeypatch):
    file = tmp_path / "baskets.parquet"
    file.write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(CommandError, match="make setup-dev"):
        call_command("recommend_eval", file)
