"""What a line of a file becomes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.utils.text import slugify

from catalog.search.folding import fold

MOST_PAISE = 100_000_000
"""Ten lakh rupees: a price above it is a slip, not a grocery."""


class BadLine(Exception):
    """This line can't become a product; the text says why."""


class NotThisFormat(Exception):
    """The file as a whole is not what it was said to be."""


@dataclass(frozen=True, slots=True)
class Note:
    """What became of one line that was not simply accepted."""

    line: int
    reason: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One product as a file tells it. `stock` is None when the file does not say."""

    sku: str
    name: str
    category: tuple[str, ...]  # from the top category down, at most two
    mrp_paise: int
    price_paise: int
    brand: str = ""
    name_hi: str = ""
    pack: str = ""
    pack_size: Decimal | None = None
    pack_unit: str = ""
    weight_g: int = 0
    hsn: str = ""
    gst_bp: int = 0
    veg: str = "none"
    zone: str = "ambient"
    barcode: str = ""
    shelf_life_days: int | None = None
    max_per_order: int = 10
    keywords: str = ""
    popularity: int = 0
    stock: int | None = None
    pack_kind: str = ""  # the rule that read the pack; for the report only


def stable_sku(prefix: str, *identity: str) -> str:
    """The same product has the same SKU in every file and every run: a hash of its folded name, brand and pack."""
    digest = hashlib.blake2s("\x1f".join(fold(part) for part in identity).encode(), digest_size=6).hexdigest()
    return f"{prefix}-{digest.upper()}"


def clean(text: str | None, *, most: int, what: str) -> str:
    """One line of readable text. Raises BadLine for bytes that could not be read and for text that is too long."""
    value = " ".join((text or "").split())
    if "\ufffd" in value or "\x00" in value:
        raise BadLine(f"{what} has unreadable characters (is the encoding right?)")
    if len(value) > most:
        raise BadLine(f"{what} is longer than {most} characters")
    return value


def paise(text: str | None, *, what: str, per: int) -> int:
    """An amount as whole paise; `per` is 1 for a file in paise and 100 for one in rupees. Raises BadLine."""
    try:
        value = Decimal((text or "").strip().replace(",", "").removeprefix("₹")) * per
    except InvalidOperation:
        raise BadLine(f"{what} is not a number: {text!r}") from None
    if not value.is_finite() or value < 0 or value > MOST_PAISE:
        raise BadLine(f"{what} is out of range: {text!r}")
    if value == 0:
        raise BadLine(f"{what} is zero")
    # A tenth of a paisa can't be charged; ROUND_HALF_EVEN keeps 85.14 exact and never floats.
    return int(value.to_integral_value())


def whole(text: str | None, *, what: str, empty: int | None = None) -> int:
    value = (text or "").strip()
    if not value and empty is not None:
        return empty
    try:
        number = int(value)
    except ValueError:
        raise BadLine(f"{what} is not a whole number: {text!r}") from None
    if not 0 <= number < 2**31:
        raise BadLine(f"{what} is out of range: {text!r}")
    return number


def category_slug(path: tuple[str, ...]) -> str:
    """A slug of at most 50 characters; a child carries its parent's, so that equal names under two parents stay two."""
    slug = "-".join(slugify(part) or hashlib.blake2s(part.encode(), digest_size=4).hexdigest() for part in path)
    if len(slug) > 50:
        slug = f"{slug[:43]}-{hashlib.blake2s(slug.encode(), digest_size=3).hexdigest()}"
    return slug


def brand_slug(brand: str) -> str:
    return (slugify(fold(brand)) or hashlib.blake2s(brand.encode(), digest_size=6).hexdigest())[:90]
