"""What is said of others' prices, in the reader's language."""

from __future__ import annotations

import pytest

from accounts.tests.factories import UserFactory
from blinkit.kernel.events import EventMeta
from catalog.events import MarketAlertRaised
from catalog.market import MarketAlertKind, Platform
from catalog.market_rows import MarketRow
from catalog.services import market
from catalog.tests.factories import NOW, CityFactory
from notifications.facts import facts_of
from notifications.handlers import tell
from notifications.models import Message

pytestmark = pytest.mark.django_db


@pytest.fixture
def onion():
    there = {"platform": Platform.objects.create(slug="zep", name="Zep"), "city": CityFactory()}
    market.record([MarketRow(1, "Onion", 8_000, pack="1 kg")], source="test", now=NOW, **there)
    return there["platform"].listings.get()


def raised(user, onion, kind, **more):
    facts = {"was_paise": 10_000, "price_paise": 8_000, "ours_paise": 0, "hits": 1} | more
    return MarketAlertRaised(user_id=user.pk, kind=kind, listing_id=onion.pk, **facts)


def test_each_kind_has_words_in_both_languages(onion):
    for language in ("en", "hi"):
        user = UserFactory(language=language)
        said = {kind: facts_of(raised(user, onion, kind)).words for kind in MarketAlertKind.values}
        assert len({it["what_happens"] for it in said.values()}) == len(MarketAlertKind.values)
        assert all("Zep" in it["what_happens"] and it["product"] == "Onion 1 kg" for it in said.values())
    words = facts_of(raised(user, onion, "undercut", ours_paise=9_000, hits=5)).words
    assert (words["details"], words["more"]) == ("हमारे यहाँ ₹90 का है।", "4 और में भी ऐसा ही बदला।")


def test_it_is_told_once_and_nobody_is_told_of_what_is_gone(onion):
    user = UserFactory()
    event = raised(user, onion, "drop")
    for _ in range(2):
        tell(event, EventMeta(1, f"user:{user.pk}", "system", NOW))
    told = Message.objects.filter(user=user, channel="inapp")
    assert [(it.subject, it.body.strip()) for it in told] == [("Onion 1 kg: ₹80 on Zep", "It was ₹100 before.")]
    onion.delete()
    assert facts_of(event) is None
