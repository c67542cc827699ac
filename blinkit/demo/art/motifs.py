# ruff: noqa: E501  (drawings are long strings)
"""Small marks printed on packs: what is inside, told in two or three shapes around (0, 0), about 40 units wide."""

from __future__ import annotations

from collections.abc import Callable

from blinkit.demo.art.colour import Paint, mix

Mark = Callable[[Paint], str]


def _leaf(p: Paint) -> str:
    return (
        '<path d="M0 18Q-20 6-14-16Q8-14 10 4Q10 14 0 18Z" fill="#5fae5a"/>'
        '<path d="M0 18Q16 14 18-6Q4-6 0 8Z" fill="#3f8f45"/><path d="M0 18Q-4 2-11-11" stroke="#e8f5df" fill="none"/>'
    )


def _beans(p: Paint) -> str:
    tone = mix(p.base, "#ffffff", 0.12)
    spots = [(-14, -6, -20), (2, -10, 30), (15, -2, -35), (-7, 7, 15), (9, 10, -10), (-19, 9, 40)]
    return "".join(
        f'<ellipse cx="{x}" cy="{y}" rx="8" ry="5.6" fill="{tone}" stroke="{p.dark}" stroke-width="1.4" '
        f'transform="rotate({r} {x} {y})"/>'
        for x, y, r in spots
    )


def _grain(p: Paint) -> str:
    ears = "".join(
        f'<ellipse cx="{s * 6}" cy="{y}" rx="3.4" ry="6.4" fill="#e2ab3c" transform="rotate({s * 32} {s * 6} {y})"/>'
        for y in (-10, -1, 8)
        for s in (-1, 1)
    )
    return f'<path d="M0 22V-14" stroke="#b8842a" stroke-width="2"/>{ears}<ellipse cy="-17" rx="3.2" ry="6" fill="#e2ab3c"/>'


def _drop(p: Paint) -> str:
    return (
        f'<path d="M0-20Q16 2 13 9A13 13 0 0 1-13 9Q-16 2 0-20Z" fill="{p.light}"/>'
        '<path d="M-7 7A8 8 0 0 0 0 15" stroke="#fff" stroke-width="3" stroke-linecap="round" fill="none"/>'
    )


def _milk(p: Paint) -> str:
    return (
        f'<path d="M-26 10Q-18-6-8 4Q-4-20 4-20Q8-4 12 4Q20-6 26 10Q14 20 0 20Q-14 20-26 10Z" fill="{p.white}"/>'
        f'<circle cx="-15" cy="-10" r="3.4" fill="{p.white}"/><circle cx="17" cy="-11" r="2.6" fill="{p.white}"/>'
    )


def _chips(p: Paint) -> str:
    return (
        '<g fill="#f3c34b" stroke="#c98f20" stroke-width="1.4"><ellipse cx="-11" cy="2" rx="14" ry="10" transform="rotate(-24)"/>'
        '<ellipse cx="10" cy="-4" rx="14" ry="10" transform="rotate(18)"/><ellipse cx="3" cy="10" rx="14" ry="9"/></g>'
    )


def _noodles(p: Paint) -> str:
    lines = "".join(f'<path d="M-24 {y}q6-9 12 0t12 0t12 0t12 0"/>' for y in (-8, 0, 8))
    return f'<g fill="none" stroke="#f6d36a" stroke-width="4.4" stroke-linecap="round">{lines}</g>'


def _biscuit(p: Paint) -> str:
    dots = "".join(f'<circle cx="{x}" cy="{y}" r="1.7"/>' for x, y in ((-7, -6), (6, -7), (0, 1), (-7, 7), (8, 6)))
    return f'<circle r="17" fill="#dca35a" stroke="#b57c35" stroke-width="2.4"/><g fill="#99622a">{dots}</g>'


def _choc(p: Paint) -> str:
    cells = "".join(f'<rect x="{x}" y="{y}" width="14" height="11" rx="2"/>' for x in (-23, -7, 9) for y in (-12, 1))
    return f'<g fill="#5b3320" stroke="#7d4a30" stroke-width="1.2">{cells}</g>'


def _fizz(p: Paint) -> str:
    spots = ((-12, 8, 5), (0, -6, 6.5), (12, 6, 4.5), (-4, 14, 3), (10, -14, 3.5), (-14, -10, 3))
    return "".join(f'<circle cx="{x}" cy="{y}" r="{r}" fill="{p.white}" opacity=".55"/>' for x, y, r in spots)


def _fruit(p: Paint) -> str:
    return (
        '<circle cx="-8" cy="4" r="12" fill="#f39a2b"/><circle cx="10" cy="6" r="11" fill="#d94a3a"/>'
        '<path d="M-2-8Q8-22 18-16Q12-4-2-8Z" fill="#4f9d47"/>'
    )


def _cup(p: Paint) -> str:
    return (
        f'<path d="M-15-4h26v12a10 10 0 0 1-10 10h-6a10 10 0 0 1-10-10z" fill="{p.pale}"/>'
        f'<path d="M11 0h5a5 5 0 0 1 0 11h-5" fill="none" stroke="{p.pale}" stroke-width="3"/>'
        f'<path d="M-8-10q-4-5 0-10M2-10q-4-5 0-10" stroke="{p.pale}" stroke-width="2.4" fill="none" stroke-linecap="round"/>'
    )


def _chilli(p: Paint) -> str:
    return (
        '<path d="M-18-8Q-6 14 22 10Q2 24-14 10Q-22 2-18-8Z" fill="#e23b2a"/>'
        '<path d="M-18-8q-4-6 2-10" stroke="#3f8f45" stroke-width="4" fill="none" stroke-linecap="round"/>'
    )


