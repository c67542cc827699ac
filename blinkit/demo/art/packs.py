# ruff: noqa: E501  (drawings are long strings)
"""Packs: a silhouette, light from the left, a label with the brand and a mark. Canvas 240 x 240, standing on y = 206."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from blinkit.demo.art.colour import Paint, mix


@dataclass(frozen=True, slots=True)
class Print:
    """Where the brand word and the mark go on a pack, and in which colour the word is set."""

    x: float
    y: float
    width: float
    ink: str
    mark_x: float
    mark_y: float
    mark_scale: float = 1.0
    turn: float = 0.0
    pale: bool = False  # the mark sits on a pale label


Pack = Callable[[Paint], tuple[str, Print | None]]


def _lit(d: str, fill: str, left: float, right: float, *, inner: str = "") -> str:
    """A filled silhouette with a highlight along its left edge and shade along its right one."""
    width = right - left
    return (
        f'<clipPath id="c"><path d="{d}"/></clipPath><g clip-path="url(#c)"><path d="{d}" fill="{fill}"/>{inner}'
        f'<rect x="{left + width * 0.07:g}" y="20" width="{width * 0.09:g}" height="200" fill="#fff" opacity=".22"/>'
        f'<rect x="{right - width * 0.14:g}" y="20" width="{width * 0.14:g}" height="200" fill="#10201a" opacity=".13"/></g>'
    )


def _band(y: float, height: float, fill: str) -> str:
    return f'<rect x="30" y="{y:g}" width="180" height="{height:g}" fill="{fill}"/>'


def standup(p: Paint) -> tuple[str, Print]:
    d = "M70 48Q120 44 170 48L177 198Q120 212 63 198Z"
    window = f'<ellipse cx="120" cy="158" rx="40" ry="33" fill="{p.pale}"/>'
    top = _band(40, 26, p.dark) + f'<path d="M60 72H180" stroke="{p.light}" stroke-width="1.6" stroke-dasharray="3 4"/>'
    return _lit(d, p.base, 63, 177, inner=top + window), Print(120, 105, 92, p.on, 120, 158, 1.15, pale=True)


def pouch(p: Paint) -> tuple[str, Print]:
    d = "M68 44H172Q180 124 173 206H67Q60 124 68 44Z"
    seals = _band(40, 16, p.light) + _band(194, 16, p.light)
    swash = f'<path d="M40 150Q90 124 130 146T210 134V220H40Z" fill="{p.light}" opacity=".75"/>'
    return _lit(d, p.base, 62, 178, inner=swash + seals), Print(120, 98, 92, p.on, 120, 154, 1.25)


def packet(p: Paint) -> tuple[str, Print]:
    teeth = "".join(f"l7.75 {s}l7.75 {-s}" for s in (5,) * 8)
    back = "".join(f"l-7.75 {s}l-7.75 {-s}" for s in (-5,) * 8)
    d = f"M58 46{teeth}L175 62Q187 126 175 192L182 208{back}L65 192Q53 126 65 62Z"
    burst = f'<path d="M30 170Q80 112 210 130V230H30Z" fill="{p.dark}"/>'
    crimp = (
        '<g stroke="#fff" opacity=".35" stroke-width="1.4"><path d="M60 57H180M60 62H180M60 193H180M60 198H180"/></g>'
    )
    return _lit(d, p.base, 56, 184, inner=burst + crimp), Print(120, 104, 98, p.on, 120, 154, 1.3)


def box(p: Paint) -> tuple[str, Print]:
    art = (
        f'<path d="M160 58l20-10v148l-20 12z" fill="{p.deep}"/><path d="M64 58l20-10h96l-20 10z" fill="{p.light}"/>'
        f'<rect x="64" y="58" width="96" height="150" fill="{p.base}"/><path d="M64 136Q112 116 160 132V208H64Z" fill="{p.pale}"/>'
        '<rect x="64" y="58" width="7" height="150" fill="#fff" opacity=".2"/>'
    )
    return art, Print(112, 98, 80, p.on, 112, 168, 1.2, pale=True)


def carton(p: Paint) -> tuple[str, Print]:
    art = (
        f'<path d="M78 84L92 54H162L168 84Z" fill="{p.light}"/><path d="M158 84l10-30 12 30z" fill="{p.dark}"/>'
        f'<rect x="88" y="44" width="78" height="12" rx="2" fill="{p.dark}"/><circle cx="120" cy="70" r="9" fill="#fff"/>'
        f'<rect x="74" y="84" width="84" height="124" fill="{p.base}"/><path d="M158 84h22v116l-22 8z" fill="{p.deep}"/>'
        f'<path d="M74 150Q116 132 158 148V208H74Z" fill="{p.pale}"/><rect x="74" y="84" width="7" height="124" fill="#fff" opacity=".2"/>'
    )
    return art, Print(116, 122, 72, p.on, 116, 176, 1.05, pale=True)


def bottle(p: Paint) -> tuple[str, Print]:
    d = "M106 46H134V66Q134 78 150 88Q158 94 158 106V198Q158 208 148 208H92Q82 208 82 198V106Q82 94 90 88Q106 78 106 66Z"
    label = _band(112, 70, p.pale) + _band(108, 4, p.deep) + _band(182, 4, p.deep)
    cap = f'<rect x="102" y="32" width="36" height="17" rx="4" fill="{p.deep}"/>'
    return _lit(d, p.base, 82, 158, inner=label) + cap, Print(120, 134, 68, p.deep, 120, 162, 0.8, pale=True)


def oilcan(p: Paint) -> tuple[str, Print]:
    d = "M84 62H128L168 92V198Q168 208 158 208H82Q72 208 72 198V76Q72 62 84 62Z"
    cap = f'<rect x="86" y="44" width="30" height="20" rx="4" fill="{p.deep}"/>'
    handle = f'<path d="M134 82l22 16v30" fill="none" stroke="{p.ground}" stroke-width="9" stroke-linecap="round"/>'
    label = f'<rect x="80" y="122" width="80" height="70" rx="6" fill="{p.pale}"/>'
    return _lit(d, p.base, 72, 168, inner=label) + handle + cap, Print(120, 144, 70, p.deep, 120, 172, 0.8, pale=True)


def jar(p: Paint) -> tuple[str, Print]:
    d = "M84 72H156Q170 78 170 94V192Q170 208 154 208H86Q70 208 70 192V94Q70 78 84 72Z"
    lid = (
        f'<rect x="78" y="44" width="84" height="28" rx="6" fill="{p.deep}"/>'
        '<path d="M90 46V70M102 46V70M114 46V70M126 46V70M138 46V70M150 46V70" stroke="#fff" opacity=".2" stroke-width="2"/>'
    )
    return _lit(d, p.base, 70, 170, inner=_band(102, 80, p.pale)) + lid, Print(
        120, 126, 84, p.deep, 120, 158, 0.95, pale=True
    )


def can(p: Paint) -> tuple[str, Print]:
    d = "M82 62Q82 52 92 50H148Q158 52 158 62V194Q158 204 148 206H92Q82 204 82 194Z"
    inner = f'<path d="M60 170Q100 120 180 140V230H60Z" fill="{p.dark}"/>'
    rims = '<ellipse cx="120" cy="52" rx="32" ry="6" fill="#c9d1d4"/><ellipse cx="124" cy="51" rx="8" ry="2.4" fill="#8f9a9f"/>'
    return _lit(d, p.base, 82, 158, inner=inner) + rims, Print(120, 104, 66, p.on, 120, 158, 1.1)


def tin(p: Paint) -> tuple[str, Print]:
    d = "M62 76Q120 88 178 76V196Q120 212 62 196Z"
    lid = '<ellipse cx="120" cy="76" rx="58" ry="13" fill="#d5dadb"/><ellipse cx="120" cy="75" rx="48" ry="9" fill="#eef1f1"/>'
    panel = f'<ellipse cx="120" cy="142" rx="46" ry="40" fill="{p.pale}"/>'
    return _lit(d, p.base, 62, 178, inner=panel) + lid, Print(120, 128, 80, p.deep, 120, 158, 0.85, pale=True)


def tub(p: Paint) -> tuple[str, Print]:
    d = "M62 92H178L168 196Q166 206 156 206H84Q74 206 72 196Z"
    lid = f'<rect x="54" y="72" width="132" height="22" rx="9" fill="{p.dark}"/><rect x="62" y="76" width="50" height="5" rx="2.5" fill="#fff" opacity=".35"/>'
    wave = f'<path d="M40 160Q90 138 130 156T210 148V220H40Z" fill="{p.pale}"/>'
    return _lit(d, p.base, 66, 174, inner=wave) + lid, Print(120, 126, 92, p.on, 120, 174, 0.9, pale=True)


def sack(p: Paint) -> tuple[str, Print]:
    d = "M62 42Q120 36 178 42L174 62Q184 130 176 202Q120 212 64 202Q56 130 66 62Z"
    panel = f'<circle cx="120" cy="142" r="47" fill="{p.pale}"/>'
    fold = (
        _band(36, 24, p.dark)
        + '<path d="M66 60H174" stroke="#fff" opacity=".5" stroke-width="2" stroke-dasharray="5 4"/>'
    )
    return _lit(d, p.base, 58, 182, inner=fold + panel), Print(120, 128, 82, p.deep, 120, 160, 0.95, pale=True)


def bar(p: Paint) -> tuple[str, Print]:
    d = "M38 96L46 92H194L202 96L197 104L202 112L197 120L202 128L197 136L202 144L197 152L202 160L194 164H46L38 160L43 152L38 144L43 136L38 128L43 120L38 112L43 104Z"
    inner = f'<path d="M130 80L230 80V180H100Z" fill="{p.dark}"/><rect x="30" y="98" width="180" height="6" fill="#fff" opacity=".28"/>'
    art = (
        f'<clipPath id="c"><path d="{d}"/></clipPath><g transform="rotate(-9 120 128)"><g clip-path="url(#c)">'
        f'<path d="{d}" fill="{p.base}"/>{inner}<path d="M54 88V168M186 88V168" stroke="#10201a" opacity=".2" stroke-width="3"/></g></g>'
    )
    return art, Print(98, 132, 74, p.on, 160, 122, 0.85, -9)


def roll(p: Paint) -> tuple[str, Print]:
    art = (
        f'<g transform="rotate(-7 120 120)"><path d="M36 88L52 84V148L36 144ZM204 88L188 84V148L204 144Z" fill="{p.dark}"/>'
        f'<rect x="50" y="78" width="140" height="76" rx="10" fill="{p.base}"/><rect x="50" y="86" width="140" height="9" fill="#fff" opacity=".25"/>'
        f'<rect x="50" y="138" width="140" height="16" rx="8" fill="{p.deep}" opacity=".35"/></g>'
    )
    return art, Print(116, 120, 106, p.on, 166, 180, 1.35, -7)


def tube(p: Paint) -> tuple[str, Print]:
    art = (
        f'<g transform="rotate(-24 120 124)"><path d="M34 92H42L184 104V144L42 158H34Z" fill="{p.base}"/>'
        f'<path d="M34 92h9v66h-9z" fill="{p.deep}"/><path d="M43 96L184 107V113L43 104Z" fill="#fff" opacity=".3"/>'
        f'<path d="M43 140Q110 120 184 132V144L43 158Z" fill="{p.dark}"/>'
        f'<rect x="184" y="110" width="24" height="28" rx="4" fill="#f4f6f5"/><path d="M190 110v28M196 110v28M202 110v28" stroke="#c9d1d0" stroke-width="1.6"/></g>'
    )
    return art, Print(112, 128, 88, p.on, 0, 0, 0, -24)


def cup(p: Paint) -> tuple[str, Print]:
    d = "M70 74H170L158 198Q157 206 149 206H91Q83 206 82 198Z"
    lid = '<ellipse cx="120" cy="74" rx="54" ry="10" fill="#f2eee4"/><ellipse cx="120" cy="72" rx="46" ry="7" fill="#fff"/>'
    return _lit(d, p.base, 72, 168, inner=_band(160, 60, p.dark)) + lid, Print(120, 112, 76, p.on, 120, 148, 1.05)


def pump(p: Paint) -> tuple[str, Print]:
    d = "M92 92H148Q164 96 164 112V196Q164 208 152 208H88Q76 208 76 196V112Q76 96 92 92Z"
    head = (
        f'<rect x="106" y="72" width="28" height="20" rx="4" fill="{p.deep}"/><rect x="116" y="54" width="8" height="20" fill="{p.deep}"/>'
        f'<path d="M86 46H140Q146 46 146 52V58H98L86 54Z" fill="{p.deep}"/>'
    )
    return _lit(d, p.base, 76, 164, inner=_band(122, 66, p.pale)) + head, Print(
        120, 144, 76, p.deep, 120, 168, 0.7, pale=True
    )


def spray(p: Paint) -> tuple[str, Print]:
    d = "M88 88Q88 74 104 72H136Q152 74 152 88V200Q152 208 144 208H96Q88 208 88 200Z"
    head = f'<rect x="100" y="40" width="40" height="34" rx="8" fill="{p.deep}"/><rect x="112" y="48" width="16" height="8" rx="3" fill="#fff" opacity=".6"/>'
    return _lit(d, p.base, 88, 152, inner=_band(156, 60, p.dark)) + head, Print(120, 116, 56, p.on, 120, 168, 0.85)


def bale(p: Paint) -> tuple[str, Print]:
    d = "M54 84Q120 72 186 84Q192 142 186 200Q120 210 54 200Q48 142 54 84Z"
    handle = f'<path d="M92 82Q94 48 120 48Q146 48 148 82" fill="none" stroke="{p.dark}" stroke-width="9"/>'
    wave = f'<path d="M30 150Q90 118 210 146V220H30Z" fill="{p.pale}"/>'
    return handle + _lit(d, p.base, 50, 190, inner=wave), Print(120, 116, 104, p.on, 120, 170, 1.15, pale=True)


def tray(p: Paint) -> tuple[str, None]:
    shade = mix(p.base, "#7a5230", 0.34)
    rim = mix(p.base, "#7a5230", 0.2)

    def egg(x: float, y: float) -> str:
        return (
            f'<ellipse cx="{x:g}" cy="{y:g}" rx="20" ry="27" fill="{p.base}" stroke="{rim}" stroke-width="1.6"/>'
            f'<path d="M{x + 8:g} {y - 23:g}A20 27 0 0 1 {x + 8:g} {y + 23:g}A30 34 0 0 0 {x + 8:g} {y - 23:g}Z" fill="{shade}" opacity=".5"/>'
            f'<ellipse cx="{x - 7:g}" cy="{y - 11:g}" rx="4" ry="7" fill="#fff" opacity=".8"/>'
        )

    back = "".join(egg(x, 98) for x in (82, 120, 158))
    front = "".join(egg(x, 134) for x in (62, 101, 139, 178))
    art = (
        f'<path d="M46 112Q120 100 194 112V150H46Z" fill="#6f7f8a"/>{back}{front}'
        '<path d="M38 152Q48 166 62 152Q81 170 101 152Q120 170 139 152Q158 170 178 152Q192 166 202 152L193 198Q192 206 183 206H57Q48 206 47 198Z" fill="#8fa0ab"/>'
        '<path d="M42 178H198L193 198Q192 206 183 206H57Q48 206 47 198Z" fill="#748692"/>'
    )
    return art, None


def book(p: Paint) -> tuple[str, Print]:
    art = (
        f'<rect x="74" y="50" width="104" height="154" rx="6" fill="#fff"/><rect x="66" y="46" width="104" height="156" rx="6" fill="{p.base}"/>'
        f'<rect x="66" y="46" width="15" height="156" rx="5" fill="{p.deep}"/><rect x="92" y="74" width="66" height="54" rx="5" fill="{p.pale}"/>'
        f'<path d="M92 156H158M92 168H140" stroke="{p.light}" stroke-width="5" stroke-linecap="round"/>'
    )
    return art, Print(125, 106, 58, p.deep, 0, 0, 0)


PACKS: dict[str, Pack] = {
    "standup": standup, "pouch": pouch, "packet": packet, "box": box, "carton": carton, "bottle": bottle, "oilcan": oilcan,
    "jar": jar, "can": can, "tin": tin, "tub": tub, "sack": sack, "bar": bar, "roll": roll, "tube": tube, "cup": cup,
    "pump": pump, "spray": spray, "bale": bale, "tray": tray, "book": book,
}  # fmt: skip
