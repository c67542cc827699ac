"""A sheet of products says what it would change before it changes it, and who may not may not."""

from __future__ import annotations

import csv
import io
import time
import zipfile
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from accounts.models import Role
from accounts.services import grant_role
from blinkit.kernel.events import timeline
from catalog.importing import NotThisFormat
from catalog.importing.sheets import plan_sheet
from catalog.models import (
    Assortment,
    AssortmentRule,
    AssortmentUse,
    KeptOff,
    Picture,
    PriceChange,
    Product,
    Schedule,
    ShelfItem,
)
from catalog.search import search
from catalog.services import goods, pictures
from catalog.tests.factories import BrandFactory, CategoryFactory, ProductFactory, on_shelf, store

pytestmark = pytest.mark.django_db
LIST, IMPORT = "admin:catalog_product_changelist", "admin:catalog_product_import"


@pytest.fixture
def office(client):
    client.force_login(get_user_model().objects.create_superuser("+919900000099", "x", name="Admin"))
    return client


def sheet(*lines: str) -> bytes:
    return "\n".join(lines).encode()


def preview(office, content: bytes, name="sheet.csv", **more):
    return office.post(reverse(IMPORT), {"import_file": SimpleUploadedFile(name, content), **more})


def confirm(office, page, **more):
    said = {**page.context["confirm_form"].initial, "reason": "Season", **more}
    return office.post(reverse("admin:catalog_product_process_import"), said, follow=True)


def kinds(plan):
    return [(line.line, line.kind) for line in plan.lines]


# -- the plan ------------------------------------------------------------------------------------------------------


def test_each_row_is_new_changed_same_or_refused_and_a_change_says_old_and_new():
    fruit = CategoryFactory(slug="fruit", name="Fruit")
    ProductFactory(sku="A", name="Apple", mrp_paise=5000, category=fruit)
    ProductFactory(sku="B", name="Banana", mrp_paise=3000, category=fruit)
    plan = plan_sheet(
        sheet("sku,name,category,mrp_paise", "A,Apple Shimla,fruit,4500", "B,Banana,Fruit,3000", "C,Cherry,fruit,9000",
              "D,Date,nowhere,100", "A,Apple,fruit,1", "E,,fruit,100")
    )  # fmt: skip
    assert kinds(plan) == [(2, "changed"), (3, "same"), (4, "new"), (5, "refused"), (6, "refused"), (7, "refused")]
    assert [(c.field, c.old, c.new) for c in plan.lines[0].changes] == [
        ("name", "Apple", "Apple Shimla"),
        ("mrp_paise", "5000", "4500"),
    ]
    assert [line.reason for line in plan.lines[3:]] == [
        "There is no category 'nowhere'",
        "The SKU stands on line 2 already",
        "The name is missing",
    ]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("mrp_paise", "0", "zero"),
        ("mrp_paise", "ten", "not a number"),
        ("gst_bp", "9000", "above"),
        ("zone", "cellar", "should be"),
        ("barcode", "8907000000029", "check digit"),
        ("pack_size", "-1", "out of range"),
        ("pack_unit", "bushel", "should be"),
        ("max_per_order", "x", "whole number"),
        ("is_active", "perhaps", "yes or no"),
        ("brand", "Nobody", "no brand"),
        ("name", "", "missing"),
        ("category", "", "missing"),
        ("veg", "fish", "should be"),
        ("shelf_life_days", "-3", "out of range"),
        ("popularity", "1.5", "whole number"),
        ("description", "x" * 5000, "longer"),
    ],
)
def test_a_bad_cell_refuses_its_row_with_a_sentence(column, value, words):
    ProductFactory(sku="A")
    (line,) = plan_sheet(sheet(f"sku,{column}", f"A,{value}")).lines
    assert line.kind == "refused" and words in line.reason


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"name,mrp_paise\nx,1", "no column sku"),
        (b"sku,colour\nx,red", "colour"),
        (b"sku,name,name\nx,a,b", "twice"),
        (b"\xff\xfe\x00s", "neither"),
        (b"sku,price_paise\nA,100", "choose the store"),
        (b"PK\x03\x04 not a workbook", "damaged"),
        (b"sku\n" + b"A\n" * 20_001, "too many"),
    ],
)
def test_a_file_that_is_no_sheet_is_refused_whole(content, words):
    with pytest.raises(NotThisFormat, match=words):
        plan_sheet(content)


