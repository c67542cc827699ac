"""Loading: complete, quick, repeatable, and true to the ledger."""

from __future__ import annotations

import contextlib
import io
import json
from datetime import datetime

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F, Sum
from django.test import override_settings
from django.utils import timezone

import inventory.services
from accounts.models import Address, User
from blinkit import demo
from blinkit.demo import pictures, prices
from blinkit.demo.catalogue import products
from blinkit.demo.load import Loaded, _save_goods, _save_people, _save_stores, load
from blinkit.demo.people import customers
from blinkit.kernel.geo import contains
from catalog.models import Category, Product, ShelfItem, Store
from delivery.models import Rider
from inventory.models import Bin, Movement, Stock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    settings.DEMO_MODE = True


def counts() -> dict[str, int]:
    tables = (Address, Bin, Category, Movement, Product, Rider, ShelfItem, Stock, Store, User)
    return {table.__name__: table._default_manager.count() for table in tables}


def test_staff_have_the_demo_password_in_demo_mode_only(settings):
    settings.DEMO_MODE = False
    done = Loaded()
    _save_goods(done, now=timezone.now())
    _save_people(_save_stores(done), done, now=timezone.now())
    assert done.people > 50
    assert not any(user.has_usable_password() for user in User.objects.all())


def test_pictures_are_drawn_once_and_drawn_anew_when_the_drawing_changes(tmp_path):
    assert pictures.draw_all() > len(products())
    assert pictures.draw_all() == 0
    path = tmp_path / pictures.product_path("TK0001")
    path.write_text("<svg/>")
    assert pictures.draw_all() == 1
    assert path.stat().st_size > 500


@pytest.mark.parametrize(
    ("now", "saturday"),
    [("2026-01-01T12:00+05:30", 3), ("2026-01-02T23:59+05:30", 3), ("2026-01-03T00:00+05:30", 10)],
)
def test_the_weekend_price_is_of_the_next_weekend_that_has_not_begun(now, saturday):
    begins, ends = prices.next_weekend(datetime.fromisoformat(now))
    assert (begins.day, begins.hour, begins.weekday()) == (saturday, 0, 5)
    assert (ends - begins).days == 2