def _flake(p: Paint) -> str:
    arms = "".join(f'<path d="M0 0V-18M0-12l-5-4M0-12l5-4" transform="rotate({a})"/>' for a in range(0, 360, 60))
    return f'<g fill="none" stroke="{p.white}" stroke-width="2.6" stroke-linecap="round" opacity=".9">{arms}</g>'


def _bubbles(p: Paint) -> str:
    spots = ((-10, 4, 11), (9, -4, 13), (8, 14, 6), (-12, -12, 5))
    return "".join(
        f'<circle cx="{x}" cy="{y}" r="{r}" fill="{p.white}" opacity=".5"/><circle cx="{x - r * 0.35:.1f}" cy="{y - r * 0.35:.1f}" '
        f'r="{r * 0.2:.1f}" fill="{p.white}"/>'
        for x, y, r in spots
    )


def _sparkle(p: Paint) -> str:
    star = "M0-15Q2-2 15 0Q2 2 0 15Q-2 2-15 0Q-2-2 0-15Z"
    return (
        f'<path d="{star}" fill="{p.white}"/><path d="{star}" fill="{p.white}" transform="translate(16-12) scale(.4)"/>'
    )


def _flower(p: Paint) -> str:
    petals = "".join(f'<ellipse cy="-10" rx="6" ry="9" transform="rotate({a})"/>' for a in range(0, 360, 60))
    return f'<g fill="{p.white}" opacity=".9">{petals}</g><circle r="6" fill="#f2c14a"/>'


def _paw(p: Paint) -> str:
    toes = "".join(
        f'<ellipse cx="{x}" cy="{y}" rx="5" ry="6.4"/>' for x, y in ((-15, -3), (-6, -13), (6, -13), (15, -3))
    )
    return f'<g fill="{p.white}">{toes}<path d="M0-4Q14 6 10 14Q5 19 0 15Q-5 19-10 14Q-14 6 0-4Z"/></g>'


def _heart(p: Paint) -> str:
    return f'<path d="M0 17Q-22 2-18-9Q-12-19 0-8Q12-19 18-9Q22 2 0 17Z" fill="{p.white}" opacity=".9"/>'


def _sun(p: Paint) -> str:
    rays = "".join(f'<path d="M0-15V-21" transform="rotate({a})"/>' for a in range(0, 360, 45))
    return f'<circle r="10" fill="#f7c948"/><g stroke="#f7c948" stroke-width="3.4" stroke-linecap="round">{rays}</g>'


def _meat(p: Paint) -> str:
    return '<path d="M-20 2Q-18-16 2-14Q22-12 18 4Q14 18-4 16Q-20 14-20 2Z" fill="#d9776a"/><circle cx="4" cy="0" r="5" fill="#f5dcd2"/>'


def _cheese(p: Paint) -> str:
    return (
        '<path d="M-22 12V2L14-14Q22-8 22 2V12Z" fill="#f6cf4f"/><path d="M-22 2H22" stroke="#d9a52c" stroke-width="2"/>'
        '<g fill="#d9a52c"><circle cx="-8" cy="7" r="2.6"/><circle cx="9" cy="7" r="3.2"/></g>'
    )


def _cubes(p: Paint) -> str:
    return (
        f'<g fill="{p.white}" stroke="#d8dde0" stroke-width="1.4"><rect x="-18" y="-2" width="17" height="17" rx="3"/>'
        '<rect x="2" y="-2" width="17" height="17" rx="3"/><rect x="-8" y="-19" width="17" height="17" rx="3"/></g>'
    )


MARKS: dict[str, Mark] = {
    "milk": _milk, "curd-paneer": _cubes, "butter-cheese": _cheese, "bread-bakery": _grain, "batter-ready": _drop,
    "atta-flours": _grain, "rice-poha": _grain, "dals-pulses": _beans, "dry-fruits": _beans, "oils-ghee": _sun,
    "masalas": _chilli, "salt-sugar": _cubes, "pickles-sauces": _fruit, "chips-crisps": _chips, "namkeen": _chips,
    "noodles-pasta": _noodles, "biscuits-cookies": _biscuit, "chocolates-candy": _choc, "mithai": _flower,
    "soft-drinks": _fizz, "juices": _fruit, "water-mixers": _drop, "tea": _leaf, "coffee": _cup, "health-drinks": _cup,
    "breakfast-cereals": _grain, "frozen-snacks": _flake, "frozen-veg": _flake, "ice-cream": _flake, "chicken-mutton": _meat,
    "fish-seafood": _meat, "laundry": _bubbles, "dishwash-cleaners": _sparkle, "home-needs": _sparkle, "bath-soap": _bubbles,
    "hair-care": _sparkle, "oral-care": _sparkle, "skin-grooming": _flower, "hygiene": _heart, "diapers-wipes": _heart,
    "baby-food-care": _heart, "dog-food": _paw, "cat-care": _paw, "pooja-needs": _flower, "stationery-party": _sparkle,
    "fresh-vegetables": _leaf, "leafy-herbs": _leaf, "fresh-fruits": _fruit, "exotic-fruits": _fruit, "eggs": _sun,
}  # fmt: skip


def mark(category: str, p: Paint, x: float, y: float, scale: float) -> str:
    """The category's mark at (x, y); nothing for a category without one."""
    draw = MARKS.get(category)
    return f'<g transform="translate({x:g} {y:g}) scale({scale:g})">{draw(p)}</g>' if draw else ""
