# ruff: noqa: E501  (drawings are long strings)
"""Things sold as they grow: vegetables, fruit, leaves and flowers. Canvas 240 x 240, standing on about y = 204."""

from __future__ import annotations

from collections.abc import Callable

from blinkit.demo.art.colour import Paint, mix

Plant = Callable[[Paint], str]
GREEN, GREEN_DARK, STEM = "#4f9d47", "#35793a", "#7a5a35"


def _shine(x: float, y: float, rx: float, ry: float, turn: float = -25) -> str:
    return f'<ellipse cx="{x:g}" cy="{y:g}" rx="{rx:g}" ry="{ry:g}" fill="#fff" opacity=".38" transform="rotate({turn:g} {x:g} {y:g})"/>'


def _ball(x: float, y: float, r: float, p: Paint) -> str:
    """A round thing with a crescent of shade at the lower right."""
    return (
        f'<circle cx="{x:g}" cy="{y:g}" r="{r:g}" fill="{p.base}"/>'
        f'<path d="M{x + r * 0.66:g} {y - r * 0.75:g}A{r:g} {r:g} 0 1 1 {x - r * 0.75:g} {y + r * 0.66:g}'
        f'A{r * 1.08:g} {r * 1.08:g} 0 0 0 {x + r * 0.66:g} {y - r * 0.75:g}Z" fill="{p.dark}" opacity=".5"/>'
        + _shine(x - r * 0.38, y - r * 0.42, r * 0.2, r * 0.3, 35)
    )


def _trefoil(x: float, y: float, scale: float = 1) -> str:
    points = "M0 0Q-18-14-30-4Q-18 8 0 4Q18 8 30-4Q18-14 0 0ZM0 2Q-12 14-8 26Q4 18 2 2Z"
    return f'<g transform="translate({x:g} {y:g}) scale({scale:g})"><path d="{points}" fill="{GREEN}"/><path d="M0 2Q-2-10 6-18" stroke="{GREEN_DARK}" stroke-width="6" fill="none" stroke-linecap="round"/></g>'


def potato(p: Paint) -> str:
    def one(x: float, y: float, turn: float, s: float) -> str:
        spots = "".join(
            f'<ellipse cx="{a}" cy="{b}" rx="3.4" ry="1.8" fill="{p.dark}" opacity=".6"/>'
            for a, b in ((-22, -8), (8, -16), (24, 6), (-6, 12))
        )
        return f'<g transform="translate({x} {y}) rotate({turn}) scale({s})"><path d="M-48 0Q-48-32-8-32Q46-34 48 2Q46 32 0 32Q-46 32-48 0Z" fill="{p.base}"/><path d="M-44 12Q0 34 47 8Q40 32 0 32Q-36 32-44 12Z" fill="{p.dark}" opacity=".45"/>{spots}<ellipse cx="-20" cy="-18" rx="14" ry="5" fill="#fff" opacity=".35"/></g>'

    return one(148, 124, 24, 0.9) + one(86, 140, -18, 0.95) + one(136, 172, 6, 1)


def bulb(p: Paint) -> str:
    def one(x: float, y: float, s: float) -> str:
        return (
            f'<g transform="translate({x} {y}) scale({s})"><path d="M0-62Q4-44 22-36Q52-20 50 10Q46 42 0 44Q-46 42-50 10Q-52-20-22-36Q-4-44 0-62Z" fill="{p.base}"/>'
            f'<path d="M0-46Q-34-10-12 42M0-46Q34-10 12 42M0-50V44" stroke="{p.dark}" stroke-width="2.4" fill="none" opacity=".5"/>'
            f'<path d="M-8 43q8 12 16 0" stroke="{STEM}" stroke-width="3" fill="none"/>{_shine(-26, -4, 7, 17, 14)}</g>'
        )

    return one(154, 128, 0.82) + one(94, 150, 1.05)


