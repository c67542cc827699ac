"""Where promises break: by store and stage, how good the warnings were, and who may look."""

from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from dashboard.queries.board import board, forget_board
from dashboard.queries.promises import promises_today
from orders import services
from orders.models import Order
from orders.states import Status
from orders.tests.factories import advance, order

pytestmark = pytest.mark.django_db
M = timedelta(minutes=1)


@pytest.fixture
def late_one():
    """Warned of, then delivered five minutes late: it lost its time before the store took it up."""
    found = order()
    services.sweep_timers(now=found.placed_at)
    services.sweep_timers(now=found.promised_by - 3 * M)
    services.sweep_timers(now=found.promised_by - M)
    done = advance(found, Status.DELIVERED)
    Order.objects.filter(pk=done.pk).update(delivered_at=done.promised_by + 5 * M, finished_at=done.promised_by + 5 * M)
    services.sweep_timers(now=done.promised_by + 5 * M)
    return done


def test_the_page_counts_where_the_line_was_crossed_and_what_was_warned_of(late_one, django_assert_num_queries):
    with django_assert_num_queries(2):
        found = promises_today(now=late_one.promised_by + 6 * M)
    (store,) = found.stores
    assert (store.code, store.worst, store.breached) == (late_one.store.code, "accept", 1)
    assert (store.stages[0].percent, store.stages[1].percent) == (100, None)
    told = found.warnings
    assert (told.delivered, told.late, told.warned, told.right, told.right_percent) == (1, 1, 1, 1, 100)
    assert told.in_time_percent in (0, 100) and told.lead_m > 0


def test_the_page_is_for_operations(client):
    client.force_login(UserFactory(roles=["ops"]))
    page = client.get("/ops/promises/")
    assert page.status_code == 200 and b"Nothing has been timed today" in page.content
    part = client.get("/ops/promises/", headers={"HX-Request": "true"})
    assert b"<html" not in part.content


@pytest.mark.parametrize("role", ["customer", "picker", "store_manager", "rider"])
def test_nobody_else_comes_in(client, role):
    client.force_login(UserFactory(roles=[role]))
    assert client.get("/ops/promises/").status_code == 403
    assert client.post("/ops/promises/").status_code in (403, 405)


def test_the_board_and_the_desk_say_stage_reason_and_what_could_help(client, monkeypatch):
    an_order = order()
    at = an_order.promised_by - M
    services.sweep_timers(now=at)
    forget_board()
    (risk,) = board(now=at).at_risk
    assert (risk.stage, risk.help, risk.help_url) == (
        "accept",
        "Move it to another store",
        f"/store/{risk.store_code}/",
    )
    assert risk.percent >= 50 and risk.expected_late_s > 0 and risk.here_m > risk.usual_m
    client.force_login(UserFactory(roles=["ops"]))
    forget_board()
    page = client.get("/ops/").content.decode()
    assert "Taken up by the store" in page and "Move it to another store" in page
    desk = client.get(f"/ops/orders/{an_order.pk}/").content.decode()
    assert "Taken up by the store" in desk and "warned" in desk
    forget_board()
