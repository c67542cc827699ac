# ruff: noqa: E501  (drawings are long strings)
"""Things with a shape of their own: bread, meat, ices, and what a house needs. Canvas 240 x 240."""

from __future__ import annotations

from collections.abc import Callable

from blinkit.demo.art.colour import Paint

Thing = Callable[[Paint], str]


def loaf(p: Paint) -> str:
    return (
        f'<path d="M50 110Q42 78 74 74H166Q202 78 190 112V190Q190 200 180 200H60Q50 200 50 190Z" fill="{p.dark}"/>'
        f'<path d="M44 116Q34 82 70 78H132Q166 82 154 116V190Q154 200 144 200H56Q46 200 46 190Z" fill="{p.base}"/>'
        f'<path d="M56 116Q48 92 74 88H126Q150 92 142 116V184Q142 190 136 190H62Q56 190 56 184Z" fill="{p.pale}"/>'
        f'<g fill="{p.light}"><circle cx="82" cy="126" r="4"/><circle cx="112" cy="116" r="3"/><circle cx="104" cy="152" r="5"/><circle cx="78" cy="168" r="3"/><circle cx="124" cy="170" r="3.4"/></g>'
        f'<path d="M166 90V192M178 92V190" stroke="{p.deep}" opacity=".35" stroke-width="3"/>'
    )


def bun(p: Paint) -> str:
    seeds = "".join(
        f'<ellipse cx="{x}" cy="{y}" rx="4" ry="2.6" fill="#fff3d6" transform="rotate({r} {x} {y})"/>'
        for x, y, r in ((92, 110, 20), (112, 98, -10), (136, 102, 25), (152, 118, -20), (120, 118, 8))
    )
    return (
        f'<path d="M52 138Q52 78 120 76Q188 78 188 138Q188 146 178 146H62Q52 146 52 138Z" fill="{p.base}"/><path d="M150 82Q188 92 188 138Q188 146 178 146H150Q176 126 150 82Z" fill="{p.dark}" opacity=".45"/>{seeds}'
        f'<rect x="56" y="150" width="128" height="14" rx="7" fill="{p.pale}"/><path d="M54 168H186V178Q186 200 162 200H78Q54 200 54 178Z" fill="{p.dark}"/>'
    )


def flat(p: Paint) -> str:
    discs = "".join(
        f'<ellipse cx="120" cy="{y}" rx="80" ry="27" fill="{p.dark}"/><ellipse cx="120" cy="{y - 7}" rx="80" ry="27" fill="{p.base}"/>'
        for y in (184, 166, 148, 130)
    )
    spots = "".join(
        f'<ellipse cx="{x}" cy="{y}" rx="{r}" ry="{r * 0.45:g}" fill="{p.deep}" opacity=".45"/>'
        for x, y, r in ((88, 118, 9), (118, 130, 11), (148, 116, 8), (166, 126, 6), (112, 110, 6), (74, 128, 5))
    )
    return (
        discs
        + spots
        + '<path d="M98 84q-8-10 0-20M122 80q-8-10 0-20M146 84q-8-10 0-20" stroke="#fff" stroke-width="5" stroke-linecap="round" fill="none" opacity=".8"/>'
    )


def meat(p: Paint) -> str:
    return (
        f'<ellipse cx="120" cy="180" rx="92" ry="22" fill="#fff"/><ellipse cx="120" cy="176" rx="92" ry="22" fill="#f3f5f4"/>'
        f'<path d="M52 144Q44 94 104 86Q166 76 186 118Q196 160 150 172Q70 190 52 144Z" fill="{p.dark}"/><path d="M54 136Q48 92 106 82Q164 74 184 112Q190 150 148 162Q72 176 54 136Z" fill="{p.base}"/>'
        f'<path d="M82 120Q104 98 134 106M96 142Q124 124 162 126M140 92Q160 96 168 110" stroke="{p.pale}" stroke-width="5" stroke-linecap="round" fill="none"/>'
        '<path d="M150 160Q176 140 194 150Q190 176 162 176Z" fill="#4f9d47"/><path d="M156 166L186 154" stroke="#d5ebc4" stroke-width="2"/>'
    )


