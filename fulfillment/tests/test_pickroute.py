"""The walk: cold last, along the bins, heavy things first."""

from hypothesis import given
from hypothesis import strategies as st

from fulfillment.pickroute import STAGE, ZONE_ORDER, Item, order

ITEMS = st.lists(
    st.builds(
        Item,
        id=st.integers(0, 10_000),
        zone=st.sampled_from([*ZONE_ORDER, "unknown"]),
        sequence=st.integers(0, 50),
        weight_g=st.integers(0, 9000),
    ),
    unique_by=lambda item: item.id,
    max_size=30,
)


def test_the_walk_goes_dry_then_fresh_then_chilled_then_frozen():
    items = [Item(id=zone, zone=zone, sequence=1) for zone in ("frozen", "ambient", "chilled", "produce")]
    assert order(items) == ["ambient", "produce", "chilled", "frozen"]


def test_within_a_zone_it_follows_the_bins_and_takes_heavy_things_first():
    items = [
        Item("far", "ambient", 9),
        Item("light", "ambient", 2, weight_g=50),
        Item("heavy", "ambient", 2, weight_g=5000),
    ]
    assert order(items) == ["heavy", "light", "far"]


@given(ITEMS)
def test_every_item_is_walked_to_once_and_nothing_cold_comes_before_something_dry(items):
    walked = order(items)
    assert sorted(walked) == sorted(item.id for item in items)
    zones = {item.id: STAGE.get(item.zone, 0) for item in items}
    assert [zones[number] for number in walked] == sorted(zones.values())


@given(ITEMS)
def test_the_walk_does_not_depend_on_the_order_of_the_lines(items):
    assert order(items) == order(list(reversed(items)))
