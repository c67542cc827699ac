"""Who has to answer a dispute sees it: the list, the first page, the statement of the order."""

import pytest
from django.urls import reverse

from accounts.tests.factories import UserFactory
from blinkit.kernel.models import Event
from catalog.tests.factories import NOW
from payments import services
from payments.standins.rigs import SandboxRig

pytestmark = pytest.mark.django_db


@pytest.fixture
def disputed():
    with SandboxRig(NOW) as rig:
        payment, attempt = rig.paid(instrument="card")
        ref = rig.dispute(attempt)
        rig.hear()
        yield rig, payment, attempt, ref


def signed_in(client, **rights):
    client.force_login(UserFactory(is_staff=True, **rights))
    return client


def test_an_administrator_sees_it_and_can_change_nothing(disputed, client):
    http = signed_in(client, is_superuser=True)
    listed = http.get(reverse("admin:payments_dispute_changelist")).content.decode()
    assert "₹482" in listed
    assert "Goods not received" in listed
    assert http.get(reverse("admin:payments_dispute_add")).status_code == 403
    found = http.get(reverse("admin:payments_dispute_changelist"), {"q": disputed[3]}).content.decode()
    assert "Goods not received" in found


def test_staff_without_the_right_see_neither_disputes_nor_routes(disputed, client):
    http = signed_in(client)
    for page in ("admin:payments_dispute_changelist", "admin:payments_route_changelist", "admin:payments_route_add"):
        assert http.get(reverse(page)).status_code == 403


def test_the_first_page_and_the_statement_say_it_until_it_is_over(disputed, client):
    rig, payment, attempt, ref = disputed
    http = signed_in(client, is_superuser=True)
    waiting = {row.title: row for row in http.get("/admin/").context["waiting"]}
    assert (waiting["Disputes to answer"].count, waiting["Disputes to answer"].urgent) == (1, True)
    rig.end_dispute(attempt, ref, won=False)
    rig.hear()
    waiting = {row.title: row for row in http.get("/admin/").context["waiting"]}
    assert waiting["Disputes to answer"].count == 0
    lines = [(line.text, line.amount_paise) for line in services.statement(payment.ref)]
    assert lines[-2:] == [
        ("Disputed with the bank, ₹482: Goods not received", 0),
        ("Dispute over ₹482: Goods not received: lost, the bank took it back", 0),
    ]


def test_each_end_is_an_event_once(disputed):
    rig, payment, attempt, ref = disputed
    rig.end_dispute(attempt, ref, won=True)
    told = rig.take_messages()
    again = [rig.sign_again(message, at=NOW, event_id="ev_again") for message in told]
    rig.deliver([*told, *told, *again])
    codes = Event.objects.filter(subject=f"payment:{payment.pk}", code__startswith="payments.Dispute")
    assert list(codes.order_by("pk").values_list("code", flat=True)) == [
        "payments.DisputeOpened",
        "payments.DisputeClosed",
    ]