def drumstick(p: Paint) -> str:
    def one(x: float, y: float, turn: float) -> str:
        return (
            f'<g transform="translate({x} {y}) rotate({turn})"><path d="M-7 30V78Q-20 78-18 90Q-10 98 0 90Q10 98 18 90Q20 78 7 78V30Z" fill="#f6efe2"/>'
            f'<path d="M0-54Q44-50 40-6Q36 30 10 44H-10Q-36 30-40-6Q-44-50 0-54Z" fill="{p.base}"/><path d="M20-48Q44-36 40-6Q36 30 10 44H0Q34 4 20-48Z" fill="{p.dark}" opacity=".5"/>'
            '<ellipse cx="-18" cy="-22" rx="7" ry="13" fill="#fff" opacity=".35" transform="rotate(24-18-22)"/></g>'
        )

    return one(158, 108, -24) + one(92, 118, 22)


def fish(p: Paint) -> str:
    scales = "".join(
        f'<path d="M{x} {y}q8 8 0 16"/>'
        for x, y in ((108, 112), (126, 106), (126, 130), (144, 112), (108, 138), (144, 138))
    )
    return (
        f'<path d="M168 128L208 92Q202 128 208 166Z" fill="{p.dark}"/><path d="M104 88Q126 62 150 76L146 96Z" fill="{p.dark}"/>'
        f'<path d="M34 132Q76 78 132 88Q164 96 184 128Q160 164 128 172Q72 180 34 132Z" fill="{p.base}"/><path d="M36 138Q100 154 184 128Q160 164 128 172Q72 180 36 138Z" fill="{p.pale}" opacity=".8"/>'
        f'<path d="M84 104Q98 130 84 158" stroke="{p.deep}" stroke-width="4" fill="none"/><g stroke="{p.deep}" stroke-width="2.6" fill="none" opacity=".6">{scales}</g><circle cx="64" cy="122" r="8" fill="#fff"/><circle cx="63" cy="122" r="4" fill="#1b1f1d"/>'
    )


def prawn(p: Paint) -> str:
    return (
        f'<path d="M70 92Q36 60 30 40M74 88Q54 54 58 34" stroke="{p.dark}" stroke-width="3.4" fill="none"/>'
        f'<path d="M62 100Q110 58 160 86Q208 120 182 168Q166 194 138 190L132 204L112 196L124 176Q150 172 150 150Q146 122 110 126Q78 128 62 100Z" fill="{p.base}"/>'
        f'<path d="M112 76Q116 104 106 126M144 80Q144 106 132 128M172 100Q162 118 146 136M186 134Q170 142 151 148M180 170Q162 164 147 162" stroke="{p.pale}" stroke-width="5" fill="none"/>'
        f'<path d="M88 126L80 146M106 128L102 148M122 128L124 146" stroke="{p.dark}" stroke-width="4.4" stroke-linecap="round"/><circle cx="80" cy="100" r="4.6" fill="#1b1f1d"/>'
    )


def cone(p: Paint) -> str:
    return (
        '<path d="M82 112H158L122 208Q120 212 118 208Z" fill="#d9a05a"/><path d="M94 112L132 182M116 112L142 154M146 112L108 182M124 112L98 154" stroke="#b57c35" stroke-width="3"/>'
        f'<path d="M72 112Q66 84 88 78Q86 46 120 42Q154 46 152 78Q174 84 168 112Q156 124 144 114Q132 126 120 114Q108 126 96 114Q84 124 72 112Z" fill="{p.base}"/>'
        f'<path d="M88 78Q120 96 152 78" stroke="{p.light}" stroke-width="5" fill="none" stroke-linecap="round"/><ellipse cx="104" cy="60" rx="7" ry="12" fill="#fff" opacity=".3" transform="rotate(28 104 60)"/><circle cx="120" cy="38" r="8" fill="#c8203f"/>'
    )


