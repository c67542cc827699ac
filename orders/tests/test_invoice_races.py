"""Numbers of documents under real threads. Controls show that the counter's lock, not luck, keeps them without gaps."""

from threading import Barrier

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Max

from catalog.tests.factories import NOW, ProductFactory
from orders.invoices import DocumentSeries, TaxDocument
from orders.services import invoices
from orders.services.invoices import keep_documents
from orders.states import Status
from orders.tests.factories import advance, customer, place_order, shop
from orders.tests.invoicing import supplier

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gone_out():
    """Eight orders of one store that have just left it."""
    supplier()
    place = shop(product := ProductFactory(), units=50)
    return [advance(place_order(customer(), place, [product]), Status.PICKED_UP) for _ in range(8)]


def serials() -> list[int]:
    return sorted(TaxDocument.objects.values_list("serial", flat=True))


def test_eight_orders_that_leave_at_once_have_eight_numbers_in_a_row(race, gone_out):
    results = race(8, lambda number: keep_documents(order_id=gone_out[number].pk, now=NOW))
    assert all(len(result) == 1 for result in results), results
    assert serials() == [1, 2, 3, 4, 5, 6, 7, 8]


def test_who_fails_after_the_number_was_drawn_leaves_no_gap(race, gone_out):
    def act(number: int) -> None:
        with transaction.atomic():
            keep_documents(order_id=gone_out[number].pk, now=NOW)
            if number % 2:
                raise RuntimeError("the server fell over")

    results = race(8, act)
    assert sum(isinstance(result, RuntimeError) for result in results) == 4
    assert serials() == [1, 2, 3, 4]
    assert DocumentSeries.objects.get().last_serial == 4


def test_one_order_asked_for_eight_times_at_once_has_one_invoice(race, gone_out):
    results = race(8, lambda: keep_documents(order_id=gone_out[0].pk, now=NOW))
    assert sorted(len(result) for result in results) == [0] * 7 + [1]
    assert serials() == [1]


def test_control_the_highest_number_and_one_collides(race, gone_out, monkeypatch):
    """Without the counter: everybody sees the same highest number, and the database lets one of them through."""
    keep_documents(order_id=gone_out[0].pk, now=NOW)

    all_looked = Barrier(4, timeout=30)

    def guess(number: int) -> int:
        with transaction.atomic():
            serial = (TaxDocument.objects.aggregate(last=Max("serial"))["last"] or 0) + 1
            all_looked.wait()
            row = TaxDocument.objects.get(serial=1)
            row.pk, row._state.adding = invoices.TaxDocument().pk, True
            row.order, row.serial, row.number = gone_out[number + 1], serial, f"X-{serial}"
            with connection.cursor() as cursor:  # the control has no counter, and so nothing that asks for one
                cursor.execute("SET LOCAL session_replication_role = replica")
            row.save(force_insert=True)
        return serial

    results = race(4, guess)
    assert sum(isinstance(result, int) for result in results) == 1, results
    assert sum(isinstance(result, IntegrityError) for result in results) == 3


def test_control_a_sequence_of_the_database_leaves_gaps(race):
    with connection.cursor() as cursor:
        cursor.execute("CREATE SEQUENCE control_of_gaps")
    kept: list[int] = []

    def act(number: int) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT nextval('control_of_gaps')")
            drawn = cursor.fetchone()[0]
            if number % 2:
                raise RuntimeError("the server fell over")
            kept.append(drawn)

    try:
        race(8, act)
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval('control_of_gaps')")
            following = cursor.fetchone()[0]
        assert following == 9
        assert len(kept) == 4
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP SEQUENCE control_of_gaps")
