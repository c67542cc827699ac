"""One customer's way in Hindi: no sentence the house makes is left in Latin letters."""

import ast
import html
import re
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from django.utils.translation import gettext, override

from blinkit.kernel.errors import Refusal
from blinkit.kernel.said import Said, say, together
from blinkit.kernel.words import said, with_local
from catalog.models import FeePolicy
from catalog.tests.factories import ProductFactory
from orders import services
from orders.models import Order
from orders.states import Status
from orders.tests.factories import HOME, address, advance, customer, shop
from orders.tests.test_claims import jpeg
from orders.tests.test_promotions import coupon, promotion

ROOT = Path(settings.BASE_DIR)
ALLOWED = re.compile(
    r"\b(Tokri|Store BLR-T|BLR-T|English|UPI|GST|MRP|HSN|JSON|SMS|QR|Asha|Ravi|Chrome|Android|JPEG|PNG|WebP|MB|"
    r"Product \d+|5th Cross|T-\d+|T\d{5}|[A-Z]+\d+|ADD|Home|\d+\s?g|km|ml|kg|pc)\b"
)
"""Names (a refusal keeps the name the order keeps), the customer's own address, units, and what Hindi writes so too."""

NO_WORDS = re.compile(r"%[a-z]+%|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
"""A place a script fills, and the number of the request that a refusal's page gives to whoever asks about it."""


def latin(page: str) -> list[str]:
    """Words in Latin letters that a reader of the page sees or hears."""
    page = re.sub(r"<(script|style|head)\b.*?</\1>", " ", page, flags=re.S)
    heard = re.findall(r'(?:aria-label|placeholder|title|alt)="([^"]*)"', page)
    seen = re.sub(r"<[^>]*>", "\n", page)
    found = []
    for text in [*heard, *seen.split("\n")]:
        rest = ALLOWED.sub(" ", NO_WORDS.sub(" ", html.unescape(text)))
        if re.search(r"[A-Za-z]{3,}", rest):
            found.append(" ".join(text.split()))
    return found


@pytest.fixture
def hindi():
    user = customer(language="hi")
    address(user, label="Home")
    client = Client()
    client.force_login(user)
    client.cookies["django_language"] = "hi"
    client.post("/place/", {"lat": HOME[0], "lng": HOME[1]})
    return user, client


@pytest.mark.django_db
def test_one_journey_in_hindi(hindi):
    user, client = hindi
    goods = [ProductFactory(name_hi=f"सामान {n}", brand=None, max_per_order=3) for n in range(3)]
    for product in goods:
        product.category.name_hi = "श्रेणी"
        product.category.save()
    place = shop(*goods, units=9, price_paise=2_000)
    FeePolicy.objects.create(
        store=place, small_cart_below_paise=50_000, far_metres=1, far_extra_paise=1_000, cod_limit_paise=9_000,
        minimum_order_paise=5_000,
    )  # fmt: skip
    coupon("SAVE10", on=promotion(name="बचत", needs_code=True, min_items_paise=90_000))

    left: list[tuple[str, str]] = []

    def look(path, *, status=200, **form):
        answer = client.post(path, form, follow=True) if form else client.get(path)
        assert answer.status_code == status, (path, answer.status_code)
        left.extend((path, words) for words in latin(answer.content.decode()))
        return answer.content.decode()

    look("/")
    look(f"/shelf/{goods[0].category.slug}/")
    look(f"/p/{goods[0].sku}/")
    look("/cart/")
    look("/cart/line/", sku=goods[0].sku, qty="1", next="/cart/")
    assert "से शुरू होता है" in look("/cart/")  # below the least order
    assert "एक ऑर्डर में" in look("/cart/line/", status=409, sku=goods[0].sku, qty="99")
    for product in goods:
        look("/cart/line/", sku=product.sku, qty="2", next="/cart/")
    page = look("/cart/")
    assert "से मुफ़्त" in page and "किमी से दूर" in page
    assert "ऐसा कोई कोड नहीं है" in look("/cart/coupon/", code="NOSUCH")
    assert "का और लीजिए" in look("/cart/coupon/", code="SAVE10")
    look("/checkout/")
    refused = client.post("/checkout/", {"address": str(user.addresses.get().pk), "method": "cod", "fingerprint": "x"})
    assert refused.status_code == 409
    left.extend(("/checkout/", words) for words in latin(refused.content.decode()))
    fingerprint = re.search(r'name="fingerprint" value="(\w+)"', refused.content.decode()).group(1)
    form = {"address": str(user.addresses.get().pk), "method": "cod", "fingerprint": fingerprint}
    too_much = client.post("/checkout/", form)
    assert "नक़द" in too_much.content.decode()
    left.extend(("/checkout/", words) for words in latin(too_much.content.decode()))
    FeePolicy.objects.update(cod_limit_paise=900_000)
    place.save()
    from catalog import versions

    versions.bump(f"shelf:{place.pk}")
    placed = client.post("/checkout/", form)
    assert placed.status_code == 302, latin(placed.content.decode())
    an_order = Order.objects.get(customer=user)
    look(f"/orders/{an_order.pk}/")
    look(f"/orders/{an_order.pk}/help/")
    advance(an_order, Status.PICKED_UP)
    look(f"/orders/{an_order.pk}/")
    look(f"/orders/{an_order.pk}/cancel/", reason="x")
    for step in (
        lambda: services.in_transit(order_id=an_order.pk, actor="rider:7", now=timezone.now()),
        lambda: services.delivered(
            order_id=an_order.pk, rider_id=7, otp=an_order.door_otp, cash_paise=an_order.total_paise, actor="rider:7",
            now=timezone.now(),
        ),
    ):  # fmt: skip
        step()
    look(f"/orders/{an_order.pk}/")
    look("/orders/")
    look(f"/orders/{an_order.pk}/help/")
    line = an_order.lines.first()
    look(f"/orders/{an_order.pk}/claim/?line={line.pk}")
    claim = {"line": line.pk, f"kind-{line.pk}": "damaged", "batch": str(uuid4())}
    look(f"/orders/{an_order.pk}/claim/", status=400, **claim)
    assert "लौट" in look(f"/orders/{an_order.pk}/claim/", **claim, **{f"photo-{line.pk}": jpeg()})
    look(f"/orders/{an_order.pk}/claim/?about=rider")
    look(f"/orders/{an_order.pk}/claim/", about="late", batch=str(uuid4()))
    look(f"/orders/{an_order.pk}/claim/", about="rider", batch=str(uuid4()))
    look(f"/orders/{an_order.pk}/rate/", stars="5", rider_stars="5", chip="fresh")
    for path in ("/help/", "/lists/", f"/lists/add/?sku={goods[0].sku}", "/buy-again/", "/alerts/", "/account/"):
        look(path)
    look("/lists/", name="नाश्ता")
    look("/lists/", status=400, name="नाश्ता")
    for path in ("/account/places/", "/account/data/", "/account/messages/", "/favourites/"):
        look(path)
    assert not left, "\n".join(map(str, left))


@pytest.mark.django_db
def test_the_api_keeps_english_and_adds_the_readers_language(hindi, api):
    user, _client = hindi
    product = ProductFactory()
    place = shop(product, price_paise=2_000)
    FeePolicy.objects.create(store=place, minimum_order_paise=50_000)
    http = api(user)
    body = {"store": place.code, "lines": [{"sku": product.sku, "qty": 1}]}
    cart = http.put("/api/v1/cart/", body, HTTP_ACCEPT_LANGUAGE="hi").json()
    (problem,) = cart["problems"]
    assert problem["sentence"] == "Add ₹480 more: orders start at ₹500."
    assert problem["sentence_local"] == "₹480 का और लीजिए: ऑर्डर ₹500 से शुरू होता है।"
    assert cart["bill"]["why"]["delivery"].startswith("Free from")
    assert cart["bill"]["why_local"]["delivery"].startswith("₹199 से मुफ़्त")
    english = http.put("/api/v1/cart/", body, HTTP_ACCEPT_LANGUAGE="en").json()
    assert english["problems"][0]["sentence_local"] == english["problems"][0]["sentence"]
    refused = http.get(f"/api/v1/orders/{uuid4()}/", HTTP_ACCEPT_LANGUAGE="hi").json()
    assert (refused["detail"], refused["detail_local"]) == ("There is no such order.", "ऐसा कोई ऑर्डर नहीं है।")


@pytest.mark.django_db
def test_where_an_order_is_is_said_in_both(hindi, api):
    user, _client = hindi
    product = ProductFactory()
    from orders.tests.factories import place_order

    an_order = advance(place_order(user, shop(product), [product]), Status.PICKED_UP)
    told = api(user).get(f"/api/v1/orders/{an_order.pk}/tracking/", HTTP_ACCEPT_LANGUAGE="hi").json()
    assert told["sentence"].startswith("Ravi is on the way to you.")
    assert told["sentence_local"].startswith("Ravi आपके पास आ रहे हैं।")


class TestSaid:
    def test_is_the_english_text_and_remembers_how_it_was_made(self):
        made = say("Add {more} more.", more="₹5")
        assert made == "Add ₹5 more." and isinstance(made, str)
        both = together([made, "", say("Free.")])
        assert both == "Add ₹5 more. Free."
        with override("hi"):
            assert said(both).endswith("मुफ़्त।")
            assert said(made, more="₹7") == said(made).replace("₹5", "₹7")
            assert said("Nobody translated this.") == "Nobody translated this."
            assert said("") == ""

    def test_survives_a_cache_and_a_refusal(self):
        import pickle

        made = pickle.loads(pickle.dumps(say("Free from {amount}.", amount="₹199")))
        assert (made.template, made.figures) == ("Free from {amount}.", {"amount": "₹199"})
        assert isinstance(Refusal(made).detail, Said)

    def test_a_translation_with_a_wrong_place_falls_back_to_english(self, monkeypatch):
        monkeypatch.setattr("blinkit.kernel.words.gettext", lambda words: "{wrong}")
        with override("hi"):
            assert said(say("Free from {amount}.", amount="₹199")) == "Free from ₹199."

    def test_walks_answers_without_changing_them(self):
        data = {"problems": [{"sentence": say("Free.")}], "why": "code", "bill": {"why": {"delivery": say("Free.")}}}
        with override("hi"):
            out = with_local(data)
        assert out["problems"][0]["sentence_local"] == out["bill"]["why_local"]["delivery"] == "मुफ़्त।"
        assert "sentence_local" not in data["problems"][0] and "why_local" not in out


SENTENCES_OF = ("orders", "catalog/pricing", "catalog/services", "catalog/offers.py", "accounts", "blinkit/kernel")


def _made_sentences() -> set[str]:
    """Templates of `say(...)` in the rooms customers hear, and the sentences their refusals are born with."""
    found = set()
    for room in SENTENCES_OF:
        folder = ROOT / room
        for path in [folder] if folder.suffix else folder.rglob("*.py"):
            if "tests" in path.parts or "migrations" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                    given = node.args[0]
                    if isinstance(given, ast.Constant):
                        found.add(given.value)
    return found


def test_every_sentence_with_figures_has_hindi_words_and_the_same_places():
    missing = []
    with override("hi"):
        for template in sorted(_made_sentences()):
            words = gettext(template)
            places = set(re.findall(r"\{\w+\}", template))
            if words == template or set(re.findall(r"\{\w+\}", words)) != places:
                missing.append(template)
    assert missing == []
