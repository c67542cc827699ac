"""What labels say: checked when written, and carried to shelves as filters."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from catalog import services, traits
from catalog.admin.goods import EDITED
from catalog.facts import check_attributes, check_nutrition
from catalog.models import Product, ProductFacts, ShelfItem
from catalog.tests.factories import ProductFactory, on_shelf, store

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "value",
    [[], "x", {"energy": 1}, {"protein_g": "12"}, {"protein_g": True}, {"protein_g": -1}, {"protein_g": 101},
     {"energy_kcal": 901}, {"fat_g": float("nan")}, {"fat_g": float("inf")}, {"fat_g": None}],
)  # fmt: skip
def test_nutrition_is_known_names_and_plausible_numbers(value):
    with pytest.raises(ValidationError):
        check_nutrition(value)
    check_nutrition({"energy_kcal": 900, "protein_g": 0, "sodium_mg": 12.5})


@pytest.mark.parametrize("value", [[], {"": "x"}, {"Roast": 3}, {"Roast": " "}, {"x" * 41: "y"}, {"Roast": "x" * 201},
                                   {str(n): "x" for n in range(21)}])  # fmt: skip
def test_attributes_are_short_texts_by_short_names(value):
    with pytest.raises(ValidationError):
        check_attributes(value)
    check_attributes({"Roast": "Medium", "भुना": "हाँ"})


@pytest.mark.parametrize(
    ("field", "value"), [("maker_fssai", "1234"), ("maker_fssai", "1234567890123x"), ("origin", "in")]
)
def test_the_database_itself_refuses_a_wrong_licence_or_country(field, value):
    with pytest.raises(IntegrityError), transaction.atomic():
        ProductFacts.objects.create(product=ProductFactory(), **{field: value})


OTHER_FORMS = ("images", "pictures", "places", "schedules", "shelf_items")


def form_of(product: Product, **facts) -> dict[str, object]:
    form: dict[str, object] = {"sku": product.sku, "is_active": "on", "description": "", "image": ""}
    for name in EDITED:
        value = getattr(product, name)
        form[name] = "" if value is None else getattr(value, "pk", value)
    for prefix, total in (("facts", 1), *((name, 0) for name in OTHER_FORMS)):
        form |= {f"{prefix}-TOTAL_FORMS": total, f"{prefix}-INITIAL_FORMS": 0}
    # As the page was sent: a browser sends back what stood in it.
    form |= {f"{at}facts-0-{name}": "{}" for at in ("", "initial-") for name in ("nutrition", "attributes")}
    form["facts-0-nutrition_per"] = "100 g"
    return form | {f"facts-0-{name}": value for name, value in facts.items()}


def test_facts_are_written_in_the_office_and_reach_the_shelf(client):
    client.force_login(get_user_model().objects.create_superuser("+919900000098", "x", name="Admin"))
    at, product = store(), ProductFactory(veg="veg")
    on_shelf(at, product)
    url = reverse("admin:catalog_product_change", args=[product.pk])
    good = {
        "maker_fssai": "1001 2345 6789 01", "origin": "IN", "nutrition": '{"energy_kcal": 52}',
        "attributes": '{"Roast": "Medium"}', "tags": ["vegan", "jain"], "allergens": ["nuts"],
    }  # fmt: skip
    for wrong, words in (
        ({"maker_fssai": "123"}, "exactly 14 digits"),
        ({"origin": "XX"}, "Select a valid choice"),
        ({"nutrition": '{"energy_kcal": "many"}'}, "must be a number"),
        ({"nutrition": "{"}, "valid JSON"),
        ({"attributes": '{"Roast": 3}'}, "must be a text"),
        ({"tags": ["healthy"]}, "Select a valid choice"),
    ):
        page = client.post(url, form_of(product, **good | wrong))
        assert page.status_code == 200 and words in page.content.decode(), wrong
        assert not ProductFacts.objects.exists()
    assert client.post(url, form_of(product, **good)).status_code == 302
    facts = ProductFacts.objects.get()
    assert (facts.maker_fssai, facts.tags, facts.nutrition) == (
        "10012345678901",
        ["vegan", "jain"],
        {"energy_kcal": 52},
    )
    assert ShelfItem.objects.get().traits == traits.bits("veg", ["vegan", "jain"], "g")


def test_a_family_said_by_hand_in_the_office_joins_two_packs(client):
    client.force_login(get_user_model().objects.create_superuser("+919900000097", "x", name="Admin"))
    at = store()
    one = ProductFactory(name="Eggs Tray", family_by_hand="eggs")
    other = ProductFactory(name="Eggs", category=one.category)
    services.refresh_families()
    on_shelf(at, one, other)
    assert ShelfItem.objects.filter(is_lead=True).count() == 2
    url = reverse("admin:catalog_product_change", args=[other.pk])
    assert (
        client.post(url, form_of(other, nutrition="{}", attributes="{}") | {"family_by_hand": "Eggs"}).status_code
        == 302
    )
    assert ShelfItem.objects.filter(is_lead=True).count() == 1
    assert not ProductFacts.objects.exists()  # an empty form is no label