def test_a_barcode_of_another_product_is_refused_and_two_may_change_places():
    one, two = "8907000000011", "8901030865275"
    ProductFactory(sku="A", barcode=one)
    ProductFactory(sku="B")
    (line,) = plan_sheet(sheet("sku,barcode", f"B,{one}")).lines
    assert line.kind == "refused" and "belongs to A" in line.reason
    assert two


def workbook(*rows: tuple[str, ...]) -> bytes:
    """As spreadsheets write it: shared strings, numbers, an inline string."""
    ns = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    strings: list[str] = []

    def cell(value: str, at: str) -> str:
        if value.isdigit():
            return f'<c r="{at}"><v>{value}.0</v></c>'
        strings.append(value)
        return f'<c r="{at}" t="s"><v>{len(strings) - 1}</v></c>'

    lines = [
        f'<row r="{r}">' + "".join(cell(v, f"{chr(65 + c)}{r}") for c, v in enumerate(row) if v) + "</row>"
        for r, row in enumerate(rows, 1)
    ]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr(
            "xl/worksheets/sheet1.xml", f"<worksheet {ns}><sheetData>{''.join(lines)}</sheetData></worksheet>"
        )
        book.writestr("xl/sharedStrings.xml", f"<sst {ns}>{''.join(f'<si><t>{s}</t></si>' for s in strings)}</sst>")
    return out.getvalue()


def test_a_workbook_is_read_like_the_same_rows_in_csv():
    ProductFactory(sku="A", name="Apple", mrp_paise=5000)
    plan = plan_sheet(workbook(("sku", "name_hi", "name", "mrp_paise"), ("A", "", "Shimla", "4500")))
    assert [(c.field, c.new) for c in plan.lines[0].changes] == [("name", "Shimla"), ("mrp_paise", "4500")]


def test_a_workbook_that_would_fill_the_memory_or_brings_entities_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", b" " * 70_000_000)
    with pytest.raises(NotThisFormat, match="unpacks"):
        plan_sheet(out.getvalue())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        book.writestr("xl/worksheets/sheet1.xml", '<!DOCTYPE x [<!ENTITY a "b">]><worksheet>&a;</worksheet>')
    with pytest.raises(NotThisFormat, match="damaged"):
        plan_sheet(out.getvalue())


# -- through the administration ------------------------------------------------------------------------------------


def test_a_sheet_shows_old_and_new_and_confirming_changes_goods_shelf_search_and_price_history(office):
    at, product = store(), ProductFactory(sku="A", name="Apple", mrp_paise=5000)
    on_shelf(at, product)
    page = preview(office, sheet("sku,name,price_paise", "A,Moonfruit,4200"), store=at.pk)
    html = page.content.decode()
    assert "<del>Apple</del>" in html and "<ins>Moonfruit</ins>" in html and "<del>5000</del>" in html
    assert Product.objects.get().name == "Apple"
    confirm(office, page)
    assert Product.objects.get().name == "Moonfruit"
    assert [hit.row.sku for hit in search(store_id=at.pk, q="moonfruit")] == ["A"]
    change = PriceChange.objects.latest("id")
    assert (change.new_paise, change.reason) == (4200, "Season") and change.actor.startswith("user:")
    (said,) = timeline("catalog:products")
    assert said.payload["changed"] == 1 and "A name: Apple → Moonfruit" in said.payload["changes"]
    assert said.actor.startswith("user:")


def test_all_or_nothing_writes_nothing_and_without_it_the_good_rows_are_written(office):
    ProductFactory(sku="A", name="Apple")
    content = sheet("sku,name", "A,Avocado", "B,No such product")
    page = confirm(office, preview(office, content), all_or_nothing="on")
    assert "nothing was changed" in page.content.decode() and Product.objects.get().name == "Apple"
    confirm(office, page, all_or_nothing="")
    assert Product.objects.get().name == "Avocado"


