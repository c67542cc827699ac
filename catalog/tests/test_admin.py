"""Administrators see the goods and act through the services."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from blinkit.kernel.events import timeline
from catalog import services
from catalog.mining import failed_groups
from catalog.models import FeePolicy, PriceChange, Product, SearchLog, ShelfItem, Store, Synonym
from catalog.search import search
from catalog.tests.factories import NOW, SQUARE, ProductFactory, on_shelf, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client):
    client.force_login(get_user_model().objects.create_superuser("+919900000099", "x", name="Admin"))
    return client


MODELS = ("city", "store", "category", "brand", "product", "shelfitem", "pricechange", "feepolicy", "synonym",
          "searchlog", "waitlist")  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_every_list_opens_searches_and_has_a_bounded_number_of_queries(office, model, django_assert_max_num_queries):
    at = store()
    on_shelf(at, *[ProductFactory() for _ in range(15)])
    SearchLog.objects.create(store=at, query="dragonfruit", results=0)
    FeePolicy.objects.create(store=at)
    with django_assert_max_num_queries(20):
        page = office.get(reverse(f"admin:catalog_{model}_changelist"), {"q": "product"} if model == "product" else {})
    assert page.status_code == 200


@pytest.mark.parametrize("model", ["store", "product", "category", "brand", "feepolicy"])
def test_every_form_opens(office, model):
    at = store()
    on_shelf(at, ProductFactory())
    FeePolicy.objects.create(store=at)
    assert office.get(reverse(f"admin:catalog_{model}_add")).status_code == 200
    if model in {"store", "product"}:
        row = {"store": Store, "product": Product}[model].objects.get()
        page = office.get(reverse(f"admin:catalog_{model}_change", args=[row.pk]))
        assert page.status_code == 200
        assert model != "store" or "<svg" in page.content.decode()


def act(office, model, action, rows, **said):
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    url = reverse(f"admin:catalog_{model}_changelist")
    asked = office.post(url, chosen)
    assert asked.status_code == 200 and "confirmed" in asked.content.decode()
    return office.post(url, {**chosen, "confirmed": "yes", **said}, follow=True)


def test_a_price_is_changed_after_asking_with_the_administrators_name(office):
    at, product = store(), ProductFactory(mrp_paise=5000)
    (item,) = on_shelf(at, product)
    act(office, "shelfitem", "change_price", [item], price="42.50", reason="Festival")
    change = PriceChange.objects.latest("id")
    assert (change.new_paise, change.reason) == (4250, "Festival") and change.actor.startswith("user:")
    page = act(office, "shelfitem", "change_price", [item], price="50.01", reason="Slip")
    assert "above the MRP" in page.content.decode()
    assert ShelfItem.objects.get().price_paise == 4250


def test_a_store_is_paused_after_asking_why_and_how_long(office):
    at = store()
    act(office, "store", "pause", [at], reason="Power cut", minutes="30")
    at.refresh_from_db()
    assert (at.mode, at.mode_reason) == ("paused", "Power cut") and at.mode_until
    act(office, "store", "reopen", [at])
    assert [row.payload["new"] for row in timeline("store:BLR-T")] == ["paused", "open"]


def test_a_store_saved_in_the_form_keeps_its_box_and_a_bad_area_is_told(office):
    at = store()
    form = {
        "name": "New name", "city": at.city_id, "address": "", "lat": "12.955", "lng": "77.625", "opens": "06:00",
        "closes": "23:00", "max_open_orders": "90", "gstin": "", "fssai": "", "phone": "", "is_active": "on",
        "load-TOTAL_FORMS": "0", "load-INITIAL_FORMS": "0", "members-TOTAL_FORMS": "0", "members-INITIAL_FORMS": "0",
    }  # fmt: skip
    url = reverse("admin:catalog_store_change", args=[at.pk])
    assert "three corners" in office.post(url, {**form, "area": "[[77, 12]]"}).content.decode()
    moved = [[lng + 1, lat] for lng, lat in SQUARE]
    assert office.post(url, {**form, "area": str(moved)}).status_code == 302
    at.refresh_from_db()
    assert (at.code, at.name, at.area_west, at.max_open_orders) == ("BLR-T", "New name", 78.6, 90)


def test_a_product_switched_off_leaves_the_shelf(office):
    at, product = store(), ProductFactory()
    on_shelf(at, product)
    url = reverse("admin:catalog_product_changelist")
    office.post(url, {"action": "switch_off", "_selected_action": [product.pk]})
    assert not ShelfItem.objects.get().is_listed and not Product.objects.get().is_active


def test_a_sheet_of_products_is_checked_first_and_then_reaches_shelf_and_search(office, tmp_path):
    at, product = store(), ProductFactory(sku="SHEET", mrp_paise=5000)
    on_shelf(at, product)
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("sku,name,mrp_paise\nSHEET,Moonfruit,4000\n")
    with sheet.open("rb") as file:
        preview = office.post(reverse("admin:catalog_product_import"), {"import_file": file})
    assert "Moonfruit" in preview.content.decode()
    assert Product.objects.get().name != "Moonfruit"
    confirm = preview.context["confirm_form"].initial
    office.post(reverse("admin:catalog_product_process_import"), {**confirm, "reason": "Season"})
    assert Product.objects.get().name == "Moonfruit"
    assert ShelfItem.objects.get().price_paise == 4000
    assert [hit.row.sku for hit in search(store_id=at.pk, q="moonfruit")] == ["SHEET"]


def test_failed_searches_are_grouped_and_one_click_approves_what_they_mean(office):
    at = store()
    on_shelf(at, ProductFactory(sku="DF", name="Pitaya Red"))
    log = [SearchLog(store=at, query=q, results=0, at=NOW) for q in ("Pittayya", "pitaya!", "pittayya", "pitayas")]
    services.count_searches([entry for entry in log if entry.query != "pitaya!"])
    soon = {"since": NOW}
    (group,) = failed_groups(**soon)
    assert (group.times, set(group.spellings)) == (3, {"pittayya", "pitayas"})
    assert "pitaya" in [proposal.means for proposal in group.proposals]
    page = office.get(reverse("admin:catalog_searchlog_changelist")).content.decode()
    assert "pittayya" in page and "3×" in page and "means “pitaya”" in page
    office.post(
        reverse("admin:catalog_searchlog_mend"), {"term": ["pittayya", "pitayas"], "means": "pitaya"}, follow=True
    )
    assert Synonym.objects.get(term="pittayya").is_approved
    assert [hit.row.sku for hit in search(store_id=at.pk, q="pittayya")] == ["DF"]
    assert failed_groups(**soon) == []


def test_a_failed_search_can_be_dismissed_and_nonsense_is_not_approved(office):
    at = store()
    services.count_searches([SearchLog(store=at, query="qwertyuiop", results=0, at=NOW)])
    office.post(reverse("admin:catalog_searchlog_mend"), {"term": "qwertyuiop", "means": " !! "})
    assert not Synonym.objects.filter(term="qwertyuiop").exists()
    assert len(failed_groups(since=NOW)) == 1
    office.post(reverse("admin:catalog_searchlog_mend"), {"term": "qwertyuiop", "dismiss": "1"})
    assert failed_groups(since=NOW) == []


def test_mending_searches_is_for_those_who_may_add_synonyms(client):
    client.force_login(get_user_model().objects.create_user("+919900000098", is_staff=True))
    url = reverse("admin:catalog_searchlog_mend")
    assert client.post(url, {"term": "a", "means": "b"}).status_code == 403
    assert client.get(url).status_code in (302, 405)
    assert not Synonym.objects.filter(term="a").exists()


def test_a_synonym_is_folded(office):
    office.post(reverse("admin:catalog_synonym_add"), {"term": "Pitàya", "means": "Dragon Fruit", "is_approved": "on"})
    made = Synonym.objects.get(term="pitaya")
    assert made.means == "dragon fruit"
    services.approve_synonyms(synonym_ids=[made.pk], approved=False)
    made.refresh_from_db()
    assert not made.is_approved
