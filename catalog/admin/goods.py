"""Categories, brands, products and what stores charge for them."""

from __future__ import annotations

from typing import Any

import structlog
from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from import_export import fields, resources
from import_export.admin import ImportExportModelAdmin
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.contrib.import_export.forms import ExportForm
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminFileFieldWidget, UnfoldAdminTextInputWidget

from blinkit.kernel.admin import ReadOnly
from blinkit.kernel.money import rupees
from blinkit.kernel.pictures import image_url
from catalog import imaging, services, tree
from catalog.admin import sheets
from catalog.admin.bulk import change_together
from catalog.admin.confirm import actor, ask_then
from catalog.admin.listing import plan_categories
from catalog.admin.prices import history_link
from catalog.facts import ALLERGENS, FACT_COLUMNS
from catalog.importing.formats import is_gtin
from catalog.importing.sheets import harmless
from catalog.models import (
    Brand,
    Category,
    Picture,
    PriceChange,
    Product,
    ProductFacts,
    ProductImage,
    ProductPlace,
    Schedule,
    ShelfItem,
)
from catalog.services import listing, pictures
from catalog.tasks import make_sizes
from catalog.traits import TAG_NAMES

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 2_000
EDITED = (
    "name", "name_hi", "brand", "category", "pack", "pack_size", "pack_unit", "weight_g", "mrp_paise", "hsn",
    "gst_bp", "veg", "zone", "barcode", "shelf_life_days", "min_life_days", "fragile", "is_weighed", "max_per_order",
    "keywords", "popularity", "family_by_hand",
)  # fmt: skip


