"""Files that riders send: told by their content, drawn anew where they are pictures, kept privately.

Staff see one through an address that is signed for them and good for a few minutes.
"""

from __future__ import annotations

import hashlib

from django.core.files.base import ContentFile, File
from django.core.signing import BadSignature, TimestampSigner

from blinkit.kernel.errors import Invalid
from orders.services.photos import LARGEST_BYTES, private, redrawn

GOOD_FOR_S = 300
_PDF_ACTS = (b"/JavaScript", b"/JS", b"/Launch", b"/EmbeddedFile", b"/RichMedia")


def keep(*, folder: str, file: File[bytes], pdf: bool = True) -> str:
    """Store it and return its name: the same content of the same folder has the same name.

    A picture is drawn anew as JPEG of at most 1600 pixels. Raises Invalid for anything but JPEG, PNG, WebP or (`pdf`) a
    PDF without scripts or attachments, of at most 8 MB.
    """
    head = file.read(5)
    file.seek(0)
    if pdf and head == b"%PDF-":
        body, kind = _pdf(file), "pdf"
    else:
        body, kind = redrawn(file)[0], "jpg"
    name = f"{folder}/{hashlib.blake2b(body, digest_size=16).hexdigest()}.{kind}"
    if not private().exists(name):
        private().save(name, ContentFile(body))
    return name


def _pdf(file: File[bytes]) -> bytes:
    if file.size > LARGEST_BYTES:
        raise Invalid("This file is too large: 8 MB at most.")
    body = file.read(LARGEST_BYTES + 1)
    if b"%%EOF" not in body[-1024:]:
        raise Invalid("This PDF is not whole. Save it again, or send a photo.")
    if any(act in body for act in _PDF_ACTS):
        raise Invalid("This PDF has scripts or attachments in it. Send a photo instead.")
    return body


def read(name: str) -> tuple[bytes, str]:
    """What was kept, and its content type. Raises FileNotFoundError."""
    if not name or not private().exists(name):
        raise FileNotFoundError(name)
    with private().open(name) as file:
        return bytes(file.read()), "application/pdf" if name.endswith(".pdf") else "image/jpeg"


def remove(name: str) -> None:
    if name:
        private().delete(name)


def token_for(name: str, *, user_id: int) -> str:
    """Opens this file for this person of ours, for GOOD_FOR_S seconds."""
    return TimestampSigner(salt="delivery.files").sign_object([name, user_id])


def name_in(token: str, *, user_id: int) -> str:
    """The file a token opens for this person; "" when it is somebody else's, too old or not ours."""
    try:
        name, whose = TimestampSigner(salt="delivery.files").unsign_object(token, max_age=GOOD_FOR_S)
    except (BadSignature, ValueError):
        return ""
    return str(name) if whose == user_id else ""