def taper(p: Paint) -> str:
    def one(turn: float) -> str:
        return (
            f'<g transform="rotate({turn} 120 70)"><path d="M120 66Q100 40 92 34M120 66Q120 36 122 26M120 66Q140 42 150 38" stroke="{GREEN}" stroke-width="9" fill="none" stroke-linecap="round"/>'
            f'<path d="M98 74Q120 58 142 74Q142 140 121 204Q100 140 98 74Z" fill="{p.base}"/>'
            f'<path d="M128 68Q142 66 142 74Q142 140 121 204Q134 130 128 68Z" fill="{p.dark}" opacity=".45"/>'
            f'<path d="M102 92h14M106 118h14M110 146h10" stroke="{p.dark}" stroke-width="2.6" opacity=".6" stroke-linecap="round"/></g>'
        )

    return one(26) + one(-26) + one(0)


def pepper(p: Paint) -> str:
    return (
        f'<path d="M120 76Q92 58 70 82Q52 108 68 152Q78 194 102 198Q112 206 122 200Q148 206 164 176Q190 118 170 84Q150 60 120 76Z" fill="{p.base}"/>'
        f'<path d="M120 76Q104 110 108 198M122 76Q144 120 134 202" stroke="{p.dark}" stroke-width="4" fill="none" opacity=".55"/>'
        f'<path d="M172 88Q190 118 164 176Q148 206 130 200Q164 160 172 88Z" fill="{p.dark}" opacity=".35"/>'
        f'<path d="M100 76Q120 62 142 76Q132 84 120 80Q110 84 100 76Z" fill="{GREEN_DARK}"/><path d="M120 74Q118 54 132 46" stroke="{GREEN_DARK}" stroke-width="10" fill="none" stroke-linecap="round"/>{_shine(84, 116, 8, 24, 8)}'
    )


def pod(p: Paint) -> str:
    def one(x: float, turn: float) -> str:
        return (
            f'<g transform="translate({x} 128) rotate({turn})"><path d="M-13-62Q0-72 13-62Q20 10 2 76Q-18 10-13-62Z" fill="{p.base}"/>'
            f'<path d="M3-66Q14-66 13-62Q20 10 2 76Q10 0 3-66Z" fill="{p.dark}" opacity=".5"/><path d="M-4-56Q-8 0-1 50" stroke="#fff" stroke-width="3" opacity=".35" fill="none"/>'
            f'<path d="M-14-60Q0-78 14-60Q0-54-14-60Z" fill="{GREEN_DARK}"/><path d="M0-68Q0-82 8-88" stroke="{GREEN_DARK}" stroke-width="6" fill="none" stroke-linecap="round"/></g>'
        )

    return one(158, 30) + one(128, 10) + one(96, -8) + one(66, -30)


def ginger(p: Paint) -> str:
    return (
        f'<path d="M60 150Q44 120 70 112Q88 108 96 122Q100 84 124 78Q148 76 146 106Q146 116 140 124Q164 104 182 118Q196 134 178 152Q164 162 148 158Q160 178 144 192Q124 202 112 184Q106 172 108 164Q76 176 60 150Z" fill="{p.base}"/>'
        f'<path d="M108 164Q128 162 148 158Q160 178 144 192Q124 202 112 184Q106 172 108 164Z" fill="{p.dark}" opacity=".35"/>'
        f'<g stroke="{p.dark}" stroke-width="2.6" fill="none" stroke-linecap="round"><path d="M70 126q8 8 6 24M112 92q12 4 26 0M108 108q14 6 34 2M160 124q2 14-2 28M116 178q14-2 28-8"/></g>{_shine(80, 130, 6, 10)}'
    )


def flower(p: Paint) -> str:
    head = "".join(f'<circle cx="{x}" cy="{y}" r="{r}" fill="{c}"/>' for x, y, r, c in (
        (84, 118, 26, p.dark), (158, 118, 26, p.dark), (120, 92, 30, p.base), (92, 104, 25, p.base), (148, 104, 25, p.base), (104, 128, 25, p.light), (138, 128, 25, p.base), (120, 110, 20, p.light)))  # fmt: skip
    return (
        f'<path d="M104 140H138L132 196Q121 206 110 196Z" fill="#b9d59a"/><path d="M50 128Q56 196 114 198Q92 164 84 128Z" fill="{GREEN}"/>'
        f'<path d="M190 128Q184 196 126 198Q150 164 158 128Z" fill="{GREEN_DARK}"/>{head}'
        f'<path d="M62 140Q78 168 104 190M178 140Q162 168 138 190" stroke="#d5ebc4" stroke-width="2.4" fill="none"/>'
    )


