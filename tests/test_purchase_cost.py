"""What a purchase costs the database, from the tap to the queue of the store: counted, so that it does not creep up."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.tests.factories import NOW, ProductFactory
from orders import services
from orders.tests.factories import address, customer, full_cart, shop

pytestmark = pytest.mark.django_db
CHECKOUT, REACTIONS = 15, 14
"""Checkout itself; what follows from it (pick task, rider, message) without the deliverer's own bookkeeping."""
BOOKKEEPING = ("kernel_event", "kernel_receipt", "SAVEPOINT")


def test_a_cash_purchase_of_five_lines(run_events, capsys):
    goods = ProductFactory.create_batch(5)
    place, user = shop(*goods), customer()
    where, view = address(user), full_cart(user, place, goods)
    run_events()
    with CaptureQueriesContext(connection) as bought:
        services.checkout(
            customer_id=user.pk, address_id=where.pk, method="cod", bill_fingerprint=view.fingerprint, now=NOW
        )
    with CaptureQueriesContext(connection) as followed:
        run_events()
    reactions = [row for row in followed if not any(word in row["sql"] for word in BOOKKEEPING)]
    with capsys.disabled():
        print(f"\npurchase: {len(bought)} + {len(reactions)} = {len(bought) + len(reactions)} statements")
    assert len(bought) <= CHECKOUT, "\n".join(row["sql"][:120] for row in bought)
    assert len(reactions) <= REACTIONS, "\n".join(row["sql"][:120] for row in reactions)