def test_what_changed_since_the_preview_is_shown_again_instead_of_done(office):
    ProductFactory(sku="A", name="Apple")
    page = preview(office, sheet("sku,name", "A,Avocado"))
    Product.objects.update(name="Ananas")
    again = confirm(office, page)
    assert "Look at it once more" in again.content.decode() and "<del>Ananas</del>" in again.content.decode()
    assert Product.objects.get().name == "Ananas"
    confirm(office, again)
    assert Product.objects.get().name == "Avocado"


def test_a_preview_can_be_confirmed_once_and_only_by_who_made_it(office, client):
    ProductFactory(sku="A", name="Apple")
    page = preview(office, sheet("sku,name", "A,Avocado"))
    client.force_login(get_user_model().objects.create_superuser("+919900000098", "x"))
    assert "preview is over" in confirm(client, page).content.decode()
    assert Product.objects.get().name == "Apple"


def test_a_price_above_the_mrp_or_of_a_product_that_is_not_there_is_refused():
    at, product = store(), ProductFactory(sku="A", mrp_paise=5000)
    on_shelf(at, product)
    ProductFactory(sku="B")
    plan = plan_sheet(sheet("sku,price_paise", "A,5001", "B,100"), store_id=at.pk)
    assert ["above the MRP" in plan.lines[0].reason, "not have it" in plan.lines[1].reason] == [True, True]


def test_a_bad_file_is_told_on_the_page(office):
    page = preview(office, b"name\nx")
    assert page.status_code == 200 and "no column sku" in page.content.decode()
    assert office.post(reverse(IMPORT), {}).status_code == 200


@pytest.mark.parametrize("role", [Role.STORE_MANAGER, Role.OPS])
def test_other_roles_see_nothing_of_it(client, role):
    person = get_user_model().objects.create_user("+919900000097")
    grant_role(user_id=person.pk, role=role, actor="system")
    client.force_login(person)
    for name in (IMPORT, "admin:catalog_product_process_import", LIST, "admin:catalog_product_export"):
        assert client.post(reverse(name), {}).status_code in (302, 403)