class TestTheLoadedCity:
    @pytest.fixture(scope="class")
    @staticmethod
    def city(django_db_setup, django_db_blocker, tmp_path_factory):
        """Loaded once, at this instant; each test takes back what it changes."""
        now, media = timezone.now(), tmp_path_factory.mktemp("media")
        with (
            django_db_blocker.unblock(),
            override_settings(DEMO_MODE=True, MEDIA_ROOT=media),
            transaction.atomic(),
        ):
            assert not demo.is_loaded()
            told = io.StringIO()
            with contextlib.redirect_stdout(told):
                call_command("load_demo")
            connection.check_constraints()  # once, and not again after every test
            yield now, json.loads(told.getvalue().strip().splitlines()[-1])
            transaction.set_rollback(True)

    @pytest.fixture(autouse=True)
    def _media(self, city):
        """Pictures are the city's own."""

    def test_it_is_the_whole_city(self, city):
        _, figures = city
        assert demo.is_loaded()
        assert figures["products"] == len(products()) and figures["stores"] == 3
        assert figures["people"] == 89 and figures["addresses"] == 50 and figures["riders"] == 24
        assert figures["listings"] > 1_000
        assert Product.objects.filter(search_vector=None).count() == 0
        for store in Store.objects.all():
            assert contains(store.area, store.point)
            assert store.shelf.count() > 480

    def test_loading_again_changes_nothing(self):
        before = counts()
        again = load(now=timezone.now())
        assert counts() == before
        assert set(again.as_dict().values()) == {0}

    def test_stock_is_the_sum_of_its_movements_and_stands_in_a_bin_of_its_zone(self):
        ledger = dict(Movement.objects.values_list("stock_id").annotate(total=Sum("on_hand_delta")))
        for stock in Stock.objects.select_related("bin", "product"):
            assert stock.on_hand == ledger.get(stock.pk, 0)
            assert stock.bin is not None and stock.bin.zone == stock.product.zone
        assert Stock.objects.filter(on_hand=0).exists() and Stock.objects.filter(on_hand__lt=5, on_hand__gt=0).exists()

    def test_no_shelf_price_is_above_the_mrp_and_stores_differ(self):
        assert not ShelfItem.objects.filter(price_paise__gt=F("mrp_paise")).exists()
        prices = ShelfItem.objects.filter(product__name="Tokri Toor Dal").values_list("price_paise", flat=True)
        assert len(set(prices)) > 1

    def test_restock_fills_up_what_was_sold(self):
        stock = Stock.objects.filter(on_hand__gt=50).select_related("store").first()
        assert stock is not None
        before = stock.on_hand
        inventory.services.waste(
            store_id=stock.store_id,
            product_id=stock.product_id,
            qty=30,
            reason="test",
            actor="test",
            now=timezone.now(),
        )
        assert load(now=timezone.now()).units == 0
        assert load(now=timezone.now(), restock=True).units == 30
        stock.refresh_from_db()
        assert stock.on_hand == before

    def test_staff_sign_in_with_the_demo_password_and_have_their_role(self):
        by_label = {row[0]: row for row in demo.sign_ins()}
        manager = User.objects.get(phone=by_label["Store manager"][1])
        assert manager.check_password("demo1234") and "store_manager" in manager.roles
        assert manager.store_memberships.count() == 1
        assert User.objects.get(phone=by_label["Administrator"][1]).is_staff
        assert not User.objects.get(phone=by_label["Customer"][1]).has_usable_password()

    def test_the_city_has_a_membership_what_members_get_a_cashback_and_a_referral_programme(self):
        from catalog.models import Promotion, ReferralPolicy
        from payments.models import MembershipPlan

        kinds = dict(Promotion.objects.values_list("kind", "segment"))
        assert kinds == {"free_delivery": "members", "cashback": "", "flat": ""}
        assert MembershipPlan.objects.filter(is_active=True).count() == 1
        assert ReferralPolicy.objects.filter(is_active=True).count() == 1
        Promotion.objects.update(is_active=False)  # what an administrator switched off stays so
        assert load(now=timezone.now()).offers == 0
        assert not Promotion.objects.filter(is_active=True).exists()

    def test_a_visitor_sees_each_kind_of_price_credit_and_a_member(self, city):
        from catalog.models import Price, ShelfItem
        from payments import queries as books

        now, _ = city
        tiers = ShelfItem.objects.filter(product__sku__in=[prices.FROM_TWO, prices.FROM_THREE, prices.MEMBERS])
        assert {item.tiers[0]["members"] for item in tiers} == {True, False}
        assert set(ShelfItem.objects.filter(product__sku=prices.SALE).values_list("price_paise", "price_source")) == {
            (25_900, "city")
        }
        weekend = Price.objects.get(store__isnull=False)
        assert weekend.starts_at > now and weekend.due_at == weekend.starts_at
        first, second = (User.objects.get(phone=person.phone) for person in customers()[:2])
        assert books.wallet_of(first.pk, now=now).balance_paise == 15_000
        assert books.membership_of(second.pk).until > now
        assert books.audit() == []
        assert load(now=now).offers == 0

    def test_a_delivery_is_expected_today_in_each_store_and_chilled_goods_have_lots(self):
        from inventory import inbound_queries, queries
        from inventory.models import Batch

        for store in Store.objects.all():
            purchases, _, _ = inbound_queries.expected(store_id=store.pk)
            assert [order.lines_n for order in purchases] == [7]
        dated = Batch.objects.exclude(expires_on=None)
        assert dated.exists() and not dated.exclude(state="open").exists()
        assert queries.audit() == []
