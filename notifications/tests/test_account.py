"""Claims and e-mail links are told, and channels are chosen on a page."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts import services as accounts
from accounts.models import User
from notifications.facts import facts_of
from notifications.models import Message
from notifications.services import preferences
from orders import services as orders
from orders.claims import ClaimPolicy
from orders.tests.factories import customer
from orders.tests.test_claims import delivered, missing, report
from payments.events import WalletCredited

pytestmark = pytest.mark.django_db


def test_a_claim_is_told_when_received_and_when_decided_in_the_customers_language(run_events):
    ClaimPolicy.objects.create(small_paise=0)
    an_order = delivered()
    an_order.customer.language = "hi"
    an_order.customer.save()
    (claim,) = report(an_order, missing(an_order, 2))
    orders.decide_claim(claim_id=claim.pk, refund_paise=100, reason="Sorry", actor="user:1", now=claim.created_at)
    run_events()
    told = Message.objects.filter(user=claim.customer, template_code__startswith="claim_", channel="inapp")
    assert set(told.values_list("template_code", flat=True)) == {"claim_received", "claim_approved"}
    approved = told.get(template_code="claim_approved")
    assert "लौट" in approved.subject and "Sorry" in approved.body
    assert approved.link == f"/orders/{an_order.pk}/help/"


@pytest.mark.parametrize("method", ["cod", "wallet"])
def test_what_is_in_the_wallet_at_once_is_told_once_and_said_to_be_there(run_events, method):
    an_order = delivered()
    type(an_order).objects.filter(pk=an_order.pk).update(payment_method=method)
    (claim,) = report(an_order, missing(an_order))
    assert claim.state == "refunded"
    run_events()
    told = Message.objects.filter(user=claim.customer, template_code__in=["claim_approved", "refund_completed"])
    message = told.get(channel="inapp")
    assert message.template_code == "claim_approved" and "It is in your wallet." in message.body


def test_a_refusal_says_why(run_events):
    ClaimPolicy.objects.create(small_paise=0)
    an_order = delivered()
    (claim,) = report(an_order, missing(an_order, 2))
    orders.decide_claim(claim_id=claim.pk, refund_paise=0, reason="It was there", actor="user:1", now=claim.created_at)
    run_events()
    assert "It was there." in Message.objects.get(template_code="claim_refused", channel="inapp").body


def test_the_mail_goes_to_the_new_address_with_the_link(run_events):
    accounts.update_profile(user_id=customer().pk, email="a@example.com")
    run_events()
    message = Message.objects.get(template_code="confirm_email")
    assert message.to == "a@example.com" and "/account/email/" in message.body


def test_an_address_that_was_changed_again_is_not_written_to(run_events):
    user = customer()
    accounts.update_profile(user_id=user.pk, email="a@example.com")
    accounts.update_profile(user_id=user.pk, email="b@example.com")
    run_events()
    assert [message.to for message in Message.objects.filter(template_code="confirm_email")] == ["b@example.com"]


def test_channels_are_chosen_on_a_page():
    user = customer()
    client = Client()
    assert client.get("/account/messages/").status_code == 302
    client.force_login(user)
    client.post("/account/messages/", {"channel": ["inapp", "email"]})
    assert preferences(user_id=user.pk) == {"sms": False, "push": False, "email": True, "inapp": True}


def test_nothing_is_said_to_who_is_forgotten():
    gone = User.objects.create_user("+919876500077", name="Asha")
    event = WalletCredited(customer_id=gone.pk, amount_paise=1, source="goodwill", reason="Sorry")
    assert facts_of(event) is not None
    accounts.forget_due(now=accounts.ask_deletion(user_id=gone.pk, now=timezone.now()))
    assert facts_of(event) is None
