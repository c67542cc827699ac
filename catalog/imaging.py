"""Uploaded pictures: told by their content, bounded, stripped and scaled. Pillow, without Django."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

LARGEST_BYTES = 8 * 1024 * 1024
LARGEST_PIXELS = 40_000_000
"""A bomb unpacks to more: 40 megapixels are 160 MB in memory, a good camera's picture is 24."""
SMALLEST_SIDE = 160
LONGEST_SIDE = 12_000
KINDS = ("JPEG", "PNG", "WEBP")
KEPT_SIDE = 2048
"""Originals are kept at most so large; nothing is ever shown larger."""
MADE = "1"
"""Goes into the key: raise it when sizes are made differently, or old names would get new content."""


class BadPicture(Exception):
    """The text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Clean:
    """A picture without anything but its pixels, as WebP. `key` tells content and method."""

    key: str
    content: bytes
    width: int
    height: int


def cleaned(content: bytes) -> Clean:
    """Checked and stripped: upright, without EXIF (place, camera, person), colour profile or further frames.

    Raises BadPicture. Its size is read from the header before a single pixel is unpacked.
    """
    if not content:
        raise BadPicture("The file is empty.")
    if len(content) > LARGEST_BYTES:
        raise BadPicture(f"This picture is too large: {LARGEST_BYTES // 1024**2} MB at most.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=KINDS) as opened:
                width, height = opened.size
                if width * height > LARGEST_PIXELS or max(width, height) > LONGEST_SIDE:
                    raise BadPicture(
                        f"{width} × {height} pixels are too many: {LARGEST_PIXELS // 10**6} million at most."
                    )
                if min(width, height) < SMALLEST_SIDE:
                    raise BadPicture(f"{width} × {height} pixels are too few: {SMALLEST_SIDE} on each side at least.")
                opened.load()
                upright = ImageOps.exif_transpose(opened)
    except BadPicture:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadPicture("This picture has too many pixels.") from None
    except UnidentifiedImageError:
        raise BadPicture("Send a picture as JPEG, PNG or WebP.") from None
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError, Image.UnidentifiedImageError):
        raise BadPicture("This picture is damaged.") from None
    pixels = upright.convert("RGBA" if _has_alpha(upright) else "RGB")
    pixels.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
    made = _webp(pixels, quality=90)
    key = hashlib.sha256(MADE.encode() + made).hexdigest()[:32]
    return Clean(key, made, *pixels.size)


def scaled(content: bytes, side: int) -> bytes:
    """The whole picture in a square of `side` pixels as WebP, its surroundings transparent."""
    with Image.open(io.BytesIO(content), formats=["WEBP"]) as opened:
        pixels = opened.convert("RGBA")
    fitted = ImageOps.contain(pixels, (side, side), Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    square.paste(fitted, ((side - fitted.width) // 2, (side - fitted.height) // 2))
    return _webp(square if _is_see_through(square) else square.convert("RGB"), quality=80)


def _has_alpha(picture: Image.Image) -> bool:
    return picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info


def _is_see_through(picture: Image.Image) -> bool:
    low, _high = picture.getchannel("A").getextrema()
    return bool(low < 255)  # type: ignore[operator]


def _webp(picture: Image.Image, *, quality: int) -> bytes:
    """Pillow writes EXIF and profile only when told to; the copy has none in `info` either."""
    bare = Image.frombytes(picture.mode, picture.size, picture.tobytes())
    out = io.BytesIO()
    bare.save(out, "WEBP", quality=quality, method=4)
    return out.getvalue()
