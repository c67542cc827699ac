"""Administrators schedule, look at and cancel prices; a file of prices; delivery as a table."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import UserFactory
from catalog import queries, services
from catalog.models import FeePolicy, Price, PriceChange, ShelfItem
from catalog.services import NewPrice
from catalog.tests.factories import NOW, ProductFactory, on_shelf, store

pytestmark = pytest.mark.django_db
SCHEDULE = "admin:catalog_price_schedule"


@pytest.fixture
def office(client):
    client.force_login(get_user_model().objects.create_superuser("+919900000099", "x", name="Admin"))
    return client


def said(**more) -> dict[str, str]:
    return {"price": "42.50", "scope": "everywhere", "min_qty": "1", "reason": "Festival"} | more


def test_a_price_is_previewed_then_written_with_the_administrators_name(office):
    at, milk, tea = store(), ProductFactory(mrp_paise=5_000), ProductFactory(mrp_paise=5_000)
    on_shelf(at, milk, tea)
    chosen = {"action": "schedule_price", "_selected_action": [milk.pk, tea.pk]}
    form = office.post(reverse("admin:catalog_product_changelist"), chosen, follow=True).content.decode()
    assert milk.sku in form and tea.sku in form and "Show what it changes" in form
    begins = timezone.localtime() + timedelta(hours=1)
    ends = begins + timedelta(hours=2)
    moments = {"starts_at": begins.strftime("%Y-%m-%dT%H:%M"), "ends_at": ends.strftime("%Y-%m-%dT%H:%M")}
    answers = said(products=f"{milk.sku}\n{tea.sku} 40", scope=f"store:{at.code}", **moments)
    preview = office.post(reverse(SCHEDULE), answers).content.decode()
    assert "₹50" in preview and "<b>₹42.50</b>" in preview and "<b>₹40</b>" in preview
    assert not Price.objects.exists()
    page = office.post(reverse(SCHEDULE), {**answers, "confirmed": "yes"}, follow=True).content.decode()
    assert "2 prices are in the list" in page and "scheduled" in page
    kept = Price.objects.get(product=milk)
    assert (kept.paise, kept.store, kept.reason) == (4_250, at, "Festival") and kept.actor.startswith("user:")
    assert timezone.localtime(kept.starts_at).strftime("%H:%M") == begins.strftime("%H:%M")
    assert set(ShelfItem.objects.values_list("price_paise", flat=True)) == {5_000}
    office.post(reverse(SCHEDULE), {**answers, "confirmed": "yes"})
    assert Price.objects.count() == 2


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"price": "50.01"}, "above the MRP"),
        ({"products": "NOPE"}, "There is no product NOPE."),
        ({"price": ""}, "say a price"),
        ({"products": "T1 abc"}, "There is no product T1."),
        ({"reason": ""}, "This field is required."),
        ({"scope": "city:nowhere"}, "Select a valid choice"),
        ({"ends_at": "2020-01-01T00:00"}, "not in the past"),
    ],
)
def test_what_makes_no_sense_is_said_on_the_form_and_nothing_is_written(office, wrong, sentence):
    milk = ProductFactory(mrp_paise=5_000)
    on_shelf(store(), milk)
    page = office.post(reverse(SCHEDULE), said(**({"products": milk.sku} | wrong)) | {"confirmed": "yes"})
    assert page.status_code == 200 and sentence in page.content.decode()
    assert not Price.objects.exists()


def test_only_who_may_write_prices_schedules_and_cancels_them(client):
    milk = ProductFactory()
    client.force_login(UserFactory(is_staff=True))
    assert client.get(reverse(SCHEDULE)).status_code == 403
    assert client.post(reverse(SCHEDULE), said(products=milk.sku, confirmed="yes")).status_code == 403
    assert client.get(reverse("admin:catalog_price_product", args=[milk.pk])).status_code == 403
    client.force_login(UserFactory())
    assert client.get(reverse(SCHEDULE)).status_code == 302
    assert not Price.objects.exists()


def test_the_history_of_a_product_is_a_table_and_a_line(office, django_assert_max_num_queries):
    at, milk = store(), ProductFactory(mrp_paise=5_000)
    on_shelf(at, milk)
    for paise in (4_000, 4_500, 3_000):
        services.set_price(store_id=at.pk, product_id=milk.pk, price_paise=paise, actor="user:3", reason="x", now=NOW)
    services.schedule_prices(
        prices=[NewPrice(milk.pk, 2_000, min_qty=3, reason="Bulk")], actor="user:4", now=timezone.now()
    )
    with django_assert_max_num_queries(20):
        page = office.get(reverse("admin:catalog_price_product", args=[milk.pk])).content.decode()
    assert "<polyline" in page and "₹30" in page and "Bulk" in page and "in force" in page
    assert office.get(reverse("admin:catalog_price_product", args=[10**9])).status_code == 404
    unsold = ProductFactory()
    assert "No store has it" in office.get(reverse("admin:catalog_price_product", args=[unsold.pk])).content.decode()


def test_a_price_is_cancelled_after_asking_and_the_ledger_stays_as_it_is(office):
    at, milk = store(), ProductFactory(mrp_paise=5_000)
    on_shelf(at, milk)
    (price,), _ = services.schedule_prices(
        prices=[NewPrice(milk.pk, 2_000, ends_at=timezone.now() + timedelta(days=1), reason="x")],
        actor="user:4", now=timezone.now(),
    )  # fmt: skip
    assert ShelfItem.objects.get().price_paise == 2_000
    chosen = {"action": "cancel", "_selected_action": [price.pk]}
    url = reverse("admin:catalog_price_changelist")
    assert "confirmed" in office.post(url, chosen).content.decode()
    office.post(url, {**chosen, "confirmed": "yes"})
    price.refresh_from_db()
    assert price.cancelled_at is not None and price.cancelled_by.startswith("user:")
    assert ShelfItem.objects.get().price_paise == 5_000
    assert list(PriceChange.objects.order_by("pk").values_list("new_paise", flat=True)) == [5_000, 2_000, 5_000]
    for model in ("price", "pricechange", "pricewatch"):
        assert office.get(reverse(f"admin:catalog_{model}_changelist")).status_code == 200
        assert office.get(reverse(f"admin:catalog_{model}_add")).status_code == 403


def test_a_store_gives_up_its_own_price_after_asking(office):
    at, milk = store(), ProductFactory(mrp_paise=5_000)
    (item,) = on_shelf(at, milk, price_paise=4_500)
    services.schedule_prices(prices=[NewPrice(milk.pk, 4_000, reason="One price")], actor="user:4", now=timezone.now())
    chosen = {"action": "follow_list", "_selected_action": [item.pk]}
    url = reverse("admin:catalog_shelfitem_changelist")
    assert "counts from now on" in office.post(url, chosen).content.decode()
    office.post(url, {**chosen, "confirmed": "yes", "reason": "Same everywhere"})
    item.refresh_from_db()
    assert (item.price_paise, item.price_source, item.own_price_paise) == (4_000, "everywhere", None)
    assert PriceChange.objects.latest("pk").reason == "One price"


# -- a file -----------------------------------------------------------------------------------------------------------

FILE = """sku,scope,paise,from,until,min_qty,members,reason
MILK,everywhere,2800,,,,,Milk week
MILK,store:BLR-T,2500,,,3,,Three
MILK,city:bengaluru,2400,2030-12-01T18:00,2030-12-05,,yes,Members
MILK,everywhere,9900,,,,,Too dear
TEA,everywhere,100,,,,,Unknown
MILK,store:NOPE,100,,,,,Nowhere
MILK,everywhere,x,,,,,Letters
MILK,everywhere,100,soon,,,,Some day
MILK,everywhere,100,,,,perhaps,Who
MILK,everywhere,100,,,,,
"""


def run(path, *options: str) -> tuple[list[str], str]:
    out = StringIO()
    try:
        call_command("import_prices", str(path), *options, stdout=out)
        error = ""
    except CommandError as told:
        error = str(told)
    rows = [line for line in out.getvalue().splitlines() if line[:6].strip().isdigit()]
    return rows, error


def test_a_file_of_prices_is_told_line_by_line_and_again_writes_nothing(tmp_path):
    at, milk = store(), ProductFactory(sku="MILK", mrp_paise=3_000)
    on_shelf(at, milk)
    path = tmp_path / "prices.csv"
    path.write_text(FILE)
    rows, error = run(path, "--dry-run")
    assert len(rows) == 10 and "would be refused" in error and not Price.objects.exists()
    rows, error = run(path, "--actor", "user:9")
    assert [row.split()[2] == "written" for row in rows] == [True] * 3 + [
        False
    ] * 7 and "the others are in the list" in error
    for row, why in zip(
        rows[3:], ("MRP", "no such product", "no place", "whole number", "a day", "yes or no", "Say why"), strict=True
    ):
        assert "refused" in row and why in row
    assert set(Price.objects.values_list("actor", flat=True)) == {"user:9"}
    members = Price.objects.get(members_only=True)
    assert timezone.localtime(members.starts_at).isoformat() == "2030-12-01T18:00:00+05:30"
    rows, _ = run(path)
    assert ["there already" in row for row in rows[:3]] == [True] * 3 and Price.objects.count() == 3


def test_what_is_no_file_of_prices_is_said(tmp_path):
    path = tmp_path / "x.csv"
    for text, words in (("a,b\n1,2\n", "needs these columns"), ("", "needs these columns"), ("\xff\xfe", "not UTF-8")):
        path.write_bytes(text.encode("latin-1"))
        assert words in run(path)[1]
    assert "is not a file" in run(tmp_path / "none.csv")[1]


# -- delivery as a table ----------------------------------------------------------------------------------------------


def test_delivery_is_a_table_in_the_form_and_in_the_fees(office):
    at = store()
    policy = FeePolicy.objects.create(store=at)
    url = reverse("admin:catalog_feepolicy_change", args=[policy.pk])
    page = office.get(url).content.decode()
    assert "beyond 2.5 km" in page and "from ₹199" in page  # what counts now, made of the single fees
    figures = {
        name: getattr(policy, name) for name in queries._FEE_FIELDS if name != "delivery_bands"
    } | {"store": at.pk, "city": ""}  # fmt: skip
    cells = {"c0": "0", "c1": "199", "r0": "0", "0-0": "25", "0-1": "0", "r1": "2", "1-0": "35.50", "1-1": "10.5"}
    office.post(url, {**figures, **{f"delivery_bands-{key}": text for key, text in cells.items()}})
    policy.refresh_from_db()
    assert policy.delivery_bands == [
        {"beyond_metres": 0, "fees": [[0, 2_500], [19_900, 0]]},
        {"beyond_metres": 2_000, "fees": [[0, 3_550], [19_900, 1_050]]},
    ]
    far = queries.fee_policy(queries.store_by_code(at.code)).delivery_table[1]
    assert far.as_dict()["baskets"][1] == {"from_paise": 19_900, "delivery_paise": 1_050}
    assert 'value="35.5"' in office.get(url).content.decode()
    for wrong, why in (
        ({"0-0": ""}, "fill in every cell"), ({"1-0": "5", "1-1": "5"}, "never costs less"),
        ({"1-0": "5"}, "larger basket"), ({"5-4": "1"}, "without a distance"),
        ({"c0": "x"}, "is no number"), ({"r0": "NaN"}, "is no number"),
    ):  # fmt: skip
        sent = {f"delivery_bands-{key}": text for key, text in (cells | wrong).items()}
        answer = office.post(url, {**figures, **sent})
        assert answer.status_code == 200 and why in answer.content.decode()
    office.post(url, figures)  # an empty table: the single fees again
    assert queries.fee_policy(queries.store_by_code(at.code)).delivery_bands == ()
