# ruff: noqa: E501  (drawings are long strings)
"""Product pictures drawn by the program: flat shapes on ground tinted by the category's hue. No photographs, no network.

The same row always gives the same bytes, 1 to 5 KB each, so pictures may be cached for ever and compared in tests.
"""

from __future__ import annotations

from dataclasses import replace
from xml.sax.saxutils import escape

from blinkit.demo.art.colour import INK, Paint, hsl, luminance
from blinkit.demo.art.motifs import mark
from blinkit.demo.art.packs import PACKS, Print
from blinkit.demo.art.produce import PRODUCE
from blinkit.demo.art.things import THINGS

FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif"
SHAPES = frozenset(PACKS) | frozenset(PRODUCE) | frozenset(THINGS)

# One characteristic thing per top category, (shape, colour), for the rail of the home page.
CATEGORY_ART: dict[str, tuple[str, str, str]] = {
    "fruits-vegetables": ("tomato", "#d9362b", ""),
    "dairy-bread-eggs": ("carton", "#2f7fc8", "milk"),
    "atta-rice-dal": ("sack", "#d9973a", "atta-flours"),
    "masala-oil": ("jar", "#c9561f", "masalas"),
    "munchies": ("packet", "#e0802a", "chips-crisps"),
    "biscuits-sweets": ("roll", "#b5405f", "biscuits-cookies"),
    "drinks-juices": ("bottle", "#ee8a1f", "juices"),
    "tea-coffee-breakfast": ("cup", "#7a4a2c", "coffee"),
    "frozen-icecream": ("cone", "#d9789b", ""),
    "meat-fish": ("drumstick", "#d98a6f", ""),
    "home-cleaning": ("spray", "#2f9bb0", "dishwash-cleaners"),
    "personal-care": ("pump", "#b068b8", "skin-grooming"),
    "baby-care": ("bale", "#d9689b", "diapers-wipes"),
    "pet-care": ("sack", "#7a5fc0", "dog-food"),
    "pooja-stationery": ("diya", "#c0602f", ""),
}


def _word(text: str, at: Print) -> str:
    """The brand set small, shrunk until it fits the label; long names fall back to their first word."""
    if len(text) > 13:
        text = text.split()[0]
    size = min(21.0, at.width / (max(len(text), 3) * 0.62))
    turn = f' transform="rotate({at.turn:g} {at.x:g} {at.y:g})"' if at.turn else ""
    return (
        f'<text x="{at.x:g}" y="{at.y:g}" fill="{at.ink}" font-size="{size:.1f}" font-weight="800" text-anchor="middle" '
        f'font-family="{FONT}"{turn}>{escape(text)}</text>'
    )


def _drawing(shape: str, paint: Paint, *, brand: str, category: str) -> str:
    if shape in PACKS:
        body, at = PACKS[shape](paint)
        if at is None:
            return body
        white = (paint.light if luminance(paint.base) < 0.3 else paint.dark) if at.pale else "#ffffff"
        printed = (
            mark(category, replace(paint, white=white), at.mark_x, at.mark_y, at.mark_scale) if at.mark_scale else ""
        )
        return body + printed + (_word(brand, at) if brand else "")
    draw = PRODUCE.get(shape) or THINGS.get(shape)
    if draw is None:
        raise ValueError(f"No drawing is called {shape!r}. Known: {', '.join(sorted(SHAPES))}.")
    return draw(paint)


def _frame(inner: str, paint: Paint, *, title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 240" role="img"><title>{escape(title)}</title>'
        f'<rect width="240" height="240" fill="{paint.ground}"/><circle cx="120" cy="122" r="96" fill="{paint.halo}"/>'
        f'<ellipse cx="120" cy="207" rx="74" ry="9" fill="{INK}" opacity=".13"/>{inner}</svg>'
    )


def draw_product(*, art: str, name: str, brand: str, category: str, hue: int) -> str:
    """The picture of one product as SVG text.

    `art` is "<shape> <#rrggbb>" as in catalogue.csv; `hue` (degrees) tints the ground.
    Raises ValueError when the shape is unknown.
    """
    shape, colour = art.split()
    paint = Paint(base=colour, hue=hue)
    inner = _drawing(shape, paint, brand=brand, category=category)
    return _frame(inner, paint, title=name)


def draw_category(*, slug: str, name: str, hue: int) -> str:
    """The tile of a top category as SVG text; a category without its own drawing gets a plain tinted disc with its initial."""
    shape, colour, prints = CATEGORY_ART.get(slug, ("", hsl(hue, 0.5, 0.5), ""))
    paint = Paint(base=colour, hue=hue)
    if shape:
        inner = _drawing(shape, paint, brand="", category=prints)
    else:
        inner = (
            f'<circle cx="120" cy="122" r="66" fill="{paint.base}"/><text x="120" y="146" fill="#fff" font-size="68" '
            f'font-weight="800" text-anchor="middle" font-family="{FONT}">{escape(name[:1])}</text>'
        )
    return _frame(inner, paint, title=name)
