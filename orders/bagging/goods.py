"""What the catalogue tells about a product that matters for bags: what it may lie beside, how much room it takes.

The catalogue has no word for "never beside food" nor for "breaks", but every product that is sold with a GST invoice
has its HSN code, which is the customs tariff's own sorting of goods: chapters 33, 34, 36 and 38 are perfumery, soaps
and detergents, matches, insecticides and disinfectants; 0407 are eggs, 1905 bread and biscuits. Where a row has no code
(an import from elsewhere) the words of its category's slug decide.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Kind = Literal["ambient", "nonfood", "chilled", "frozen"]
KINDS: tuple[Kind, ...] = ("ambient", "nonfood", "chilled", "frozen")
"""Kinds of bags, in the order they are closed: cold ones last."""

CHEMICAL_CHAPTERS = frozenset({"28", "29", "32", "33", "34", "35", "36", "38"})
"""Inorganic and organic chemicals (camphor), paints, cosmetics, soap and candles, glue, matches, insecticides."""
EDIBLE_CHEMICALS = frozenset(
    {"2836", "2905", "2915", "2916", "2918", "2922", "2932", "2936", "3301", "3302", "3502", "3503"}
)
"""Of those chapters what is eaten: baking soda, sweeteners and acids, vitamins, flavours, albumin, gelatine."""
CHEMICAL_WORDS = frozenset(
    "bath beauty bleach cleaner cleaners cleaning cosmetics deodorants detergent detergents dishwash fragrances"  # noqa: SIM905
    " freshener fresheners grooming hair household hygiene incense insect laundry makeup oral pest phenyl repellent"
    " repellents sanitary shampoo skin soap soaps toilet".split()
)
FRAGILE_HEADINGS = frozenset({"0407", "0705", "0709", "0702", "0810", "1904", "1905", "2005"})
"""Eggs, leaves and tender vegetables, tomatoes, berries, flakes and puffs, bread and biscuits, crisps: on top."""
FRAGILE_WORDS = frozenset("bakery berries biscuits bread cakes chips crisps eggs herbs leafy namkeen papad".split())  # noqa: SIM905

DENSITY_G_PER_L = {"produce": 450, "chilled": 800, "frozen": 550, "ambient": 650}
"""How much of what lies in a zone fills a litre of bag, air between packs included. Estimates of ours."""
FRAGILE_G_PER_L = 200
"""Bread, crisps, leaves and egg boxes are mostly air."""
WALLS_BP = 11_500
"""A bottle of one litre takes 1.15 litres of the bag."""
UNKNOWN_ML = 1_000
LEAST_ML = 50


@dataclass(frozen=True, slots=True)
class Goods:
    """`qty` units of one line. `weight_g` of one unit, gross, 0 when unknown; `volume_ml` of one unit in a bag."""

    id: Hashable
    name: str
    kind: Kind
    qty: int
    weight_g: int
    volume_ml: int
    fragile: bool = False


def kind_of(*, zone: str, hsn: str = "", category: str = "") -> Kind:
    """The kind of bag a product goes into. Cold decides before anything else; `category` is its slug."""
    if zone == "chilled":
        return "chilled"
    if zone == "frozen":
        return "frozen"
    if hsn[:2].isdigit():
        chemical = hsn[:2] in CHEMICAL_CHAPTERS and hsn[:4] not in EDIBLE_CHEMICALS
    else:
        chemical = not CHEMICAL_WORDS.isdisjoint(category.lower().split("-"))
    return "nonfood" if chemical else "ambient"


def is_fragile(*, hsn: str = "", category: str = "") -> bool:
    """Whether it lies on top of its bag: it breaks, or is crushed."""
    if len(hsn) >= 4:
        return hsn[:4] in FRAGILE_HEADINGS
    return not FRAGILE_WORDS.isdisjoint(category.lower().split("-"))


def litres_ml(
    *, pack_size: Decimal | float | None, pack_unit: str, weight_g: int, zone: str, fragile: bool = False
) -> int:
    """Millilitres one unit takes in a bag.

    Liquids by what is printed, plus the bottle's walls; else by weight and the density of its zone; a kilo printed
    counts where the gross weight is unknown; of what nothing is known one litre is kept free.
    """
    unit = pack_unit.lower()
    if pack_size and unit in ("ml", "l"):
        printed_ml = int(pack_size * (1_000 if unit == "l" else 1))
        return max(LEAST_ML, printed_ml * WALLS_BP // 10_000)
    grams = weight_g or (int(pack_size * (1_000 if unit == "kg" else 1)) if pack_size and unit in ("g", "kg") else 0)
    if not grams:
        return UNKNOWN_ML
    density = FRAGILE_G_PER_L if fragile else DENSITY_G_PER_L.get(zone, DENSITY_G_PER_L["ambient"])
    return max(LEAST_ML, grams * 1_000 // density)


def goods(
    *,
    id: Hashable,
    name: str,
    qty: int,
    zone: str,
    hsn: str,
    category: str,
    weight_g: int,
    pack_size: Decimal | float | None,
    pack_unit: str,
) -> Goods:
    """A line as bags see it. `category` is its slug, read where there is no HSN code."""
    category = "" if hsn else category
    fragile = is_fragile(hsn=hsn, category=category)
    volume_ml = litres_ml(pack_size=pack_size, pack_unit=pack_unit, weight_g=weight_g, zone=zone, fragile=fragile)
    kind = kind_of(zone=zone, hsn=hsn, category=category)
    return Goods(id=id, name=name, kind=kind, qty=qty, weight_g=weight_g, volume_ml=volume_ml, fragile=fragile)