def lolly(p: Paint) -> str:
    return (
        f'<g transform="rotate(10 120 120)"><rect x="110" y="150" width="20" height="62" rx="10" fill="#e6c48f"/><path d="M78 94Q78 40 120 40Q162 40 162 94V156Q162 166 152 166H88Q78 166 78 156Z" fill="{p.base}"/>'
        f'<path d="M144 48Q162 62 162 94V156Q162 166 152 166H138Q150 110 144 48Z" fill="{p.dark}" opacity=".5"/><rect x="92" y="66" width="10" height="76" rx="5" fill="#fff" opacity=".35"/><path d="M150 40Q176 40 172 66Q156 66 150 40Z" fill="{p.ground}"/></g>'
    )


def rollpaper(p: Paint) -> str:
    def one(x: float, y: float, s: float) -> str:
        return (
            f'<g transform="translate({x} {y}) scale({s})"><path d="M-46-40V40Q0 62 46 40V-40Z" fill="{p.base}"/><path d="M18-30V50Q38 46 46 40V-40Z" fill="{p.dark}" opacity=".4"/>'
            f'<path d="M-46-14Q0 8 46-14M-46 12Q0 34 46 12" stroke="{p.dark}" stroke-width="2" stroke-dasharray="4 5" fill="none" opacity=".6"/><ellipse cy="-40" rx="46" ry="20" fill="{p.light}"/><ellipse cy="-40" rx="15" ry="7" fill="#b08a5f"/><ellipse cy="-40" rx="31" ry="13.5" fill="none" stroke="{p.dark}" stroke-width="1.6" opacity=".5"/></g>'
        )

    return one(154, 118, 0.86) + one(94, 146, 1.05)


def battery(p: Paint) -> str:
    cells = "".join(
        f'<g transform="translate({x} 0)"><rect x="-9" y="50" width="18" height="12" rx="3" fill="#c9d1d4"/><rect x="-24" y="60" width="48" height="144" rx="7" fill="#2c3033"/><rect x="-24" y="60" width="48" height="54" rx="7" fill="{p.base}"/><rect x="-16" y="62" width="8" height="140" fill="#fff" opacity=".22"/><path d="M0 78V96M-9 87H9" stroke="#fff" stroke-width="4"/></g>'
        for x in (90, 150)
    )
    return cells


def bulblamp(p: Paint) -> str:
    return (
        f'<circle cx="120" cy="104" r="78" fill="{p.light}" opacity=".5"/><path d="M120 44Q176 48 172 106Q168 132 148 150V166H92V150Q72 132 68 106Q64 48 120 44Z" fill="#fffdf2"/><path d="M146 52Q176 66 172 106Q168 132 148 150V166H132Q166 110 146 52Z" fill="{p.base}" opacity=".6"/>'
        '<path d="M92 166H148V178H92Z" fill="#8f9a9f"/><path d="M96 178H144V188H96ZM100 188H140V198Q120 212 100 198Z" fill="#b5bfc3"/>'
    )


def brush(p: Paint) -> str:
    hairs = "".join(
        f'<path d="M{112 + i * 4} 112Q{100 + i * 8} 160 {66 + i * 21} 206" stroke="{p.dark if i % 2 else p.base}"/>'
        for i in range(6)
    )
    return f'<g transform="rotate(16 120 120)"><rect x="113" y="20" width="15" height="80" rx="7" fill="#3f8f9b"/><path d="M106 96H136L142 118H100Z" fill="#2f6f7b"/><g fill="none" stroke-width="17" stroke-linecap="round">{hairs}</g><path d="M92 140H152" stroke="#b5302f" stroke-width="5"/></g>'


def toothbrush(p: Paint) -> str:
    def one(x: float, fill: str) -> str:
        return f'<g transform="translate({x} 122) rotate(-38)"><rect x="-84" y="-8" width="172" height="16" rx="8" fill="{fill}"/><rect x="-70" y="-4" width="70" height="4" rx="2" fill="#fff" opacity=".4"/><rect x="46" y="-30" width="40" height="24" rx="4" fill="#f4f8fa"/><path d="M54-30V-8M62-30V-8M70-30V-8M78-30V-8" stroke="{fill}" stroke-width="3" opacity=".7"/></g>'

    return one(142, p.light) + one(104, p.base)


