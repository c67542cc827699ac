"""What a product is, told from its name alone."""

from __future__ import annotations

import pytest

from catalog.search.folding import stem
from catalog.search.naming import packs_in, thing
from catalog.search.spelling import distance


@pytest.mark.parametrize(
    ("name", "whole", "not_heads"),
    [
        ("Potato - Hybrid, 1 kg", {"potato"}, set()),
        ("Fresh Tomatoes (Local)", {"tomato"}, set()),
        ("Green Chilli", {"chilli"}, set()),
        ("Eggs Brown", {"egg"}, {"brown"}),
        ("Coconut Large Size", {"coconut"}, {"size"}),
        ("Almond/Badam - Californian", {"almond", "badam"}, {"californian"}),
        ("Potato Chips - Salted", {"potatochip"}, {"potato"}),
        ("Cookies with Butter", {"cooki"}, {"butter"}),
        ("Lemon Flavour, Iced Tea", {"icedtea"}, {"lemon"}),
    ],
)
def test_the_thing_is_told_from_the_remarks(name, whole, not_heads):
    found = thing(name)
    assert found.whole == whole
    assert not found.heads & not_heads


def test_the_maker_in_front_is_not_part_of_the_thing_unless_it_is_all_there_is():
    assert thing("Amul Butter", "Amul").whole == {"butter"}
    assert thing("Horlicks", "Horlicks").whole == {"horlick"}


def test_leaves_of_coriander_are_coriander_in_a_shape():
    assert "coriander" in thing("Coriander Leaves").shaped
    assert "coriander" not in thing("Coriander Leaves").heads


def test_a_bundle_is_none_of_its_parts():
    assert not thing("Onion 1 kg + Potato 1 kg").whole


@pytest.mark.parametrize("name", ["", " - ", "500 g", "/", "+", "Organic", "((", "दूध 1 l"])
def test_no_name_breaks_it(name):
    thing(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [("tomatoes", "tomato"), ("cookies", "cookie"), ("dishes", "dish"), ("strawberries", "strawberry"),
     ("leaves", "leaf"), ("slices", "slice"), ("eggs", "egg")],
)  # fmt: skip
def test_singular_and_plural_have_one_stem(one, other):
    assert stem(one) == stem(other)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("atta 5kg", ["5000g"]),
        ("milk 1 litre", ["1000ml"]),
        ("milk 1000 ml", ["1000ml"]),
        ("half kg paneer", ["500g"]),
        ("eggs 6 pcs", ["6pc"]),
        ("7 up", []),
        ("5 star", []),
    ],
)
def test_packs_are_read_in_any_unit(text, keys):
    assert packs_in(text)[1] == keys


def test_a_swap_is_one_change_and_a_doubled_letter_half_a_one():
    assert distance("bhjuia", "bhujia") == 1
    assert distance("buter", "butter") == 0.5
    assert distance("oyl", "oil") == 1