def head(p: Paint) -> str:
    return (
        f'{_ball(120, 134, 66, p)}<path d="M54 134Q62 190 120 200Q88 150 96 88Q58 96 54 134Z" fill="{p.light}" opacity=".8"/>'
        f'<path d="M186 134Q178 190 120 200Q154 150 146 90Q180 96 186 134Z" fill="{p.dark}" opacity=".45"/>'
        f'<path d="M120 200Q112 140 122 84M120 200Q84 160 76 116M120 200Q154 160 166 116" stroke="#f3f9e6" stroke-width="3" fill="none" opacity=".8"/>'
    )


def gourd(p: Paint) -> str:
    return (
        f'<g transform="rotate(14 120 120)"><path d="M120 56Q150 58 150 92Q152 112 166 134Q180 196 120 202Q60 196 74 134Q88 112 90 92Q90 58 120 56Z" fill="{p.base}"/>'
        f'<path d="M138 62Q150 70 150 92Q152 112 166 134Q180 196 120 202Q160 170 146 124Q136 100 138 62Z" fill="{p.dark}" opacity=".5"/>{_shine(96, 142, 9, 26, 12)}'
        f'<path d="M96 66Q120 44 146 66Q132 78 120 70Q110 80 96 66Z" fill="{GREEN_DARK}"/><path d="M120 58V40" stroke="{GREEN_DARK}" stroke-width="8" stroke-linecap="round"/></g>'
    )


def long(p: Paint) -> str:
    def one(y: float, turn: float) -> str:
        return (
            f'<g transform="translate(120 {y}) rotate({turn})"><rect x="-82" y="-20" width="164" height="40" rx="20" fill="{p.base}"/>'
            f'<path d="M-80 6H80Q76 20 62 20H-62Q-76 20-80 6Z" fill="{p.dark}" opacity=".5"/><path d="M-60-9H52" stroke="{p.light}" stroke-width="4" stroke-linecap="round" stroke-dasharray="26 9"/>'
            f'<path d="M78-6Q92-10 98-4" stroke="{GREEN_DARK}" stroke-width="7" stroke-linecap="round" fill="none"/></g>'
        )

    return one(108, -28) + one(156, -12)


def pumpkin(p: Paint) -> str:
    ribs = "".join(
        f'<ellipse cx="{x}" cy="142" rx="{r}" ry="56" fill="{c}"/>'
        for x, r, c in ((72, 30, p.dark), (168, 30, p.dark), (90, 34, p.base), (150, 34, p.base), (120, 32, p.light))
    )
    return (
        f'{ribs}<path d="M112 92Q110 66 128 58L138 66Q126 74 128 92Z" fill="{GREEN_DARK}"/>{_shine(84, 122, 7, 18, 10)}'
    )


def corn(p: Paint) -> str:
    grains = "".join(
        f'<ellipse cx="{104 + c * 11 - (r % 2) * 0}" cy="{66 + r * 14}" rx="5" ry="6" fill="{p.light}"/>'
        for r in range(9)
        for c in range(4)
    )
    return (
        f'<g transform="rotate(22 120 120)"><path d="M120 40Q152 70 146 150Q140 196 120 200Q100 196 94 150Q88 70 120 40Z" fill="{p.base}"/>{grains}'
        f'<path d="M120 206Q70 180 84 96Q104 150 120 206Z" fill="{GREEN}"/><path d="M120 206Q170 180 156 100Q138 150 120 206Z" fill="{GREEN_DARK}"/></g>'
    )


def banana(p: Paint) -> str:
    def one(turn: float, fill: str) -> str:
        return (
            f'<g transform="rotate({turn} 150 64)"><path d="M138 60Q132 140 66 178Q60 186 70 192Q150 186 168 72L164 52H144Z" fill="{fill}"/>'
            f'<path d="M158 66Q146 150 68 190L70 192Q150 186 168 72Z" fill="{p.dark}" opacity=".4"/><path d="M66 178Q60 186 70 192L78 188Q70 184 72 175Z" fill="{STEM}"/></g>'
        )

    return (
        one(-26, p.dark)
        + one(-10, p.base)
        + one(8, p.base)
        + f'<path d="M138 66L144 42Q152 34 162 40L170 70Q154 78 138 66Z" fill="{mix(p.base, STEM, 0.5)}"/>'
    )


