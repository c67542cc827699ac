"""The account's pages, and what orders tell of and forget about a person."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import services as accounts
from accounts.models import User
from catalog import services as catalog_services
from catalog.tests.factories import NOW, ProductFactory
from inventory import queries as stock
from orders.claims import ClaimPhoto
from orders.models import Order
from orders.services.photos import private
from orders.states import Status
from orders.tests.factories import advance, customer, order, shop
from orders.tests.test_claims import delivered, missing, photo_of, report
from orders.web.account import agent_words
from payments import queries as money

pytestmark = pytest.mark.django_db


def signed_in(user) -> Client:
    client = Client(HTTP_USER_AGENT="Mozilla/5.0 (Linux; Android 14) Chrome/120.0")
    client.force_login(user)
    return client


def test_every_page_of_the_account_opens_and_is_for_its_person():
    shop(ProductFactory())
    client = signed_in(customer())
    for path in ("/account/", "/account/places/", "/account/data/", "/account/messages/", "/lists/", "/help/"):
        assert client.get(path).status_code == 200, path
    for path in ("/account/places/", "/account/data/", "/account/data/export/", "/account/messages/"):
        assert Client().get(path).status_code == 302, path


def test_language_is_kept_for_pages_and_messages():
    shop(ProductFactory())
    user = customer()
    client = signed_in(user)
    client.post("/account/language/", {"language": "hi"})
    user.refresh_from_db()
    assert user.language == "hi"
    assert 'lang="hi"' in client.get("/account/").content.decode()
    client.post("/account/language/", {"language": "xx"})
    user.refresh_from_db()
    assert user.language == "hi"


def test_the_link_of_the_e_mail_asks_for_one_tap():
    shop(ProductFactory())
    user = accounts.update_profile(user_id=customer().pk, email="a@example.com")
    path = accounts.email_link(user_id=user.pk, email=user.email).split("/", 3)[3]
    stranger = Client()
    assert stranger.get(f"/{path}").status_code == 200
    user.refresh_from_db()
    assert user.email_verified_at is None
    stranger.post(f"/{path}")
    user.refresh_from_db()
    assert user.email_verified_at is not None


def test_signed_out_there_by_the_page():
    shop(ProductFactory())
    user = customer()
    here, there = signed_in(user), signed_in(user)
    page = here.get("/account/places/").content.decode()
    assert page.count(" since ") + page.count(">since ") == 2
    place = next(it for it in accounts.signed_in_places(
        user_id=user.pk, now=timezone.now(), session_key=here.session.session_key) if not it.is_here)  # fmt: skip
    here.post("/account/places/", {"place": place.id})
    assert there.get("/account/").status_code == 302
    assert here.get("/account/").status_code == 200


def test_the_export_has_a_part_of_every_room():
    an_order = delivered()
    report(an_order, missing(an_order))
    catalog_services.add_favourite(customer_id=an_order.customer_id, sku=an_order.lines.first().sku, now=NOW)
    told = signed_in(an_order.customer).get("/account/data/export/").json()
    assert set(told) == {"made_at", "orders", "wishes", "messages", "account"}
    (one,) = told["orders"]["orders"]
    assert one["number"] == an_order.number and len(one["lines"]) == 2
    assert told["orders"]["claims"][0]["kind"] == "missing"
    assert len(told["wishes"]["favourites"]) == 1
    stranger = signed_in(customer()).get("/account/data/export/").json()
    assert an_order.number not in str(stranger)


def forget(user: User) -> int:
    due = accounts.ask_deletion(user_id=user.pk, now=timezone.now())
    return accounts.forget_due(now=due)


def test_orders_and_books_stay_about_nobody(django_capture_on_commit_callbacks):
    an_order = delivered()
    kept = photo_of(an_order)
    report(an_order, missing(an_order), note="my neighbour Ravi saw it")
    before = (an_order.total_paise, an_order.lines.count())
    with django_capture_on_commit_callbacks(execute=True):
        assert forget(an_order.customer) == 1
    after = Order.objects.get(pk=an_order.pk)
    assert (after.total_paise, after.lines.count()) == before
    assert (after.contact_name, after.contact_phone, after.address_text) == ("", "", "—")
    assert (after.lat, after.lng) == (round(an_order.lat, 2), round(an_order.lng, 2))
    assert after.claims.get().note == ""
    assert not ClaimPhoto.objects.exists() and not private().exists(kept.name)
    assert money.audit() == [] and stock.audit() == []


def test_an_order_on_its_way_is_waited_for():
    running = advance(order(), Status.PACKED)
    assert forget(running.customer) == 0
    running.customer.refresh_from_db()
    assert running.customer.is_active and running.customer.name == "Asha"
    Order.objects.filter(pk=running.pk).update(status=Status.CLOSED)
    assert accounts.forget_due(now=timezone.now() + timedelta(days=99)) == 1


def test_asked_and_taken_back_on_the_page():
    shop(ProductFactory())
    user = customer()
    client = signed_in(user)
    client.post("/account/data/deletion/")
    assert "Keep my account" in client.get("/account/data/").content.decode()
    assert "Tap to keep it" in client.get("/account/").content.decode()
    client.post("/account/data/deletion/", {"keep": "1"})
    user.refresh_from_db()
    assert user.deletion_due_at is None


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit Chrome/120.0 Safari/537", "Chrome, Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604", "Safari, iPhone"),
        ("curl/8", "A browser"),
    ],
)
def test_a_browser_is_named_as_people_know_it(agent, words):
    assert agent_words(agent, "browser") == words