def incense(p: Paint) -> str:
    sticks = "".join(
        f'<path d="M120 196L{x} 74" stroke="{p.base}" stroke-width="5"/><circle cx="{x}" cy="74" r="4.4" fill="#e8552f"/>'
        for x in (72, 96, 120, 144, 168)
    )
    return (
        f'<path d="M96 62q-12-14 0-26t0-24M144 62q-12-14 0-26t0-24" stroke="{p.deep}" opacity=".28" stroke-width="5" fill="none" stroke-linecap="round"/>{sticks}'
        f'<path d="M82 158H158L146 206H94Z" fill="#c98f2f"/><path d="M82 158H158L155 170H85Z" fill="#e6b54f"/><circle cx="120" cy="188" r="8" fill="#a8501f"/>'
    )


def diya(p: Paint) -> str:
    return (
        '<ellipse cx="168" cy="104" rx="34" ry="46" fill="#ffe39a" opacity=".6"/><path d="M168 62Q192 96 180 116Q168 126 156 116Q146 96 168 62Z" fill="#f59a1f"/><path d="M168 86Q178 104 172 114Q166 118 162 112Q158 102 168 86Z" fill="#fff2b0"/>'
        f'<path d="M36 126Q110 142 190 116Q204 122 196 138Q172 198 112 200Q52 196 36 126Z" fill="{p.base}"/><path d="M36 126Q110 142 190 116Q200 120 198 130Q110 158 40 140Z" fill="{p.dark}"/>'
        '<g fill="#f7d36a"><circle cx="80" cy="168" r="5"/><circle cx="108" cy="176" r="5"/><circle cx="136" cy="172" r="5"/><circle cx="160" cy="158" r="4"/></g>'
    )


def candle(p: Paint) -> str:
    def one(x: float, top: float, fill: str) -> str:
        return f'<path d="M{x} {top - 40}q12 18 0 30q-12-12 0-30z" fill="#f59a1f"/><path d="M{x} {top}V{top - 12}" stroke="#4a3a2c" stroke-width="2.6"/><rect x="{x - 13}" y="{top}" width="26" height="{204 - top}" rx="5" fill="{fill}"/><rect x="{x - 8}" y="{top + 6}" width="5" height="{190 - top}" rx="2.5" fill="#fff" opacity=".4"/><path d="M{x - 13} {top + 30}l26-12M{x - 13} {top + 60}l26-12" stroke="#fff" stroke-width="5" opacity=".5"/>'

    return one(78, 106, p.light) + one(120, 80, p.base) + one(162, 98, p.dark)


def pen(p: Paint) -> str:
    def one(x: float, fill: str, tip: str) -> str:
        return f'<g transform="translate({x} 122) rotate(38)"><path d="M-9 58H9L0 88Z" fill="#ead2a8"/><path d="M-3.4 77H3.4L0 88Z" fill="{tip}"/><rect x="-9" y="-76" width="18" height="134" fill="{fill}"/><rect x="-5" y="-76" width="4" height="134" fill="#fff" opacity=".35"/><rect x="-9" y="-90" width="18" height="14" rx="3" fill="{tip}"/></g>'

    return one(142, p.light, p.deep) + one(104, p.base, p.deep)


THINGS: dict[str, Thing] = {
    "loaf": loaf, "bun": bun, "flat": flat, "meat": meat, "drumstick": drumstick, "fish": fish, "prawn": prawn, "cone": cone,
    "lolly": lolly, "rollpaper": rollpaper, "battery": battery, "bulblamp": bulblamp, "brush": brush, "toothbrush": toothbrush,
    "incense": incense, "diya": diya, "candle": candle, "pen": pen,
}  # fmt: skip
