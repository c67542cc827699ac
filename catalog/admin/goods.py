"""Categories, brands, products and what stores charge for them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from import_export import fields, resources, widgets
from import_export.admin import ImportExportModelAdmin
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.contrib.import_export.forms import ExportForm, ImportForm
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminTextInputWidget

from blinkit.kernel.admin import ReadOnly
from blinkit.kernel.money import rupees
from catalog import services, tree
from catalog.admin.confirm import actor, ask_then
from catalog.facts import ALLERGENS, FACT_COLUMNS
from catalog.importing.formats import is_gtin
from catalog.models import Brand, Category, PriceChange, Product, ProductFacts, ProductImage, ShelfItem
from catalog.traits import TAG_NAMES

MOST_AT_ONCE = 2_000
EDITED = (
    "name", "name_hi", "brand", "category", "pack", "pack_size", "pack_unit", "weight_g", "mrp_paise", "hsn",
    "gst_bp", "veg", "zone", "barcode", "shelf_life_days", "max_per_order", "keywords", "popularity",
    "family_by_hand",
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
    list_display = ("name", "name_hi", "slug", "parent", "rank", "how_many")
    list_select_related = ("parent",)
    list_filter = (("parent", admin.RelatedOnlyFieldListFilter),)
    search_fields = ("name", "name_hi", "slug")
    autocomplete_fields = ("parent",)
    prepopulated_fields = {"slug": ("name",)}
    ordering = ("rank", "name")


@admin.register(Brand)
class BrandAdmin(Named):
    list_display = ("name", "slug", "how_many")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    ordering = ("name",)


class ProductResource(resources.ModelResource):
    """Simple edits of products in a sheet: matched by SKU, shown before they are done, no new categories or brands."""

    category = fields.Field("category", "category", widgets.ForeignKeyWidget(Category, "slug"))
    brand = fields.Field("brand", "brand", widgets.ForeignKeyWidget(Brand, "slug"))

    class Meta:
        model = Product
        import_id_fields = ("sku",)
        fields = ("sku", "is_active", *EDITED)
        skip_unchanged = True
        report_skipped = False
        clean_model_instances = True

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        if not row.get("barcode"):
            row["barcode"] = None  # unique: many products without one

    def after_import(self, dataset: Any, result: Any, **kwargs: Any) -> None:
        if not kwargs.get("dry_run"):
            ids = [row.object_id for row in result.rows if row.import_type in {"new", "update"} and row.object_id]
            user = kwargs.get("user")
            services.refresh_families(ids)
            services.refresh_shelf(product_ids=ids, actor=f"user:{user.pk}" if user else "system", now=timezone.now())
            services.refresh_search(ids)


class ProductForm(forms.ModelForm):
    class Meta:
        model = Product
        fields = ("sku", "is_active", *EDITED, "description", "image")

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
    model = ProductImage
    extra = 0


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
    import_form_class = ImportForm
    export_form_class = ExportForm
    form = ProductForm
    list_display = ("sku", "name", "brand", "category", "pack", "mrp", "gst", "veg", "zone", "is_active")
    list_select_related = ("brand", "category")
    list_filter = ("is_active", "zone", "veg", "gst_bp", ("category", admin.RelatedOnlyFieldListFilter), "source")
    search_fields = ("=sku", "=barcode", "search_text")
    search_help_text = "SKU, barcode, or words of the name, brand or category."
    autocomplete_fields = ("brand", "category")
    readonly_fields = ("family", "source", "updated_at", "search_text")
    inlines = (FactsInline, PictureInline, OnShelvesInline)
    show_full_result_count = False
    ordering = ("name",)
    list_per_page = 50
    actions = ("switch_off", "switch_on")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # old orders name it: switch it off instead

    @admin.display(description="MRP", ordering="mrp_paise")
    def mrp(self, product: Product) -> str:
        return rupees(product.mrp_paise)

    @admin.display(description="GST", ordering="gst_bp")
    def gst(self, product: Product) -> str:
        return f"{product.gst_bp / 100:g} %"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        now = timezone.now()
        obj.updated_at = now
        obj.source = obj.source or "admin"
        super().save_model(request, obj, form, change)
        services.refresh_families([obj.pk])
        services.refresh_shelf(product_ids=[obj.pk], actor=actor(request), now=now)
        services.refresh_search([obj.pk])

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


@admin.register(ShelfItem)
class ShelfItemAdmin(ReadOnly):
    list_display = ("product", "store", "price", "mrp", "off", "rank", "is_listed", "updated_at")
    list_select_related = ("product", "store")
    list_filter = ("store", "is_listed", ("category", admin.RelatedOnlyFieldListFilter))
    search_fields = ("=product__sku", "=product__barcode", "product__search_text")
    search_help_text = "SKU, barcode, or words of the product."
    show_full_result_count = False
    ordering = ("store", "-rank", "id")
    actions = ("change_price", "take_off", "list_again")

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
            sentence="Every customer of the store sees the new price at once. Your name is written down with it.",
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
        changed = sum(
            services.set_listed(store_id=store_id, product_ids=ids, listed=listed, now=timezone.now())
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
