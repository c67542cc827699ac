"""What can be asked of has words in both languages: labels of the layer, its values, what is offered to begin with."""

from itertools import chain

import pytest
from django.utils.translation import override

from blinkit.kernel.words import said
from dashboard import cells, words
from dashboard.ask import chips
from dashboard.ask.layer import LayerError, layer, load
from dashboard.ask.query import Filter, Intent, Op, Query
from dashboard.ask.suggest import IN_HINDI, MOST, OF_OURS, begin

SAME = frozenset({"MRP", "HSN", "GST", "UPI", "SMS", "SOS", "A", "B", "C"})
"""Written so in Hindi as well."""
STAFF, PUBLIC = frozenset({"ops", "store"}), frozenset({"public"})


def spoken() -> set[str]:
    entities = layer().entities.values()
    fields = chain.from_iterable((*one.dimensions, *one.measures) for one in entities)
    values = {one.word(value) for entity in entities for one in entity.dimensions for value in one.values}
    return {one.label for one in entities} | {one.label for one in fields} | values


def test_every_label_and_value_of_the_layer_has_hindi() -> None:
    with override("hi"):
        assert sorted(word for word in spoken() - SAME if said(word) == word) == []


def test_a_code_is_read_as_words_in_a_table_and_in_a_chip() -> None:
    assert [cells.show(code, "text") for code in ("free_item", "ASSIGNED_TO_PARTNER", "cod", "Butter")] == [
        "free item", "rider is coming to the shelf", "cash on delivery", "Butter",
    ]  # fmt: skip
    of = Query(Intent.LIST, "order", filters=(Filter("order.status", Op.EQ, ("IN_TRANSIT",)),))
    (chip,) = (one for one in chips.describe(of, layer()) if one.id == "filter:0")
    assert chip.value == "on the way"
    assert ("PICKED_UP", "picked up") in {(one.key, one.label) for one in chip.others}


def test_a_name_for_what_is_no_value_is_refused(tmp_path) -> None:
    file = tmp_path / "layer.toml"
    file.write_text(
        '[thing]\nlabel = "Things"\ntables = []\nsql = "SELECT 1"\nwho = ["ops"]\nkey = "id"\n'
        'dimensions = { kind = { kind = "text", values = ["a"], called = { b = "bee" } } }\n'
    )
    with pytest.raises(LayerError, match="b is called, but no value"):
        load(file)


def test_figures_of_a_sentence_are_grouped_and_said_as_in_the_table() -> None:
    assert chips.plain(353_657_800, "paise") == "₹35,36,578"
    assert chips.plain(1_234_567, "number") == "12,34,567"
    assert chips.plain(90, "seconds") == "1.5 min"
    with override("hi"):
        assert said(chips.plain(90, "seconds")) == "1.5 मिनट"
        assert said(chips._SIGNED[Op.LT]("₹50")) == "₹50 से कम"


def test_who_works_here_is_first_offered_questions_about_our_own_house() -> None:
    full = layer()
    for language in ("en", "hi"):
        own = begin(full, STAFF, language=language)
        market = begin(full, PUBLIC, language=language)
        assert len(own) == MOST and not set(own[:OF_OURS]) & set(market)
        assert set(own[OF_OURS:]) <= set(market) | {text for name, text in IN_HINDI if name == "listing"}
    assert set(begin(full, PUBLIC, language="hi")) == {text for name, text in IN_HINDI if name == "listing"}


def test_the_event_log_is_told_in_hindi() -> None:
    told = words.sentence("orders.LineShorted", {"qty": 2, "product_name": "Amul Butter", "refund_paise": 11_600})
    assert told == "2 × Amul Butter could not be found, ₹116 refunded"
    moved = words.sentence("orders.OrderMoved", {"new": "CANCELLED", "why": "Store closed"})
    assert moved == "Cancelled: Store closed"
    with override("hi"):
        assert said(told) == "2 × Amul Butter नहीं मिला, ₹116 लौटाए"
        assert said(moved).startswith("रद्द")
        assert (
            said(words.sentence("delivery.OfferAnswered", {"answer": "declined", "reason": ""})) == "राइडर ने मना किया"
        )
