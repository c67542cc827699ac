"""Photos taken at a door: checked, and kept under a name nobody can guess."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

from django.core.files.base import File
from django.core.files.storage import default_storage

from blinkit.kernel.errors import Invalid
from delivery.models import ProofOfDelivery

LARGEST_BYTES = 8 * 1024 * 1024
_KINDS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


@contextmanager
def proof(stop_id: UUID, photo: File[bytes] | None) -> Iterator[str]:
    """The photo's name for an act that may prove a delivery with it; "" without one. Nobody keeps the picture of a door
    that proves nothing: of an act that is refused, or was done before (a second tap)."""
    name = "" if photo is None else keep(stop_id, photo)
    try:
        yield name
    except BaseException:
        if name:
            default_storage.delete(name)
        raise
    if name and not ProofOfDelivery.objects.filter(stop_id=stop_id, photo=name).exists():
        default_storage.delete(name)


def keep(stop_id: UUID, photo: File[bytes]) -> str:
    """Store it and return its name in the storage. Raises Invalid for anything but a photo of at most 8 MB."""
    kind = _KINDS.get(str(getattr(photo, "content_type", "")))
    if kind is None or not photo.size:
        raise Invalid("Send the photo as JPEG, PNG or WebP.")
    if photo.size > LARGEST_BYTES:
        raise Invalid("This photo is too large: 8 MB at most.")
    return default_storage.save(f"doors/{stop_id.hex}-{uuid4().hex}.{kind}", photo)