def leaf(p: Paint) -> str:
    def one(turn: float, fill: str, s: float = 1) -> str:
        return (
            f'<g transform="rotate({turn} 120 190) translate(120 190) scale({s}) translate(-120-190)"><path d="M120 186V96" stroke="{GREEN_DARK}" stroke-width="6"/>'
            f'<path d="M120 40Q148 56 142 84Q158 96 142 120Q128 132 120 126Q112 132 98 120Q82 96 98 84Q92 56 120 40Z" fill="{fill}"/>'
            f'<path d="M120 126V58M120 108L134 94M120 108L106 94M120 86L130 74M120 86L110 74" stroke="{p.pale}" stroke-width="2" opacity=".7" fill="none"/></g>'
        )

    band = '<path d="M96 168Q120 160 144 168L142 184Q120 176 98 184Z" fill="#f2ead8"/><path d="M104 184L96 208M136 184L144 208M120 182V208" stroke="#6aa35a" stroke-width="7" stroke-linecap="round"/>'
    return (
        one(-44, p.dark, 0.92)
        + one(44, p.dark, 0.92)
        + one(-22, p.base)
        + one(22, p.base)
        + one(0, p.light, 1.02)
        + band
    )


def melon(p: Paint) -> str:
    seeds = "".join(
        f'<ellipse cx="{x}" cy="{y}" rx="3" ry="5" fill="#3a2a26"/>'
        for x, y in ((92, 132), (116, 146), (142, 134), (104, 160), (132, 166), (160, 146))
    )
    return (
        f'<path d="M38 108A84 84 0 0 0 202 108Z" fill="#3f8f45" transform="translate(0 6)"/><path d="M46 112A75 75 0 0 0 194 112Z" fill="#eaf3d6"/>'
        f'<path d="M54 112A67 67 0 0 0 186 112Z" fill="{p.base}"/>{seeds}<path d="M60 118H150" stroke="#fff" opacity=".35" stroke-width="5" stroke-linecap="round"/>'
    )


def crown(p: Paint) -> str:
    lines = "".join(f'<path d="M70 {y}L170 {y + 46}M170 {y}L70 {y + 46}"/>' for y in (92, 118, 144, 170))
    return (
        '<g fill="#4f9d47"><path d="M120 92Q92 70 84 34Q112 48 120 92Z"/><path d="M120 92Q148 70 156 34Q128 48 120 92Z"/><path d="M120 92Q70 86 58 60Q96 60 120 92Z"/><path d="M120 92Q170 86 182 60Q144 60 120 92Z"/></g>'
        f'<path d="M120 94Q108 50 120 22Q132 50 120 94Z" fill="{GREEN_DARK}"/><clipPath id="c"><ellipse cx="120" cy="146" rx="47" ry="60"/></clipPath>'
        f'<ellipse cx="120" cy="146" rx="47" ry="60" fill="{p.base}"/><g clip-path="url(#c)" stroke="{p.dark}" stroke-width="3" opacity=".75">{lines}</g>'
    )


def grapes(p: Paint) -> str:
    rows = ((92, (78, 106, 134, 162)), (116, (92, 120, 148)), (140, (92, 120, 148)), (163, (106, 134)), (186, (120,)))
    balls = "".join(_ball(x, y, 17, p) for y, xs in rows for x in xs)
    return f'<path d="M120 84Q120 58 132 44" stroke="{STEM}" stroke-width="6" fill="none" stroke-linecap="round"/><path d="M128 64Q156 36 184 58Q164 84 128 64Z" fill="{GREEN}"/>{balls}'


def coconut(p: Paint) -> str:
    return (
        f'{_ball(108, 132, 62, p)}<g stroke="{p.dark}" stroke-width="2.4" fill="none" opacity=".6"><path d="M66 100Q110 88 150 102M56 128Q108 116 162 130M62 158Q108 148 156 160"/></g>'
        '<circle cx="166" cy="172" r="34" fill="#6b4a30"/><circle cx="166" cy="172" r="27" fill="#fffdf6"/><circle cx="168" cy="175" r="17" fill="#e6eef0"/>'
    )


