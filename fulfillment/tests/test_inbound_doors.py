"""The screens at a store's door: who may open them, and what they do."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.tests.factories import UserFactory
from blinkit.kernel.errors import Invalid
from catalog.tests.factories import NOW
from catalog.tests.factories import store as make_store
from fulfillment.tests.factories import floor, product, worker
from fulfillment.web.receiving import typed_day
from inventory.models import Bin, Discrepancy, GoodsReceipt, Putaway, ReceiptLine, Stock, Transfer
from inventory.tests.inbound_factories import enter, purchase, receipt, transfer

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def goods():
    return product(name="Milk", zone="chilled", shelf_life_days=20), product(name="Bread")


@pytest.fixture
def store(goods):
    return floor(*goods)


@pytest.fixture
def elsewhere(goods):
    return floor(*goods, at=make_store("BLR-Z"))


@pytest.fixture
def web(client):
    def signed_in(user):
        client.force_login(user)
        return client

    return signed_in


def in_days(days: int) -> str:
    return f"{timezone.localdate() + timedelta(days=days):%d%m%y}"


def doors(store, elsewhere, goods):
    base = f"/store/{store.code}/"
    one = receipt(store, purchase(store, (goods[0], 5, 100)))
    sent = transfer(store, elsewhere, (goods[1], 2))
    at, between = f"{base}inbound/{one.pk}/", f"{base}transfers/{sent.pk}/"
    read = [f"{base}inbound/", at, f"{base}putaway/", f"{base}transfers/", between]
    work = [f"{base}inbound/open/", f"{at}scan/", f"{at}line/", f"{at}take-back/", f"{at}close/",
            f"{base}putaway/scan/", f"{between}send/"]  # fmt: skip
    manage = [f"{base}differences/settle/", f"{base}transfers/new/", f"{between}ask/", f"{between}cancel/"]
    return read, work, manage


def test_strangers_sign_in_and_customers_are_refused(web, client, store, elsewhere, goods):
    read, work, manage = doors(store, elsewhere, goods)
    for path in [*read, f"/store/{store.code}/differences/"]:
        assert "/sign-in/" in client.get(path)["Location"]
    for path in work + manage:
        assert "/sign-in/" in client.post(path)["Location"]
    customer = web(UserFactory())
    assert {customer.get(path).status_code for path in read} == {403}
    assert {customer.post(path).status_code for path in work + manage} == {403}


def test_people_of_another_store_are_refused_and_find_nothing_of_it_in_their_own(web, store, elsewhere, goods):
    third = floor(at=make_store("BLR-Y"))
    read, work, manage = doors(store, elsewhere, goods)
    for role in ("picker", "store_manager"):
        other = web(worker(third, role=role, on_shift=False))
        assert {other.get(path).status_code for path in read} == {403}
        assert {other.post(path).status_code for path in work + manage} == {403}
    for path in read[1], read[4]:
        assert other.get(path.replace(store.code, third.code, 1)).status_code == 404
    for path in [*work[1:5], work[6], *manage[2:]]:
        assert other.post(path.replace(store.code, third.code, 1)).status_code == 404
    order = purchase(store, (goods[0], 5, 100))
    assert other.post(f"/store/{third.code}/inbound/open/", {"purchase": order.pk}).status_code == 404
    assert GoodsReceipt.objects.count() == 1


def test_pickers_receive_but_do_not_manage_and_operations_only_look(web, store, elsewhere, goods):
    read, work, manage = doors(store, elsewhere, goods)
    picker = web(worker(store))
    assert {picker.get(path).status_code for path in read} == {200}
    assert picker.get(f"/store/{store.code}/differences/").status_code == 403
    assert {picker.post(path).status_code for path in manage} == {403}
    ops = web(UserFactory(roles=["ops"]))
    assert {ops.get(path).status_code for path in [*read, f"/store/{store.code}/differences/"]} == {200}
    assert {ops.post(path).status_code for path in work + manage} == {403}


def test_a_delivery_is_received_by_scan_from_the_list_to_the_bin(web, store, goods):
    milk, _bread = goods
    Bin.objects.create(store=store, code="C-01-1", zone="chilled", sequence=1)
    order = purchase(store, (milk, 6, 4_000))
    http, base = web(worker(store)), f"/store/{store.code}/"
    assert "Nandi Dairy" in http.get(f"{base}inbound/").content.decode()
    at = http.post(f"{base}inbound/open/", {"purchase": order.pk})["Location"]
    assert http.post(f"{base}inbound/open/", {"purchase": order.pk})["Location"] == at
    page = http.post(f"{at}scan/", {"code": milk.barcode[-4:]}, headers=HTMX).content.decode()
    assert 'name="degrees"' in page and f'value="{milk.sku}"' in page
    assert "not in the catalogue" in http.post(f"{at}scan/", {"code": "nonsense"}, headers=HTMX).content.decode()
    typed = {"sku": milk.sku, "qty": 5, "damaged": 1, "lot": "L7", "day": in_days(18), "nonce": "a"}
    refused = http.post(f"{at}line/", typed, headers=HTMX).content.decode()
    assert "need their temperature" in refused and 'value="L7"' in refused  # nothing typed is lost
    assert not ReceiptLine.objects.exists()
    for _ in range(2):
        assert 'data-kind="right"' in http.post(f"{at}line/", typed | {"degrees": "3,5"}, headers=HTMX).content.decode()
    assert ReceiptLine.objects.get().temperature_c == 3.5
    before = Stock.objects.get(store=store, product=milk).on_hand
    for _ in range(2):
        assert http.post(f"{at}close/", {"more": "no"})["Location"] == at
    assert Stock.objects.get(store=store, product=milk).on_hand == before + 5
    assert [(d.kind, d.units) for d in Discrepancy.objects.all()] == [("damaged", 1)]
    item = Putaway.objects.get()
    wrong = http.post(f"{base}putaway/scan/", {"item": item.pk, "code": "Z-9"}, headers=HTMX).content.decode()
    assert 'data-kind="wrong"' in wrong
    assert (
        f'value="{item.pk}"' in http.post(f"{base}putaway/scan/", {"code": milk.barcode}, headers=HTMX).content.decode()
    )
    right = http.post(f"{base}putaway/scan/", {"item": item.pk, "code": "C-01-1"}, headers=HTMX).content.decode()
    assert 'data-kind="right"' in right and "Everything is in its place" in right


def test_a_gs1_code_fills_lot_and_date(web, store):
    tea = product(name="Tea", barcode="8901234567890", shelf_life_days=300)
    http, one = web(worker(store)), receipt(store, purchase(store, (tea, 6, 4_000)))
    code = f"]d2010890123456789010LOT9\x1d17{timezone.localdate() + timedelta(days=200):%y%m%d}"
    page = http.post(f"/store/{store.code}/inbound/{one.pk}/scan/", {"code": code}, headers=HTMX).content.decode()
    assert 'value="LOT9"' in page and f"{timezone.localdate() + timedelta(days=200):%Y-%m-%d}" in page


def test_what_is_too_short_dated_is_for_the_manager_to_keep(web, store, goods):
    one = receipt(store, purchase(store, (goods[0], 6, 4_000)))
    at = f"/store/{store.code}/inbound/{one.pk}/line/"
    typed = {"sku": goods[0].sku, "qty": 5, "day": in_days(2), "degrees": "4"}
    picker = web(worker(store))
    page = picker.post(at, typed, headers=HTMX).content.decode()
    assert "Too short-dated" in page and 'value="refuse"' in page and 'value="keep"' not in page
    picker.post(at, typed | {"if_short": "keep"}, headers=HTMX)
    assert not ReceiptLine.objects.exists()
    manager = web(worker(store, role="store_manager"))
    assert 'value="keep"' in manager.post(at, typed, headers=HTMX).content.decode()
    manager.post(at, typed | {"if_short": "keep"}, headers=HTMX)
    assert ReceiptLine.objects.get().stays_blocked


def test_what_is_too_warm_is_said_loudly(web, store, goods):
    one = receipt(store, purchase(store, (goods[0], 6, 4_000)))
    typed = {"sku": goods[0].sku, "qty": 5, "day": in_days(18), "degrees": "9"}
    page = web(worker(store)).post(f"/store/{store.code}/inbound/{one.pk}/line/", typed, headers=HTMX).content.decode()
    assert 'data-kind="wrong"' in page and "Not taken in" in page
    assert ReceiptLine.objects.get().refused == 5


@pytest.mark.parametrize(
    "typed",
    [
        {"degrees": "warm"},
        {"degrees": "NaN"},
        {"day": "99"},
        {"day": "320126"},
        {"qty": "-4"},
        {"qty": "0"},
        {"sku": "no"},
    ],
)
def test_nonsense_gets_a_sentence_and_writes_nothing(web, store, goods, typed):
    one = receipt(store)
    good = {"sku": goods[0].sku, "qty": 5, "day": in_days(18), "degrees": "4"}
    answer = web(worker(store)).post(f"/store/{store.code}/inbound/{one.pk}/line/", good | typed, headers=HTMX)
    assert answer.status_code in (200, 302) and not ReceiptLine.objects.exists()


def test_units_go_from_store_to_store_through_the_screens(web, store, elsewhere, goods):
    _, bread = goods
    here, there = f"/store/{store.code}/transfers/", f"/store/{elsewhere.code}/transfers/"
    boss = web(worker(elsewhere, role="store_manager", on_shift=False))
    key = str(uuid4())
    for _ in range(2):
        at = boss.post(f"{there}new/", {"other": store.code, "way": "in", "transfer": key})["Location"]
    one = Transfer.objects.get()
    assert (one.from_store, one.to_store) == (store, elsewhere)
    assert "Bread" in boss.get(at, {"q": "Bread"}).content.decode()
    boss.post(f"{at}ask/", {"sku": bread.sku, "units": 4})
    boss.post(f"{at}send/", {f"units_{one.lines.get().pk}": 4})
    one.refresh_from_db()
    assert one.state == "requested"  # only the sender sends
    before = Stock.objects.get(store=store, product=bread).on_hand
    sender = web(worker(store))
    sender.post(f"{here}{one.pk}/send/", {f"units_{one.lines.get().pk}": 3})
    assert Stock.objects.get(store=store, product=bread).on_hand == before - 3
    assert "On its way" in sender.get(f"{here}{one.pk}/").content.decode()
    boss = web(worker(elsewhere, role="store_manager", on_shift=False))
    boss.post(f"{there}{one.pk}/cancel/")
    one.refresh_from_db()
    assert one.state == "dispatched"
    receiving = boss.post(f"/store/{elsewhere.code}/inbound/open/", {"transfer": one.pk})["Location"]
    boss.post(f"{receiving}line/", {"sku": bread.sku, "qty": 2}, headers=HTMX)
    boss.post(f"{receiving}close/")
    lot = one.lots.get()
    assert (lot.arrived, lot.lost, lot.in_transit) == (2, 1, 0)
    page = boss.get(f"/store/{elsewhere.code}/differences/").content.decode()
    assert "1 short" in page
    boss.post(f"/store/{elsewhere.code}/differences/settle/", {"row": Discrepancy.objects.get().pk, "how": "Lost"})
    assert Discrepancy.objects.get().settlement == "Lost"


def test_lists_need_few_statements_however_long(web, store, elsewhere, goods, django_assert_max_num_queries):
    picker = web(worker(store))
    for n in range(8):
        purchase(store, (goods[0], 5, 100), (goods[1], 2, 50))
        transfer(store, elsewhere, (goods[1], 1))
    one = receipt(store, purchase(store, (goods[0], 5, 100), *((product(), 3, 10) for _ in range(12))))
    for line in list(one.purchase.lines.select_related("product"))[1:]:
        enter(one, line.product, 2)
    for path in ("inbound/", "putaway/", "transfers/", f"inbound/{one.pk}/"):
        with django_assert_max_num_queries(16):
            assert picker.get(f"/store/{store.code}/{path}").status_code == 200


@pytest.mark.parametrize(
    ("text", "day"),
    [("311226", date(2026, 12, 31)), ("31/12/26", date(2026, 12, 31)), ("31122026", date(2026, 12, 31)),
     ("2026-12-31", date(2026, 12, 31)), ("0227", date(2027, 2, 28)), (" ", None)],
)  # fmt: skip
def test_a_day_is_read_as_it_is_typed(text, day):
    assert typed_day(text, today=NOW.date()) == day


@pytest.mark.parametrize("text", ["3", "310226", "001226", "ab", "1", "99999999", "२०२६-१२-३१", "0000-00-00", "1326"])
def test_a_day_that_is_none_is_refused(text):
    with pytest.raises(Invalid):
        typed_day(text, today=NOW.date())
