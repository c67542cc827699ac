"""Colours for the drawings: plain mixing in sRGB, no dependency."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

INK = "#23302a"


def _rgb(code: str) -> tuple[int, int, int]:
    code = code.lstrip("#")
    return int(code[0:2], 16), int(code[2:4], 16), int(code[4:6], 16)


def mix(a: str, b: str, share: float) -> str:
    """`share` 0 gives a, 1 gives b."""
    pairs = zip(_rgb(a), _rgb(b), strict=True)
    return "#" + "".join(f"{round(x + (y - x) * share):02x}" for x, y in pairs)


def hsl(hue: int, saturation: float, lightness: float) -> str:
    """CSS hsl as #rrggbb (hue in degrees, the others 0..1)."""
    red, green, blue = colorsys.hls_to_rgb((hue % 360) / 360, lightness, saturation)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def luminance(code: str) -> float:
    """Relative luminance 0..1 (WCAG 2.2)."""
    parts = [v / 255 for v in _rgb(code)]
    red, green, blue = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@dataclass(frozen=True, slots=True)
class Paint:
    """One product's colours, all derived from its own colour and its category's hue."""

    base: str
    hue: int
    white: str = "#ffffff"  # what a mark uses for white: a darker tone where it is printed on a pale label

    @property
    def dark(self) -> str:
        return mix(self.base, "#10201a", 0.28)

    @property
    def deep(self) -> str:
        return mix(self.base, "#10201a", 0.5)

    @property
    def light(self) -> str:
        return mix(self.base, "#ffffff", 0.38)

    @property
    def pale(self) -> str:
        return mix(self.base, "#fffaf0", 0.82)

    @property
    def on(self) -> str:
        """Text on the base colour."""
        return "#ffffff" if luminance(self.base) < 0.36 else INK

    @property
    def ground(self) -> str:
        return hsl(self.hue, 0.42, 0.945)

    @property
    def halo(self) -> str:
        return hsl(self.hue, 0.48, 0.89)