def kiwi(p: Paint) -> str:
    seeds = "".join(
        f'<ellipse cx="94" cy="122" rx="2.2" ry="4.6" fill="#2c2a22" transform="rotate({a} 94 142)"/>'
        for a in range(0, 360, 24)
    )
    return f'<ellipse cx="154" cy="128" rx="46" ry="54" fill="#8a6a43"/><path d="M176 82Q210 120 182 170Q196 120 176 82Z" fill="#6b4f30"/><circle cx="94" cy="142" r="54" fill="#8a6a43"/><circle cx="94" cy="142" r="48" fill="{p.base}"/><circle cx="94" cy="142" r="30" fill="{p.light}"/>{seeds}<circle cx="94" cy="142" r="12" fill="#f3f3da"/>'


def berry(p: Paint) -> str:
    def one(x: float, y: float, s: float) -> str:
        seeds = "".join(
            f'<ellipse cx="{a}" cy="{b}" rx="2.4" ry="3.6" fill="#f6d27a"/>'
            for a, b in ((-18, -8), (0, -4), (18, -8), (-10, 12), (10, 12), (0, 30))
        )
        return f'<g transform="translate({x} {y}) scale({s})"><path d="M0-30Q34-44 44-14Q44 26 0 56Q-44 26-44-14Q-34-44 0-30Z" fill="{p.base}"/><path d="M26-37Q44-30 44-14Q44 26 0 56Q36 8 26-37Z" fill="{p.dark}" opacity=".5"/>{seeds}{_trefoil(0, -30, 1.1)}</g>'

    return one(156, 118, 0.85) + one(92, 140, 1.1)


def mushroom(p: Paint) -> str:
    def one(x: float, y: float, s: float) -> str:
        return f'<g transform="translate({x} {y}) scale({s})"><path d="M-20 4Q-16 40-22 54Q0 64 22 54Q16 40 20 4Z" fill="{p.pale}"/><path d="M6 4Q8 40 10 58L22 54Q16 40 20 4Z" fill="{p.dark}" opacity=".25"/><path d="M-56 6Q-54-46 0-48Q54-46 56 6Q28 16 0 14Q-28 16-56 6Z" fill="{p.base}"/><path d="M30-40Q54-30 56 6Q40 12 20 13Q44-8 30-40Z" fill="{p.dark}" opacity=".35"/>{_shine(-26, -24, 8, 14, 40)}</g>'

    return one(154, 110, 0.8) + one(96, 138, 1.1)


def tomato(p: Paint) -> str:
    return _ball(158, 122, 44, p) + _trefoil(158, 86, 0.8) + _ball(98, 146, 56, p) + _trefoil(98, 98, 1.05)


def apple(p: Paint) -> str:
    return (
        f'<path d="M120 86Q150 66 176 88Q200 118 176 164Q152 208 120 194Q88 208 64 164Q40 118 64 88Q90 66 120 86Z" fill="{p.base}"/>'
        f'<path d="M168 82Q200 112 176 164Q152 208 120 194Q174 176 168 82Z" fill="{p.dark}" opacity=".45"/>{_shine(80, 120, 9, 22, 14)}'
        f'<path d="M120 92Q116 66 126 48" stroke="{STEM}" stroke-width="7" fill="none" stroke-linecap="round"/><path d="M126 70Q148 38 176 52Q162 80 126 70Z" fill="{GREEN}"/>'
    )


def citrus(p: Paint) -> str:
    segments = "".join(
        f'<path d="M156 158L146 130Q156 124 166 130Z" fill="{p.base}" transform="rotate({a} 156 158)"/>'
        for a in range(0, 360, 45)
    )
    dots = "".join(
        f'<circle cx="{x}" cy="{y}" r="1.6" fill="{p.dark}" opacity=".6"/>'
        for x, y in ((80, 140), (96, 156), (70, 116), (110, 92), (92, 122))
    )
    return (
        f'{_ball(98, 124, 58, p)}{dots}<path d="M98 68Q120 38 146 52Q134 78 98 68Z" fill="{GREEN}"/>'
        f'<circle cx="156" cy="158" r="44" fill="{p.dark}"/><circle cx="156" cy="158" r="40" fill="#fff6df"/>{segments}'
    )