def test_staff_who_may_only_look_may_not_import_or_change_together(client):
    from django.contrib.auth.models import Permission

    product = ProductFactory(name="Apple")
    looker = get_user_model().objects.create_user("+919900000096", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_product"))
    client.force_login(looker)
    assert client.get(reverse(LIST)).status_code == 200
    assert preview(client, sheet("sku,name", f"{product.sku},Avocado")).status_code == 403
    assert client.post(reverse("admin:catalog_product_process_import"), {}).status_code == 403
    client.post(
        reverse(LIST),
        {"action": "change_together", "_selected_action": [product.pk], "asked": "yes", "confirmed": "yes",
         "active": "no"},
    )  # fmt: skip
    assert Product.objects.get().is_active


def test_an_export_honours_the_filters_runs_no_formula_and_comes_back_as_it_was(office):
    ProductFactory(sku="A", name="=cmd|' /C calc'!A0", keywords="-2+3", zone="frozen", description="Two\nlines")
    ProductFactory(sku="B", zone="ambient")
    page = office.post(reverse("admin:catalog_product_export") + "?zone=frozen", {"format": "0", "resource": "0"})
    rows = list(csv.DictReader(io.StringIO(page.content.decode("utf-8-sig"))))
    assert [row["sku"] for row in rows] == ["A"]
    assert rows[0]["name"].startswith("'=") and rows[0]["keywords"] == "'-2+3"
    assert kinds(plan_sheet(page.content)) == [(2, "same")]


def test_five_thousand_rows_take_a_bounded_number_of_statements_and_seconds(office, django_assert_max_num_queries):
    category, at = CategoryFactory(), store()
    Product.objects.bulk_create(
        (Product(sku=f"S{n}", name=f"Thing {n}", category=category, mrp_paise=1000) for n in range(4_500)),
        batch_size=1_000,
    )
    on_shelf(at, *Product.objects.order_by("pk")[:1_000])
    rows = [f"S{n},New thing {n},{category.slug},{900 + n % 50}" for n in range(5_000)]
    started = time.monotonic()
    with django_assert_max_num_queries(40):
        page = preview(office, sheet("sku,name,category,mrp_paise", *rows))
    assert page.context["counts"] == [("new", 500), ("changed", 4500), ("same", 0), ("refused", 0)]
    with django_assert_max_num_queries(110):
        confirm(office, page)
    assert Product.objects.filter(name__startswith="New thing").count() == 5_000
    assert ShelfItem.objects.filter(mrp_paise__lt=1000).count() == 1_000
    assert time.monotonic() - started < 60


# -- many together -------------------------------------------------------------------------------------------------


def together(office, products, **said):
    chosen = {"action": "change_together", "_selected_action": [p.pk for p in products]}
    assert office.post(reverse(LIST), chosen).status_code == 200
    shown = office.post(reverse(LIST), {**chosen, "asked": "yes", **said})
    return shown, lambda: office.post(
        reverse(LIST), {**chosen, "asked": "yes", "confirmed": "yes", **said}, follow=True
    )


def test_many_change_together_after_a_page_that_names_the_effect_and_the_count(office):
    fruit, brand = CategoryFactory(name="Fruit"), BrandFactory(name="Farm")
    products = [ProductFactory(), ProductFactory(category=fruit)]
    said = {"category": fruit.pk, "brand": brand.pk, "gst_percent": "12", "zone": "chilled", "max_per_order": "4"}
    shown, confirmed = together(office, products, reason="Tidy", **said)
    html = shown.content.decode()
    assert "Category becomes “Fruit” for 1 products; 1 are so already" in html and "GST becomes “12 %” for 2" in html
    assert Product.objects.filter(zone="chilled").count() == 0
    confirmed()
    for product in Product.objects.all():
        assert (product.category, product.brand, product.gst_bp, product.zone, product.max_per_order) == (
            fruit, brand, 1200, "chilled", 4,
        )  # fmt: skip
    (said_event,) = timeline("catalog:products")
    assert said_event.payload["changed"] == 2 and said_event.payload["reason"] == "Tidy"


def test_many_are_switched_off_together_and_leave_the_shelf(office):
    at, product = store(), ProductFactory()
    on_shelf(at, product)
    _, confirmed = together(office, [product], active="no")
    confirmed()
    assert not ShelfItem.objects.get().is_listed


def test_a_time_to_be_sold_is_planned_for_many_and_shown(office):
    at, product = store(), ProductFactory()
    on_shelf(at, product)
    when = (timezone.localtime() + timedelta(days=2)).strftime("%Y-%m-%d %H:%M")
    shown, confirmed = together(office, [product], publish_at=when)
    assert "leave every shelf now" in shown.content.decode()
    confirmed()
    assert Schedule.objects.get().publish and not Product.objects.get().is_active
    assert product.name in office.get(reverse("admin:catalog_schedule_changelist")).content.decode()
    assert office.get(reverse("admin:catalog_product_change", args=[product.pk])).status_code == 200


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "Choose what should change"),
        ({"publish_at": "2020-01-01 10:00"}, "lie ahead"),
        ({"gst_percent": "41"}, "less than or equal"),
        ({"max_per_order": "0"}, "greater than or equal"),
    ],
)
def test_nonsense_is_told_and_nothing_changes(office, said, words):
    shown, confirmed = together(office, [ProductFactory()], **said)
    assert words in shown.content.decode()
    confirmed()
    assert not timeline("catalog:products") and not Schedule.objects.exists()


def test_only_what_may_be_changed_together_is():
    with pytest.raises(ValueError, match="mrp_paise"):
        goods.edit_products(product_ids=[1], changes={"mrp_paise": 1}, actor="x", now=timezone.now())


def test_a_thousand_products_change_in_a_bounded_number_of_statements(django_assert_max_num_queries):
    category = CategoryFactory()
    Product.objects.bulk_create(
        Product(sku=f"S{n}", name=f"Thing {n}", category=category, mrp_paise=1000) for n in range(1_000)
    )
    ids = list(Product.objects.values_list("pk", flat=True))
    with django_assert_max_num_queries(20):
        assert goods.edit_products(product_ids=ids, changes={"gst_bp": 500}, actor="x", now=timezone.now()) == 1_000
    assert goods.edit_products(product_ids=ids, changes={"gst_bp": 500}, actor="x", now=timezone.now()) == 0


