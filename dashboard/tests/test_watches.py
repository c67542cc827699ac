"""Watched questions: when something is news, who is told, with whose rights it is asked; and two sweeps at once."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core import mail
from django.utils.translation import override

from accounts.models import RoleGrant
from accounts.tests.factories import UserFactory
from blinkit.kernel.errors import Invalid, NotAllowed
from blinkit.kernel.models import Event
from blinkit.kernel.said import say
from blinkit.kernel.words import said
from catalog.tests.factories import NOW
from dashboard import charts
from dashboard.errors import QuestionNotFound, TooManySaved
from dashboard.models import QuestionAlert, QuestionWatch
from dashboard.services import asking, saved, watches
from dashboard.tests.asking import ONIONS, Fake, price
from notifications.adapters.mail import MailAdapter
from notifications.models import Channel, Message

MINUTE = timedelta(minutes=1)


@pytest.fixture
def fake(monkeypatch):
    made = Fake()
    monkeypatch.setattr(asking, "ask", made)
    return made


def watched(user=None, **bounds):
    user = user or UserFactory(roles=["ops"], email="asha@example.com")
    kept = saved.save(owner_id=user.pk, title="Onions", text="cheapest onions", understood=ONIONS.understood, now=NOW)
    return watches.watch(
        saved_id=kept.pk, user_id=user.pk, field="price", now=NOW, **({"every_s": 60, "below": 2_500.0} | bounds)
    )


def told():
    return Event.objects.filter(code="notifications.QuestionTold").count()


@pytest.mark.parametrize(
    ("value", "was", "above", "below", "news"),
    [
        (101, None, 100, None, True),  # beyond it when first looked at
        (101, 99, 100, None, True),
        (102, 101, 100, None, False),  # told already
        (100, 99, 100, None, False),  # at the bound is not above it
        (24, 26, None, 25, True),
        (25, 26, None, 25, False),
        (24, 23, None, 25, False),
        (7, None, None, None, False),  # nothing to compare it with
        (7, 7, None, None, False),
        (8, 7, None, None, True),
    ],
)
def test_news_is_passing_a_bound_or_without_one_any_change(value, was, above, below, news):
    assert watches.is_news(value, was, above=above, below=below) is news


@pytest.mark.django_db
def test_the_owner_is_told_once_when_the_bound_is_passed_with_the_chart_in_the_mail(fake, run_events):
    one = watched()
    assert watches.sweep(now=NOW) == 1 and told() == 0
    assert watches.sweep(now=NOW) == 0  # not due
    fake.says = price(2_400)
    watches.sweep(now=NOW + MINUTE)
    watches.sweep(now=NOW + 2 * MINUTE)
    alert = QuestionAlert.objects.get()
    assert (alert.value, alert.was, told()) == (2_400, 2_900, 1)
    one.refresh_from_db()
    assert (one.last_value, one.told_at) == (2_400, NOW + MINUTE)
    run_events()
    by_mail = Message.objects.get(template_code="question_told", channel=Channel.EMAIL)
    assert "₹24" in by_mail.subject and "It was ₹29." in by_mail.body
    assert Message.objects.get(template_code="question_told", channel=Channel.INAPP).link == by_mail.link
    MailAdapter().send(by_mail)
    ((_name, picture, kind),) = mail.outbox[0].attachments
    assert kind == "image/png" and picture.startswith(b"\x89PNG") and len(picture) < 60_000


@pytest.mark.django_db
def test_what_was_found_is_kept_in_the_language_of_its_owner(fake):
    sentence = say("Nothing was found for this.")
    fake.says = replace(price(2_400), sentence=sentence)
    watched(UserFactory(roles=["ops"], language="hi"))
    watches.sweep(now=NOW)
    kept = QuestionAlert.objects.get().answer
    with override("hi"):
        assert (kept["sentence"], kept["label"]) == (said(sentence), said("price"))
    assert kept["sentence"] != sentence
    assert Event.objects.get(code="notifications.QuestionTold").payload["sentence"] == kept["sentence"]


@pytest.mark.django_db
def test_a_mail_whose_picture_cannot_be_drawn_goes_without_it(fake, run_events, monkeypatch):
    fake.says = price(2_400)
    watched()
    watches.sweep(now=NOW)
    run_events()
    monkeypatch.setattr(charts, "png", lambda *_, **__: 1 / 0)
    MailAdapter().send(Message.objects.get(template_code="question_told", channel=Channel.EMAIL))
    assert mail.outbox[0].attachments == []


@pytest.mark.django_db
def test_it_is_asked_with_todays_rights_and_stops_and_says_so_when_they_are_gone(fake, run_events):
    user = UserFactory(roles=["ops"])
    one = watched(user)
    watches.sweep(now=NOW)
    assert "ops" in fake.asked[-1][1].audiences
    RoleGrant.objects.filter(user=user).delete()
    watches.sweep(now=NOW + MINUTE)
    assert "ops" not in fake.asked[-1][1].audiences
    fake.says = NotAllowed("You may not ask about orders.")
    watches.sweep(now=NOW + 2 * MINUTE)
    one.refresh_from_db()
    assert not one.is_active
    assert watches.sweep(now=NOW + 3 * MINUTE) == 0
    run_events()
    assert "You may not ask about orders." in Message.objects.get(template_code="watch_stopped").body


@pytest.mark.django_db
def test_a_fault_of_the_house_ends_no_watch(fake):
    one = watched()
    fake.says = RuntimeError("a bug")
    watches.sweep(now=NOW)
    one.refresh_from_db()
    assert one.is_active and one.due_at == NOW + MINUTE


@pytest.mark.django_db
def test_bounds_are_checked_and_a_figure_of_a_question_is_watched_once(fake):
    one = watched()
    again = watches.watch(saved_id=one.question_id, user_id=one.owner_id, field="price", above=9.0, now=NOW)
    assert again.pk == one.pk and (again.above, again.below) == (9.0, None)
    for wrong in ({"every_s": 5}, {"above": float("nan")}):
        with pytest.raises(Invalid):
            watched(**wrong)
    with pytest.raises(QuestionNotFound):
        watches.watch(saved_id=one.question_id, user_id=UserFactory().pk, field="price", now=NOW)
    with pytest.raises(QuestionNotFound):
        watches.stop(watch_id=one.pk, user_id=UserFactory().pk)
    QuestionWatch.objects.all().delete()
    QuestionWatch.objects.bulk_create(
        QuestionWatch(question_id=one.question_id, owner_id=one.owner_id, field=f"f{n}", due_at=NOW)
        for n in range(watches.MOST_WATCHES)
    )
    with pytest.raises(TooManySaved):
        watches.watch(saved_id=one.question_id, user_id=one.owner_id, field="price", now=NOW)


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_tell_once(fake, race, monkeypatch):
    monkeypatch.setattr("blinkit.kernel.delivery.publish", lambda ids: None)
    fake.says = price(2_400)
    one = watched()
    assert sorted(race(2, lambda: watches.sweep(now=NOW))) == [0, 1]
    assert (QuestionAlert.objects.count(), told()) == (1, 1)
    # Even where both had claimed it (a worker that slept through its turn), the lock and the look judge once.
    QuestionWatch.objects.update(last_value=None, looked_at=None)
    one.refresh_from_db()
    assert race(4, lambda: watches._look(one, now=NOW + MINUTE)) == [None] * 4
    assert (QuestionAlert.objects.count(), told()) == (2, 2)


@pytest.mark.django_db(transaction=True)
def test_control_without_claim_and_lock_two_sweeps_tell_twice(fake, race):
    one = watched()
    both_looked = threading.Barrier(2)

    def unguarded() -> None:
        was = QuestionWatch.objects.get(pk=one.pk).last_value
        both_looked.wait(timeout=5)
        if watches.is_news(2_400.0, was, above=None, below=2_500.0):
            QuestionAlert.objects.create(watch=one, at=NOW, value=2_400.0, was=was, answer={})

    assert race(2, unguarded) == [None, None]
    assert QuestionAlert.objects.count() == 2