class Named(ModelAdmin):
    """Categories and brands: their names are search words of their products."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).annotate(how_many=Count("products"))

    @admin.display(description="products", ordering="how_many")
    def how_many(self, row: Any) -> int:
        return int(row.how_many)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        tree.forget()
        if change and form.changed_data:
            ids = list(obj.products.values_list("pk", flat=True))
            if moved := services.refresh_families(ids):  # a brand's name stands in the names of its products
                services.refresh_shelf(product_ids=moved, actor=actor(request), now=timezone.now())
            services.refresh_search(ids)


@admin.register(Category)
class CategoryAdmin(Named):
    list_display = ("name", "name_hi", "slug", "parent", "rank", "fragile", "how_many")
    list_select_related = ("parent",)
    list_filter = (("parent", admin.RelatedOnlyFieldListFilter),)
    search_fields = ("name", "name_hi", "slug")
    autocomplete_fields = ("parent",)
    prepopulated_fields = {"slug": ("name",)}
    ordering = ("rank", "name")
    actions = ("plan",)

    @admin.action(description="Plan when it is sold…", permissions=["change"])
    def plan(self, request: HttpRequest, queryset: QuerySet[Category]) -> Any:
        return plan_categories(self, request, queryset)


@admin.register(Brand)
class BrandAdmin(Named):
    list_display = ("name", "slug", "how_many")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    ordering = ("name",)


class ProductResource(resources.ModelResource):
    """What an export writes; a sheet comes back in through `sheets`."""

    category = fields.Field("category__slug", "category")
    brand = fields.Field("brand__slug", "brand")

    class Meta:
        model = Product
        fields = export_order = ("sku", "is_active", *EDITED, "description")

    def get_queryset(self) -> QuerySet[Product]:
        return super().get_queryset().select_related("brand", "category").defer("search_vector", "search_text")

    def export_field(self, field: Any, instance: Any, **kwargs: Any) -> Any:
        value = super().export_field(field, instance, **kwargs)
        return harmless(value) if isinstance(value, str) else value


def _looked_at(file: Any) -> bytes:
    """The content of an uploaded picture, b"" for none. A bad one is told beside the field, nothing is saved."""
    if not file:
        return b""
    if file.size > imaging.LARGEST_BYTES:
        raise forms.ValidationError(f"This picture is too large: {imaging.LARGEST_BYTES // 1024**2} MB at most.")
    content: bytes = file.read()
    try:
        imaging.cleaned(content)
    except imaging.BadPicture as bad:
        raise forms.ValidationError(str(bad)) from None
    return content


def _take_in(request: HttpRequest, product: Product, content: bytes, *, is_main: bool, rank: int = 0) -> None:
    picture = pictures.add_picture(
        product_id=product.pk, content=content, actor=actor(request), now=timezone.now(), is_main=is_main, rank=rank
    )
    transaction.on_commit(lambda: _hand_out(picture.pk))


def _hand_out(picture_id: int) -> None:
    try:
        make_sizes.delay(picture_id=picture_id)
    except Exception:  # the broker is down: the sweep makes up for it
        log.warning("picture waits for the sweep", picture=picture_id)


class PictureForm(forms.ModelForm):
    upload = forms.FileField(required=False, widget=UnfoldAdminFileFieldWidget, label="Picture")

    class Meta:
        model = ProductImage
        fields = ("rank",)

    def clean_upload(self) -> bytes:
        content = _looked_at(self.cleaned_data.get("upload"))
        if not content and not self.instance.pk:
            raise forms.ValidationError("Choose a picture.")
        return content


class ProductForm(forms.ModelForm):
    picture = forms.FileField(
        required=False,
        widget=UnfoldAdminFileFieldWidget,
        label="New main picture",
        help_text="JPEG, PNG or WebP, 8 MB at most. Shown as soon as its sizes are made.",
    )

    class Meta:
        model = Product
        fields = ("sku", "is_active", *EDITED, "description", "image")

    def clean_picture(self) -> bytes:
        return _looked_at(self.cleaned_data.get("picture"))

    def clean_barcode(self) -> str | None:
        code = (self.cleaned_data["barcode"] or "").strip()
        if code and not is_gtin(code):
            raise forms.ValidationError("The check digit is wrong: scan it again.")
        return code or None


class FactsForm(forms.ModelForm):
    """The label. Lists are ticked, nutrition and attributes are small JSON objects checked by the model."""

    maker_fssai = forms.CharField(
        required=False, max_length=24, label="FSSAI licence", help_text="14 digits, of the maker",
        widget=UnfoldAdminTextInputWidget,
    )  # fmt: skip
    allergens = forms.MultipleChoiceField(
        choices=list(ALLERGENS.items()), required=False, widget=forms.CheckboxSelectMultiple
    )
    tags = forms.MultipleChoiceField(
        choices=list(TAG_NAMES.items()), required=False, widget=forms.CheckboxSelectMultiple, label="Dietary tags"
    )

    class Meta:
        model = ProductFacts
        fields = FACT_COLUMNS

    def clean_maker_fssai(self) -> str:
        return "".join(self.cleaned_data["maker_fssai"].split())

    def clean_nutrition(self) -> Any:
        return self.cleaned_data["nutrition"] or {}

    def clean_attributes(self) -> Any:
        return self.cleaned_data["attributes"] or {}


class FactsInline(StackedInline):
    model = ProductFacts
    form = FactsForm
    extra = 1
    max_num = 1
    can_delete = True


class PictureInline(TabularInline):
    """Further pictures. A new one joins the gallery once its sizes are made."""

    model = ProductImage
    form = PictureForm
    extra = 0
    fields = ("shown", "rank", "upload")
    readonly_fields = ("shown",)

    @admin.display(description="now")
    def shown(self, image: ProductImage) -> Any:
        address = image_url(image.file, "thumb") if image.file else ""
        return format_html('<img src="{}" alt="" width="80" height="80">', address) if address else ""


class WaitingInline(TabularInline):
    """Uploads whose sizes are being made."""

    model = Picture
    extra = max_num = 0
    can_delete = False
    verbose_name_plural = "uploaded pictures"
    fields = readonly_fields = ("is_main", "width", "height", "created_at", "ready_at", "tries")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PlaceInline(TabularInline):
    model = ProductPlace
    extra = 0
    autocomplete_fields = ("category",)


class PlannedInline(TabularInline):
    """When it is planned to be sold; plans are made with “Change them together…” in the list."""

    model = Schedule
    extra = max_num = 0
    can_delete = False
    verbose_name_plural = "planned times"
    fields = readonly_fields = ("at", "publish", "done_at", "actor")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class OnShelvesInline(TabularInline):
    """Where it is sold and for how much; prices change through the shelf list."""

    model = ShelfItem
    extra = max_num = 0
    can_delete = False
    fields = readonly_fields = ("store", "price", "is_listed", "updated_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ShelfItem]:
        return super().get_queryset(request).select_related("store")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="price")
    def price(self, item: ShelfItem) -> str:
        return rupees(item.price_paise or 0)


@admin.register(Product)
class ProductAdmin(ModelAdmin, ImportExportModelAdmin):
    resource_classes = (ProductResource,)
    export_form_class = ExportForm
    form = ProductForm
    list_display = ("sku", "name", "brand", "category", "pack", "mrp", "gst", "veg", "zone", "is_active")
    list_select_related = ("brand", "category")
    list_filter = ("is_active", "zone", "veg", "gst_bp", ("category", admin.RelatedOnlyFieldListFilter), "source")
    search_fields = ("=sku", "=barcode", "search_text")
    search_help_text = "SKU, barcode, or words of the name, brand or category."
    autocomplete_fields = ("brand", "category")
    readonly_fields = ("family", "source", "updated_at", "search_text", "price_history")
    inlines = (FactsInline, PictureInline, WaitingInline, PlaceInline, PlannedInline, OnShelvesInline)
    show_full_result_count = False
    ordering = ("name",)
    list_per_page = 50
    actions = ("change_together", "schedule_price", "switch_off", "switch_on")

    def has_import_permission(self, request: HttpRequest) -> bool:
        return sheets.may(request)

    def import_action(self, request: HttpRequest, **_: Any) -> HttpResponse:
        return sheets.upload(self, request)

    def process_import(self, request: HttpRequest, **_: Any) -> HttpResponse:
        return sheets.process(self, request)

    @admin.action(description="Change them together…", permissions=["change"])
    def change_together(self, request: HttpRequest, queryset: QuerySet[Product]) -> Any:
        return change_together(self, request, queryset)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # old orders name it: switch it off instead

    @admin.display(description="MRP", ordering="mrp_paise")
    def mrp(self, product: Product) -> str:
        return rupees(product.mrp_paise)

    @admin.display(description="price history")
    def price_history(self, product: Product) -> str:
        return history_link(product) if product.pk else ""

    def has_price_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("catalog.add_price"))

    @admin.action(description="Schedule a price…", permissions=["price"])
    def schedule_price(self, request: HttpRequest, queryset: QuerySet[Product]) -> Any:
        chosen = [("product", pk) for pk in queryset.values_list("pk", flat=True)[:100]]
        return redirect(f"{reverse('admin:catalog_price_schedule')}?{urlencode(chosen)}")

    @admin.display(description="GST", ordering="gst_bp")
    def gst(self, product: Product) -> str:
        return f"{product.gst_bp / 100:g} %"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        now = timezone.now()
        obj.updated_at = now
        obj.source = obj.source or "admin"
        super().save_model(request, obj, form, change)
        if content := form.cleaned_data.get("picture"):
            _take_in(request, obj, content, is_main=True)
        services.refresh_families([obj.pk])
        services.refresh_shelf(product_ids=[obj.pk], actor=actor(request), now=now)
        services.refresh_search([obj.pk])

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """A new picture is taken in, not saved: its row is made when it can be shown."""
        if formset.model is not ProductImage:
            super().save_formset(request, form, formset, change)
            if formset.model is ProductPlace and formset.has_changed():
                services.refresh_search([form.instance.pk])
            return
        formset.save(commit=False)
        for row in formset.deleted_objects:
            row.delete()
        for part in formset.forms:
            said = part.cleaned_data
            if not said or said.get("DELETE"):
                continue
            if content := said.get("upload"):
                _take_in(request, form.instance, content, is_main=False, rank=said.get("rank") or 0)
            elif part.instance.pk and part.has_changed():
                part.instance.save(update_fields=["rank"])

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        # Dietary tags are filters of every shelf.
        services.refresh_shelf(product_ids=[form.instance.pk], actor=actor(request), now=timezone.now())

    @admin.action(description="Stop selling (leaves every shelf)", permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self._switch(request, queryset, active=False)

    @admin.action(description="Sell again (list it per store)", permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self._switch(request, queryset, active=True)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Product], *, active: bool) -> None:
        ids = list(queryset.values_list("pk", flat=True)[:MOST_AT_ONCE])
        services.set_active(product_ids=ids, active=active, actor=actor(request), now=timezone.now())
        self.message_user(request, f"{len(ids)} products are {'sold again' if active else 'no longer sold'}.")


class NewPrice(forms.Form):
    """Asked before a price changes."""

    price = forms.DecimalField(
        min_value=0, max_digits=9, decimal_places=2, widget=UnfoldAdminDecimalFieldWidget, label="New price in rupees"
    )
    reason = forms.CharField(max_length=120, widget=UnfoldAdminTextInputWidget)


class Why(forms.Form):
    """Asked before a store gives up its own price."""

    reason = forms.CharField(max_length=120, widget=UnfoldAdminTextInputWidget)


@admin.register(ShelfItem)
class ShelfItemAdmin(ReadOnly):
    list_display = ("product", "store", "price", "price_source", "mrp", "off", "rank", "is_listed", "updated_at")
    list_select_related = ("product", "store")
    list_filter = ("store", "is_listed", ("category", admin.RelatedOnlyFieldListFilter))
    search_fields = ("=product__sku", "=product__barcode", "product__search_text")
    search_help_text = "SKU, barcode, or words of the product."
    show_full_result_count = False
    ordering = ("store", "-rank", "id")
    actions = ("change_price", "follow_list", "take_off", "list_again")

    def has_price_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("catalog.change_shelfitem"))

    @admin.display(description="price", ordering="price_paise")
    def price(self, item: ShelfItem) -> str:
        return rupees(item.price_paise)

    @admin.display(description="MRP", ordering="mrp_paise")
    def mrp(self, item: ShelfItem) -> str:
        return rupees(item.mrp_paise)

    @admin.display(description="off")
    def off(self, item: ShelfItem) -> str:
        share = 100 - item.price_paise * 100 // item.mrp_paise
        return f"{share} %" if share else ""

    @admin.action(description="Change price…", permissions=["price"])
    def change_price(self, request: HttpRequest, queryset: QuerySet[ShelfItem]) -> Any:
        return ask_then(
            self,
            request,
            queryset.select_related("product", "store"),
            action="change_price",
            form_class=NewPrice,
            title="What should it cost?",
            sentence="Every customer of the store sees it at once, or when a dated price that goes first has ended. "
            "Your name is written down with it.",
            button="Change the price",
            act=lambda item, said: services.set_price(
                store_id=item.store_id,
                product_id=item.product_id,
                price_paise=int(said["price"] * 100),
                actor=actor(request),
                reason=said["reason"],
                now=timezone.now(),
            ),
        )

    @admin.action(description="Follow the price list…", permissions=["price"])
    def follow_list(self, request: HttpRequest, queryset: QuerySet[ShelfItem]) -> Any:
        def follow(item: ShelfItem, said: dict[str, Any]) -> None:
            services.follow_list(
                store_id=item.store_id,
                product_ids=[item.product_id],
                actor=actor(request),
                reason=said["reason"],
                now=timezone.now(),
            )

        return ask_then(
            self,
            request,
            queryset.select_related("product", "store"),
            action="follow_list",
            form_class=Why,
            title="No price of their own any more?",
            sentence="What the list says for the city or everywhere counts from now on; where it says nothing, the MRP "
            "does. Your name is written down with it.",
            button="Follow the list",
            act=follow,
        )

    @admin.action(description="Take off the shelf", permissions=["price"])
    def take_off(self, request: HttpRequest, queryset: QuerySet[ShelfItem]) -> None:
        self._list(request, queryset, listed=False)

    @admin.action(description="Put on the shelf again", permissions=["price"])
    def list_again(self, request: HttpRequest, queryset: QuerySet[ShelfItem]) -> None:
        self._list(request, queryset, listed=True)

    def _list(self, request: HttpRequest, queryset: QuerySet[ShelfItem], *, listed: bool) -> None:
        by_store: dict[int, list[int]] = {}
        for store_id, product_id in queryset.values_list("store_id", "product_id")[:MOST_AT_ONCE]:
            by_store.setdefault(store_id, []).append(product_id)
        now = timezone.now()
        changed = sum(
            listing.put_back(store_id=store_id, product_ids=ids, now=now)
            if listed
            else listing.keep_off(store_id=store_id, product_ids=ids, actor=actor(request), now=now)
            for store_id, ids in sorted(by_store.items())
        )
        self.message_user(request, f"{changed} shelf rows changed.", messages.SUCCESS)


@admin.register(PriceChange)
class PriceChangeAdmin(ReadOnly):
    list_display = ("at", "product", "store", "old", "new", "reason", "actor")
    list_select_related = ("product", "store")
    list_filter = ("store",)
    search_fields = ("=product__sku", "=actor", "reason")
    ordering = ("-id",)
    show_full_result_count = False

    @admin.display(description="from")
    def old(self, change: PriceChange) -> str:
        return "first price" if change.old_paise is None else rupees(change.old_paise)

    @admin.display(description="to")
    def new(self, change: PriceChange) -> str:
        return rupees(change.new_paise)
