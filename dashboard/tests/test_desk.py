"""The order desk: found by number and phone, told in words, acted on through the services."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from accounts.tests.factories import UserFactory
from blinkit.kernel.words import said
from catalog.tests.factories import NOW
from dashboard import queries, words
from dashboard.queries.desk import story
from delivery import saying_no
from delivery.models import Decision, Job, JobState, Trip
from delivery.tests.factories import offered, rider, trip, waiting_job
from orders.models import Evidence, Order, OrderLine
from orders.states import Status
from orders.tests.factories import advance, order

pytestmark = pytest.mark.django_db
DESK_STATEMENTS = 27


@pytest.fixture
def ops(client):
    client.force_login(UserFactory(name="Meera", roles=["ops"]))
    return client


def numbers(**asked):
    return [found.number for found in queries.order_list(now=asked.pop("now", NOW), **asked)]


def test_finds_an_order_by_number_digits_id_and_phone():
    one, other = order(), order()
    for q in (
        one.number,
        one.number.lower(),
        one.number.split("-")[-1],
        str(one.pk),
        one.contact_phone,
        one.contact_phone[3:],
    ):
        assert numbers(q=q) == [one.number], q
    assert set(numbers()) == {one.number, other.number}
    assert numbers(q="no such thing") == []


def test_filters_by_state_store_and_lateness():
    one = order()
    two = advance(order(at=one.store), Status.PACKED)
    assert numbers(state="PACKED") == numbers(state="no-rider") == [two.number]
    assert numbers(store="ELSEWHERE") == []
    assert set(numbers(state="late", now=NOW + timedelta(hours=2))) == {one.number, two.number}
    assert numbers(state="late") == []


def test_the_list_costs_the_same_for_many(ops, django_assert_max_num_queries):
    first = order()
    for _ in range(4):
        order(at=first.store)
    with django_assert_max_num_queries(7):
        assert ops.get("/ops/orders/").status_code == 200


def test_an_exact_number_opens_the_order(ops):
    one = order()
    assert ops.get(f"/ops/orders/?q={one.number}").url == f"/ops/orders/{one.pk}/"


@pytest.mark.parametrize("query", ["?before=nonsense", "?before=2026-99-99T00:00", "?state=odd", "?q=" + "9" * 200])
def test_odd_questions_do_no_harm(ops, query):
    assert ops.get(f"/ops/orders/{query}").status_code == 200


def test_a_nul_is_refused_before_anything_is_asked(ops):
    assert ops.get("/ops/orders/?q=%00").status_code == 400


def test_one_page_tells_the_whole_story(ops, django_assert_max_num_queries):
    _made, stop = trip(to_door=True)
    an_order = stop.job.order
    with django_assert_max_num_queries(DESK_STATEMENTS):
        page = ops.get(f"/ops/orders/{an_order.pk}/").content.decode()
    for words_ in ("Placed for", "The rider took the trip", "Ravi (rider)", "Why this rider?", an_order.contact_phone):
        assert words_ in page
    part = ops.get(f"/ops/orders/{an_order.pk}/", headers={"HX-Request": "true"})
    assert b"<html" not in part.content


def test_evidence_is_told_with_names_not_with_numbers(ops):
    an_order, picker = order(), UserFactory(name="Geeta Kumari")
    (line,) = OrderLine.objects.filter(order=an_order)[:1]
    detail = {"bags": ["B-1"], "slot": "A1", "lines": [{"product": line.product_id, "qty": 2, "picked": 2}]}
    for kind, told in (("packed", detail), ("door_photo", {"photo": "x"}), ("moon_landing", {})):
        Evidence.objects.create(order=an_order, kind=kind, detail=told, actor=f"user:{picker.pk}", at=NOW)
    _told, proofs = story(an_order.pk)
    assert [(one.title, one.who) for one in proofs] == [
        ("Packed", "Geeta Kumari"), ("Photo at the door", "Geeta Kumari"), ("moon_landing", "Geeta Kumari"),
    ]  # fmt: skip
    doubt = {"where": "door", "metres": 2649}
    Evidence.objects.create(order=an_order, kind="arrival_unproven", detail=doubt, actor="rider:7", at=NOW)
    page = ops.get(f"/ops/orders/{an_order.pk}/").content.decode()
    assert f"{line.name}: 2/2" in page
    assert "At the door · the phone is 2.6 km away" in page and "metres:" not in page


def test_cancels_with_a_reason_and_never_without(ops):
    an_order = order()
    ops.post(f"/ops/orders/{an_order.pk}/cancel/", {"reason": ""})
    assert Order.objects.get().status == Status.CONFIRMED
    answer = ops.post(f"/ops/orders/{an_order.pk}/cancel/", {"reason": "Power cut"}, follow=True)
    assert (Order.objects.get().status, Order.objects.get().cancel_reason) == (Status.CANCELLED, "Power cut")
    assert "Meera" in answer.content.decode()


def test_a_refused_act_says_so_on_the_same_page(ops):
    gone = advance(order(), Status.IN_TRANSIT)
    answer = ops.post(f"/ops/orders/{gone.pk}/cancel/", {"reason": "Too late"}, follow=True)
    assert "The bags have left the store" in answer.content.decode()


def test_sends_a_rider_by_hand_and_takes_the_order_back(ops):
    job = waiting_job()
    asked, other = rider(job.store, name="Asif"), rider(job.store, name="Bina")
    offer = offered(job)
    by_hand = other if offer.rider_id == asked.pk else asked
    assert str(by_hand) in ops.get(f"/ops/orders/{job.order_id}/").content.decode()
    ops.post(f"/ops/orders/{job.order_id}/assign/", {"rider": by_hand.pk})
    assert Trip.objects.get(ended_at=None).rider_id == by_hand.pk
    ops.post(f"/ops/orders/{job.order_id}/unassign/", {"reason": "The rider does not answer"})
    assert not Trip.objects.filter(ended_at=None).exists()
    assert Job.objects.get().state == JobState.SEEKING


def test_the_desk_reads_what_bars_a_rider_and_may_send_them_all_the_same_where_that_is_allowed(ops):
    job = waiting_job()
    small, unwilling = rider(job.store, name="Asif", max_bags=0), rider(job.store, name="Bina")
    said_no = saying_no.noted([], unwilling.pk, pause=timedelta(days=1), now=timezone.now())
    Job.objects.filter(pk=job.pk).update(declined_by=said_no)
    page = ops.get(f"/ops/orders/{job.order_id}/").content.decode()
    assert f'value="{small.pk}" disabled>' in page and "Asif cannot carry so many bags: 1, with room for 0." in page
    path = f"/ops/orders/{job.order_id}/assign/"
    assert "Bina said no to it" in ops.post(path, {"rider": unwilling.pk}, follow=True).content.decode()
    told = ops.post(path, {"rider": small.pk, "sure": "1"}, follow=True).content.decode()
    assert "cannot carry so many" in told and not Trip.objects.exists()
    ops.post(path, {"rider": unwilling.pk, "sure": "1"})
    assert Trip.objects.get().rider_id == unwilling.pk


def test_the_figures_of_a_round_are_told_with_their_rule_and_why_others_could_not(ops):
    job = waiting_job()
    rider(job.store, name="Asif"), rider(job.store, name="Bina", max_bags=0)
    offered(job)
    page = ops.get(f"/ops/orders/{job.order_id}/").content.decode()
    assert "takes the plan that is best in sum" in page and "the lowest sum of seconds wins" not in page
    assert "Bina</" in page or "Bina <" in page
    assert "cannot carry so many bags" in page and "for where it ends" in page
    Decision.objects.update(strategy="nearest")
    assert "the lowest wins" in ops.get(f"/ops/orders/{job.order_id}/").content.decode()
    Decision.objects.update(rider=None, left="broadcast")
    assert "The first answer counts" in ops.get(f"/ops/orders/{job.order_id}/").content.decode()
    Decision.objects.update(left="nobody may have it: said no to it (2), has no cold bag (1)")
    page = ops.get(f"/ops/orders/{job.order_id}/").content.decode()
    assert "nobody may have it" in page and "said no to it (2)" not in page
    Decision.objects.update(left="no rider is free for it")
    assert "waits for the next round" in ops.get(f"/ops/orders/{job.order_id}/").content.decode()


def test_assigning_nobody_is_refused_in_words(ops):
    job = waiting_job()
    answer = ops.post(f"/ops/orders/{job.order_id}/assign/", {"rider": "x"}, follow=True)
    assert "Choose a rider" in answer.content.decode()


@pytest.mark.parametrize("role", ["customer", "picker", "store_manager", "rider"])
@pytest.mark.parametrize("act", ["", "cancel/", "assign/", "unassign/"])
def test_nobody_else_sees_or_acts(client, role, act):
    an_order = order()
    client.force_login(UserFactory(roles=[role]))
    path = f"/ops/orders/{an_order.pk}/{act}"
    answer = client.post(path, {"reason": "x", "rider": 1}) if act else client.get(path)
    assert answer.status_code == 403
    assert Order.objects.get().status == Status.CONFIRMED


def test_an_order_that_is_none_is_not_found(ops):
    assert ops.get("/ops/orders/00000000-0000-7000-8000-000000000000/").status_code == 404


def test_every_event_of_an_order_has_words():
    from importlib import import_module

    from blinkit.kernel.events import DomainEvent

    known = set(words._SAY)
    for app in ("orders", "fulfillment", "payments", "delivery"):
        module = import_module(f"{app}.events")
        for name, cls in vars(module).items():
            own = isinstance(cls, type) and issubclass(cls, DomainEvent) and cls.__module__ == module.__name__
            if own and {"order_id", "ref"} & set(cls.__dataclass_fields__):
                assert cls.code() in known, f"give {name} words in dashboard/words.py"


def test_what_happened_is_told_in_the_language_of_whoever_reads(monkeypatch):
    hindi = {
        "{answer} ({reason})": "{answer} ({reason})", "The rider declined it": "राइडर ने मना किया", "Too far": "बहुत दूर",
        "{qty} × {product} was recalled, {money} refunded": "{product} के {qty} वापस मँगाए, {money} वापस",
    }  # fmt: skip
    monkeypatch.setattr("blinkit.kernel.words.gettext", lambda text: hindi.get(text, text))
    no = words.sentence("delivery.OfferAnswered", {"answer": "declined", "reason": "Too far"})
    recalled = words.sentence("orders.LineRecalled", {"qty": 2, "product_name": "Milk", "refund_paise": 6_000})
    assert (no, recalled) == ("The rider declined it (Too far)", "2 × Milk was recalled, ₹60 refunded")
    with translation.override("hi"):
        assert (said(no), said(recalled)) == ("राइडर ने मना किया (बहुत दूर)", "Milk के 2 वापस मँगाए, ₹60 वापस")


def test_an_event_without_words_shows_its_name():
    assert words.sentence("moon.Landed", {}) == "Landed"
    assert words.sentence("orders.OrderPlaced", {}) == "OrderPlaced"


def test_the_landing_page_shows_what_waits(client):
    an_order = order()
    Order.objects.filter(pk=an_order.pk).update(promised_by=timezone.now() - timedelta(minutes=5))
    boss = UserFactory(is_staff=True, is_superuser=True, roles=["admin"])
    client.force_login(boss)
    page = client.get("/admin/")
    assert page.status_code == 200
    assert "Late orders" in page.content.decode()
    assert [it.count for it in page.context["waiting"] if it.title == "Late orders"] == [1]
    for it in page.context["waiting"]:
        assert client.get(it.url).status_code == 200, it.url