# -- ranges and pictures -------------------------------------------------------------------------------------------


def test_a_range_is_previewed_with_its_price_rule_and_applied_after_asking(office):
    at, product = store(), ProductFactory()
    made = Assortment.objects.create(name="Basics")
    AssortmentRule.objects.create(assortment=made, product=product)
    AssortmentUse.objects.create(assortment=made, store=at)
    url = reverse("admin:catalog_assortment_changelist")
    chosen = {"action": "apply_range", "_selected_action": [made.pk]}
    page = office.post(url, chosen).content.decode()
    assert (
        "1 are listed, 1 of them for the first time: 0 at a price of the price list, 1 at MRP" in page
        and not ShelfItem.objects.exists()
    )
    office.post(url, {**chosen, "confirmed": "yes"})
    assert ShelfItem.objects.get().is_listed
    assert office.get(reverse("admin:catalog_assortment_change", args=[made.pk])).status_code == 200


def test_what_is_taken_off_a_shelf_by_hand_is_remembered(office):
    at, product = store(), ProductFactory()
    (item,) = on_shelf(at, product)
    url = reverse("admin:catalog_shelfitem_changelist")
    office.post(url, {"action": "take_off", "_selected_action": [item.pk]})
    assert KeptOff.objects.get().product == product and not ShelfItem.objects.get().is_listed
    assert product.name in office.get(reverse("admin:catalog_keptoff_changelist")).content.decode()
    office.post(url, {"action": "list_again", "_selected_action": [item.pk]})
    assert not KeptOff.objects.exists() and ShelfItem.objects.get().is_listed


def product_form(product, **more):
    empty = {"TOTAL_FORMS": "0", "INITIAL_FORMS": "0"}
    sets = ("facts", "images", "pictures", "places", "schedules", "shelf_items")
    return {
        "sku": product.sku, "name": product.name, "category": product.category_id, "mrp_paise": product.mrp_paise,
        "gst_bp": "500", "veg": "none", "zone": "ambient", "weight_g": "0", "max_per_order": "10", "popularity": "0",
        "is_active": "on", **{f"{name}-{key}": value for name in sets for key, value in empty.items()}, **more,
    }  # fmt: skip


def jpeg(name="p.jpg", colour="red", size=(400, 300)):
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    return SimpleUploadedFile(name, out.getvalue(), content_type="text/plain")


def test_pictures_are_uploaded_in_the_form_main_and_further(office, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    product = ProductFactory()
    url = reverse("admin:catalog_product_change", args=[product.pk])
    form = product_form(
        product,
        picture=jpeg(),
        **{"images-TOTAL_FORMS": "1", "images-0-rank": "2", "images-0-upload": jpeg(colour="blue")},
    )
    assert office.post(url, form).status_code == 302
    assert {(p.is_main, p.rank) for p in Picture.objects.all()} == {(True, 0), (False, 2)}
    for picture in Picture.objects.all():
        pictures.make_sizes(picture_id=picture.pk, now=timezone.now())
    product.refresh_from_db()
    assert product.image.startswith("pictures/") and product.images.get().rank == 2
    assert "160.webp" in office.get(url).content.decode()
    kept = product_form(product, image=product.image, **{
        "images-TOTAL_FORMS": "1", "images-INITIAL_FORMS": "1", "images-0-id": product.images.get().pk,
        "images-0-product": product.pk, "images-0-rank": "5", "images-0-DELETE": "on",
    })  # fmt: skip
    assert office.post(url, kept).status_code == 302
    assert not product.images.exists()


def test_a_file_that_is_no_picture_is_told_beside_the_field_and_nothing_is_saved(office, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    product = ProductFactory(name="Apple")
    form = product_form(product, picture=SimpleUploadedFile("p.jpg", b"<svg/>", content_type="image/jpeg"))
    page = office.post(reverse("admin:catalog_product_change", args=[product.pk]), {**form, "name": "Pear"})
    assert "JPEG, PNG or WebP" in page.content.decode()
    assert Product.objects.get().name == "Apple" and not Picture.objects.exists()
