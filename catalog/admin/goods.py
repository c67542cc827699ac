"""Categories, brands, products and what stores charge for them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from import_export import fields, resources, widgets
from import_export.admin import ImportExportModelAdmin
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.import_export.forms import ExportForm, ImportForm
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminTextInputWidget

from blinkit.kernel.admin import ReadOnly
from blinkit.kernel.money import rupees
from catalog import services, tree
from catalog.admin.confirm import actor, ask_then
from catalog.admin.prices import history_link
from catalog.importing.formats import is_gtin
from catalog.models import Brand, Category, PriceChange, Product, ProductImage, ShelfItem

MOST_AT_ONCE = 2_000
EDITED = (
    "name", "name_hi", "brand", "category", "pack", "pack_size", "pack_unit", "weight_g", "mrp_paise", "hsn",
    "gst_bp", "veg", "zone", "barcode", "shelf_life_days", "max_per_order", "keywords", "popularity",
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
            services.refresh_search(list(obj.products.values_list("pk", flat=True)))


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
    readonly_fields = ("source", "updated_at", "search_text", "price_history")
    inlines = (PictureInline, OnShelvesInline)
    show_full_result_count = False
    ordering = ("name",)
    list_per_page = 50
    actions = ("schedule_price", "switch_off", "switch_on")

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
        services.refresh_shelf(product_ids=[obj.pk], actor=actor(request), now=now)
        services.refresh_search([obj.pk])

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
