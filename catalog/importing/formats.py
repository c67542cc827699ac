"""The files we can read, each as one function from a CSV record to an `ImportRow`.

Neither zepto nor bigbasket files carry GST rate, HSN, veg mark or storage zone. Rate and zone are assumed from the
category (said in `assumed`, shown in the report); a tax person should look before such goods are sold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from catalog.importing.rows import BadLine, ImportRow, clean, paise, stable_sku, whole
from catalog.packs import Pack, read_pack
from catalog.search.folding import words

Record = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Format:
    """`full`: the file is the whole truth about a product and may overwrite what people edited."""

    name: str
    encoding: str
    columns: tuple[str, ...]
    read: Callable[[Record], ImportRow]
    full: bool = False
    assumed: str = ""
    brands_in_names: str = ""  # the column whose texts begin with the brand, where the file has none for brands


_FOOD_WORDS = ("food", "fruit", "vegetable", "dairy", "bread", "snack", "munch", "masala", "oil", "beverage", "biscuit",
               "chocolate", "dessert", "meat", "fish", "egg", "bakery", "cooking", "cake", "gourmet")  # fmt: skip
_ZONES = (("frozen", "frozen"), ("ice cream", "frozen"), ("dairy", "chilled"), ("meat", "chilled"), ("fish", "chilled"),
          ("fruits", "produce"), ("vegetables", "produce"))  # fmt: skip


def _assumed_gst_bp(category: str) -> int:
    """Slabs after September 2025: fresh produce free, food 5 %, the rest 18 %."""
    lowered = category.lower()
    if "fruits & vegetables" in lowered:
        return 0
    return 500 if any(word in lowered for word in _FOOD_WORDS) else 1800


def _assumed_zone(*names: str) -> str:
    for name in names:
        for word, zone in _ZONES:
            if word in name.lower():
                return zone
    return "ambient"


def _named(record: Record, column: str) -> str:
    name = clean(record[column], most=240, what="The name")
    if not any(char.isalnum() for char in name):
        raise BadLine("The name is missing")
    return name


def _within(price_paise: int, mrp_paise: int) -> int:
    if price_paise > mrp_paise:
        raise BadLine(f"The price {price_paise / 100:g} is above the MRP {mrp_paise / 100:g}")
    return price_paise


PIECE_G = 58
"""What a zepto file writes as the weight of one piece that is not weighed (a coconut: 58, six bananas: 348)."""

_LIQUIDS = frozenset(
    ("juice", "drink", "water", "shampoo", "conditioner", "handwash", "phenyl", "oil", "vinegar", "squash", "soda",
     "cola", "essence", "milkshake", "lassi", "buttermilk", "sherbet", "cleaner")
)  # fmt: skip
_NO_LIQUIDS = frozenset(("powder", "mix", "dry", "malt", "masala", "bar", "toilet", "gel", "cubes", "balm"))


def _zepto_pack(name: str, quantity: int, weight: int) -> Pack | None:
    """`quantity` with `weightInGms`: 1 and 1000 is 1 kg, 100 and 100 is 100 g, 6 and 348 is 6 pieces. The file writes
    millilitres as grams: what is surely liquid is told by its name. Figures that fit no rule are no pack."""
    named = read_pack(name)
    if named is not None and named.total == weight:
        return named  # it may know more: 1 kg + 500 g free, 2 x 200 ml
    if not quantity or not weight:
        return None
    if weight == quantity * PIECE_G:
        return Pack(f"{quantity} pc", 1, Decimal(quantity), "pc", kind="pieces")
    if quantity == 1 and 1000 < weight < 2000:
        return _measured(name, Decimal(weight) / 1000, big=True)  # 1.5 kg, its half cut off
    if weight == quantity * 1000:
        return _measured(name, Decimal(quantity), big=True)
    return _measured(name, Decimal(quantity), big=False) if weight == quantity else None


def _measured(name: str, size: Decimal, *, big: bool) -> Pack:
    said = words(name.split("(")[0].split(" - ")[0].split(",")[0])
    is_liquid = bool(said) and said[-1] in _LIQUIDS and _NO_LIQUIDS.isdisjoint(said)
    unit = ("l" if big else "ml") if is_liquid else ("kg" if big else "g")
    return Pack(
        f"{size.normalize():f} {unit}", 1, size, unit, kind="liquid" if is_liquid else "size", sure=not is_liquid
    )


def _zepto_identity(quantity: int, weight: int) -> str:
    """The pack as the first version wrote it: part of the SKU, so that products known already stay the same."""
    if not quantity:
        return ""
    return f"{quantity} g" if weight == quantity else f"{quantity} {'kg' if weight == quantity * 1000 else 'pc'}"


def read_zepto(record: Record) -> ImportRow:
    """Prices in paise. A product is its name and pack: the same one under several categories is one product."""
    name = _named(record, "name")
    category = clean(record["Category"], most=80, what="The category") or "Other"
    mrp = paise(record["mrp"], what="The MRP", per=1)
    price = _within(paise(record["discountedSellingPrice"], what="The price", per=1), mrp)
    quantity = whole(record["quantity"], what="The quantity")
    weight = whole(record["weightInGms"], what="The weight")
    pack = _zepto_pack(name, quantity, weight)
    is_gone = record["outOfStock"].strip().upper() == "TRUE"
    return ImportRow(
        sku=stable_sku("Z", name, _zepto_identity(quantity, weight), str(weight)),
        name=name,
        category=(category,),
        mrp_paise=mrp,
        price_paise=price,
        **_packed(pack),
        weight_g=0 if weight == quantity * PIECE_G else weight,
        gst_bp=_assumed_gst_bp(category),
        zone=_assumed_zone(category) if category != "Ice Cream & Desserts" else "ambient",  # mostly packaged food
        stock=0 if is_gone else whole(record["availableQuantity"], what="The available quantity", empty=0),
    )


def _packed(pack: Pack | None) -> dict[str, Any]:
    """A pack as columns. What can be shown but not counted leaves the size empty: no unit price is made up."""
    if pack is None:
        return {"pack_kind": "unknown"}
    size = pack.total_in_unit
    if size is not None and size != size.quantize(Decimal("0.001")):
        return {"pack_kind": "unknown"}
    return {"pack": pack.printed, "pack_size": size, "pack_unit": pack.unit, "pack_kind": pack.kind}


def read_bigbasket(record: Record) -> ImportRow:
    """Prices in rupees, no pack column: the same name and brand at another MRP is another pack, so the MRP is part of
    what tells products apart. A row without a brand is kept without one."""
    name = _named(record, "product")
    brand = clean(record["brand"], most=120, what="The brand")
    top = clean(record["category"], most=80, what="The category") or "Other"
    sub = clean(record["sub_category"], most=80, what="The sub-category")
    mrp = paise(record["market_price"], what="The MRP", per=100)
    price = _within(paise(record["sale_price"], what="The price", per=100), mrp)
    rating = record.get("rating") or ""
    try:
        popularity = round(Decimal(rating.strip() or 0) * 20)
    except ArithmeticError:
        raise BadLine(f"The rating is not a number: {rating!r}") from None
    return ImportRow(
        sku=stable_sku("B", name, brand, str(mrp)),
        name=name,
        brand=brand,
        category=(top, sub) if sub else (top,),
        mrp_paise=mrp,
        price_paise=price,
        **_packed(read_pack(name)),
        gst_bp=_assumed_gst_bp(top),
        zone=_assumed_zone(sub, top),
        keywords=clean(record.get("type"), most=400, what="The type"),
        popularity=min(max(popularity, 0), 100),
    )


def read_tokri(record: Record) -> ImportRow:
    """Our own file: one column per product field, prices in paise, `sku` given. Also takes what an export wrote."""
    sku = clean(record["sku"], most=40, what="The SKU")
    if not sku or "/" in sku:
        raise BadLine("The SKU is missing or has a slash")
    mrp = paise(record["mrp_paise"], what="The MRP", per=1)
    size_text = (record.get("pack_size") or "").strip()
    try:
        size = Decimal(size_text) if size_text else None
    except ArithmeticError:
        raise BadLine(f"The pack size is not a number: {size_text!r}") from None
    if size is not None and not 0 < size < 1_000_000:
        raise BadLine(f"The pack size is out of range: {size_text!r}")
    unit = clean(record.get("pack_unit"), most=4, what="The pack unit")
    if unit not in {"", "g", "kg", "ml", "l", "pc"}:
        raise BadLine(f"The pack unit should be g, kg, ml, l or pc, not {unit!r}")
    veg = clean(record.get("veg"), most=6, what="The veg mark") or "none"
    zone = clean(record.get("zone"), most=8, what="The zone") or "ambient"
    if veg not in {"veg", "nonveg", "egg", "none"}:
        raise BadLine(f"The veg mark should be veg, nonveg, egg or empty, not {veg!r}")
    if zone not in {"ambient", "produce", "chilled", "frozen"}:
        raise BadLine(f"The zone should be ambient, produce, chilled or frozen, not {zone!r}")
    gst_bp = whole(record.get("gst_bp"), what="The GST rate", empty=0)
    if gst_bp > 4000:
        raise BadLine(f"The GST rate is above 40 %: {gst_bp}")
    barcode = clean(record.get("barcode"), most=14, what="The barcode")
    if barcode and not is_gtin(barcode):
        raise BadLine(f"The barcode's check digit is wrong: {barcode}")
    shelf_life = whole(record.get("shelf_life_days"), what="The shelf life", empty=0)
    stock = (record.get("stock") or "").strip()
    given = clean(record.get("pack"), most=60, what="The pack")
    read = None if size else read_pack(given, column=True)
    if read is not None and read.size is not None:
        size, unit = read.total_in_unit, read.unit
    return ImportRow(
        sku=sku,
        name=_named(record, "name"),
        name_hi=clean(record.get("name_hi"), most=240, what="The Hindi name"),
        brand=clean(record.get("brand"), most=120, what="The brand"),
        category=(clean(record["category"], most=80, what="The category") or "Other",),
        mrp_paise=mrp,
        price_paise=_within(paise(record.get("price_paise") or record["mrp_paise"], what="The price", per=1), mrp),
        pack=given or (f"{size.normalize():f} {unit}" if size else ""),
        pack_size=size,
        pack_unit=unit,
        pack_kind=read.kind if read else "given" if size else "unknown",
        weight_g=whole(record.get("weight_g"), what="The weight", empty=0),
        hsn=clean(record.get("hsn"), most=8, what="The HSN code"),
        gst_bp=gst_bp,
        veg=veg,
        zone=zone,
        barcode=barcode,
        shelf_life_days=shelf_life or None,
        max_per_order=min(whole(record.get("max_per_order"), what="The most per order", empty=10), 32_767),
        keywords=clean(record.get("keywords"), most=400, what="The keywords"),
        popularity=whole(record.get("popularity"), what="The popularity", empty=0),
        stock=whole(stock, what="The stock") if stock else None,
    )


def is_gtin(code: str) -> bool:
    """EAN-8, UPC-A, EAN-13 or GTIN-14 with a right check digit (GS1 General Specifications 7.9)."""
    if len(code) not in {8, 12, 13, 14} or not (code.isascii() and code.isdigit()):
        return False
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(code)))
    return total % 10 == 0


_ASSUMED = "GST rate and storage zone from the category; HSN and veg mark unknown"

FORMATS: dict[str, Format] = {
    made.name: made
    for made in (
        Format(
            "zepto",
            "cp1252",
            ("Category", "name", "mrp", "discountedSellingPrice", "availableQuantity", "weightInGms", "outOfStock",
             "quantity"),
            read_zepto,
            assumed=_ASSUMED,
            brands_in_names="name",
        ),
        Format(
            "bigbasket",
            "utf-8-sig",
            ("product", "category", "sub_category", "brand", "sale_price", "market_price"),
            read_bigbasket,
            assumed=_ASSUMED,
        ),
        Format("tokri", "utf-8-sig", ("sku", "name", "category", "mrp_paise"), read_tokri, full=True),
    )
}  # fmt: skip
