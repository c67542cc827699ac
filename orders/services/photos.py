"""Photos of what was wrong: read as images, drawn anew without what a phone writes into them, kept privately."""

from __future__ import annotations

import hashlib
import io
import warnings
from datetime import datetime
from uuid import UUID

from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage, storages
from django.db import transaction
from PIL import Image, ImageOps

from blinkit.kernel.errors import Invalid
from blinkit.kernel.said import say
from orders.claims import ClaimPhoto
from orders.errors import NoSuchOrder, TooManyPhotos
from orders.models import Order

LARGEST_BYTES = 8 * 1024 * 1024
MOST_PIXELS = 50_000_000
LONGEST_SIDE = 1600
MOST_PER_ORDER = 12
KINDS = ("JPEG", "PNG", "WEBP")


def private() -> Storage:
    """Never reached by a public address."""
    return storages["private"]


def keep_photo(*, order_id: UUID, customer_id: int, photo: File[bytes], now: datetime) -> ClaimPhoto:
    """Keep a photo for a claim about one's own order. What it is, is told by its content, not by its name.

    It is drawn anew as JPEG of at most LONGEST_SIDE pixels: places, times and anything hidden in the file stay behind.
    The same picture sent again is the one that was kept.
    Raises NoSuchOrder, Invalid for anything but a JPEG, PNG or WebP of at most 8 MB, TooManyPhotos.
    """
    if not Order.objects.filter(pk=order_id, customer_id=customer_id).exists():
        raise NoSuchOrder
    body, size = redrawn(photo)
    name = f"claims/{order_id.hex}/{hashlib.blake2b(body, digest_size=16).hexdigest()}.jpg"
    with transaction.atomic():
        Order.objects.select_for_update(of=("self",), no_key=True).get(pk=order_id)
        there = {photo.name: photo for photo in ClaimPhoto.objects.filter(order_id=order_id)}
        if name not in there and len(there) >= MOST_PER_ORDER:
            raise TooManyPhotos(say("At most {n} photos for one order.", n=MOST_PER_ORDER), max=MOST_PER_ORDER)
        kept = there.get(name) or ClaimPhoto.objects.create(
            order_id=order_id, name=name, width=size[0], height=size[1], created_at=now
        )
    # After the commit: a row without its file is an empty frame, a file without its row would lie there for ever.
    if not private().exists(name):
        private().save(name, ContentFile(body))
    return kept


def redrawn(photo: File[bytes]) -> tuple[bytes, tuple[int, int]]:
    """The picture as a JPEG of ours, and its width and height. Raises Invalid."""
    if not photo.size:
        raise Invalid("Send the photo as JPEG, PNG or WebP.")
    if photo.size > LARGEST_BYTES:
        raise Invalid("This photo is too large: 8 MB at most.")
    raw = photo.read(LARGEST_BYTES + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(raw), formats=KINDS) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise Invalid("This photo has too many pixels.")
                image.draft("RGB", (LONGEST_SIDE * 2, LONGEST_SIDE * 2))
                upright = ImageOps.exif_transpose(image).convert("RGB")
                upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    except Invalid:
        raise
    except Exception as error:  # Pillow's decoders raise whatever a broken file makes them raise
        raise Invalid("Send the photo as JPEG, PNG or WebP.") from error
    clean = Image.new("RGB", upright.size)
    clean.paste(upright)
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=82, optimize=True)
    return out.getvalue(), clean.size


def photo_bytes(*, order_id: UUID, photo_id: UUID, customer_id: int | None) -> bytes:
    """The picture, for its customer or (`customer_id` None) for staff. Raises NoSuchOrder for anybody else's."""
    found = ClaimPhoto.objects.filter(pk=photo_id, order_id=order_id)
    if customer_id is not None:
        found = found.filter(order__customer_id=customer_id)
    name = found.values_list("name", flat=True).first()
    if name is None or not private().exists(name):
        raise NoSuchOrder("There is no such photo.")
    with private().open(name) as file:
        return bytes(file.read())