def lemon(p: Paint) -> str:
    def one(x: float, y: float, turn: float, s: float) -> str:
        return f'<g transform="translate({x} {y}) rotate({turn}) scale({s})"><path d="M-62 0Q-52-8-44-20Q-20-44 10-40Q36-36 46-16Q54-6 62-2Q54 10 44 20Q20 44-10 40Q-36 36-46 16Q-54 8-62 0Z" fill="{p.base}"/><path d="M58 4Q54 10 44 20Q20 44-10 40Q-30 37-40 24Q20 34 58 4Z" fill="{p.dark}" opacity=".45"/>{_shine(-14, -20, 16, 6, -12)}</g>'

    return (
        one(148, 104, 24, 0.9)
        + one(100, 152, -16, 1.1)
        + '<path d="M172 78Q180 50 206 54Q204 80 172 78Z" fill="#4f9d47"/>'
    )


def pomegranate(p: Paint) -> str:
    seeds = "".join(
        f'<ellipse cx="{x}" cy="{y}" rx="6" ry="7.5" fill="#c01f3f"/>'
        for x, y in ((146, 146), (160, 138), (172, 150), (150, 164), (165, 166), (178, 168), (158, 182))
    )
    return f'<path d="M84 82L78 54L92 66L100 50L108 66L122 54L116 82Z" fill="{p.dark}"/>{_ball(102, 138, 58, p)}<circle cx="162" cy="160" r="40" fill="{p.dark}"/><circle cx="162" cy="160" r="35" fill="#f8e6d2"/>{seeds}'


def pitaya(p: Paint) -> str:
    scales = "".join(
        f'<path d="M{x} {y}q{d}-16 {d * 2}-22q2 18-{abs(d)} 30z" fill="#7fae3c"/>'
        for x, y, d in ((66, 120, -9), (74, 160, -9), (96, 86, -4), (126, 84, 5))
    )
    seeds = "".join(
        f'<circle cx="{x}" cy="{y}" r="2.2" fill="#2c2a2e"/>'
        for x, y in (
            (142, 138),
            (156, 128),
            (170, 140),
            (148, 156),
            (164, 160),
            (156, 146),
            (176, 156),
            (150, 174),
            (168, 176),
            (140, 164),
        )
    )
    return f'{scales}<ellipse cx="104" cy="136" rx="50" ry="62" fill="{p.base}"/>{_shine(82, 108, 7, 18, 14)}<ellipse cx="158" cy="152" rx="40" ry="46" fill="{p.dark}"/><ellipse cx="158" cy="152" rx="34" ry="40" fill="#fffafa"/>{seeds}'


def marigold(p: Paint) -> str:
    def one(x: float, y: float, s: float) -> str:
        rings = "".join(
            f'<g fill="{fill}">'
            + "".join(
                f'<ellipse cy="{-r}" rx="{w}" ry="{w * 1.1:g}" transform="rotate({a + off})"/>'
                for a in range(0, 360, 36)
            )
            + "</g>"
            for r, w, fill, off in ((32, 11, p.dark, 0), (22, 10, p.base, 18), (11, 8, p.light, 0))
        )
        return f'<g transform="translate({x} {y}) scale({s})"><circle r="34" fill="{p.dark}"/>{rings}<circle r="6" fill="{p.base}"/></g>'

    return (
        f'<path d="M60 186Q30 150 56 140Q84 150 60 186ZM196 120Q220 90 196 70Q170 90 196 120Z" fill="{GREEN}"/>'
        + one(150, 96, 0.95)
        + one(84, 118, 0.9)
        + one(136, 164, 1.0)
    )


PRODUCE: dict[str, Plant] = {
    "potato": potato, "bulb": bulb, "taper": taper, "pepper": pepper, "pod": pod, "ginger": ginger, "flower": flower,
    "head": head, "gourd": gourd, "long": long, "pumpkin": pumpkin, "corn": corn, "banana": banana, "leaf": leaf,
    "melon": melon, "crown": crown, "grapes": grapes, "coconut": coconut, "kiwi": kiwi, "berry": berry, "mushroom": mushroom,
    "tomato": tomato, "apple": apple, "citrus": citrus, "lemon": lemon, "pomegranate": pomegranate, "pitaya": pitaya,
    "marigold": marigold,
}  # fmt: skip
