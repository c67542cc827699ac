"""Pictures of products: taken in, scaled by a task, shown when ready, swept when nobody shows them any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import structlog
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from blinkit.kernel import pictures
from catalog import imaging
from catalog.errors import BadPicture
from catalog.models import Picture, Product, ProductImage
from catalog.services.shelf import refresh_shelf

log = structlog.get_logger(__name__)

MOST_TRIES = 5
KEPT_AFTER_USE = timedelta(days=7)
"""Carts, apps and caches may still show a picture that was replaced."""
Known = Callable[[list[str]], Iterable[str]]


def add_picture(
    *, product_id: int, content: bytes, actor: str, now: datetime, is_main: bool = True, rank: int = 0
) -> Picture:
    """Take in an uploaded picture; shown once `make_sizes` ran. Raises BadPicture. The same again is no new row."""
    try:
        clean = imaging.cleaned(content)
    except imaging.BadPicture as bad:
        raise BadPicture(str(bad)) from None
    _store(pictures.original_of(clean.key), clean.content)
    picture, _ = Picture.objects.get_or_create(
        key=clean.key,
        product_id=product_id,
        is_main=is_main,
        ready_at=None,
        defaults={"rank": rank, "width": clean.width, "height": clean.height, "actor": actor, "created_at": now},
    )
    return picture


def make_sizes(*, picture_id: int, now: datetime) -> bool:
    """Scale it, then show it: as the product's main picture or as a further one. Again is harmless. False: not now."""
    picture = Picture.objects.filter(pk=picture_id, ready_at=None, tries__lt=MOST_TRIES).first()
    if picture is None:
        return False
    Picture.objects.filter(pk=picture.pk).update(tries=picture.tries + 1)
    with default_storage.open(pictures.original_of(picture.key)) as file:
        content = file.read()
    for size, side in pictures.SIDES.items():  # slow: not inside the transaction
        _store(pictures.path_of(picture.key, size), imaging.scaled(content, side))
    with transaction.atomic():
        locked = Picture.objects.select_for_update().filter(pk=picture_id, ready_at=None).first()
        if locked is None:
            return False
        path = pictures.path_of(locked.key, "card")
        if locked.is_main:
            newer = Picture.objects.filter(
                product=locked.product_id, is_main=True, pk__gt=locked.pk, ready_at__isnull=False
            )
            if not newer.exists():
                Product.objects.filter(pk=locked.product_id).update(image=path, updated_at=now)
        elif not ProductImage.objects.filter(product=locked.product_id, file=path).exists():
            ProductImage.objects.create(product_id=locked.product_id, file=path, rank=locked.rank)
        locked.ready_at = now
        locked.save(update_fields=["ready_at"])
        refresh_shelf(product_ids=[locked.product_id], actor=locked.actor or "system", now=now)
    return True


def sweep_waiting(*, now: datetime) -> int:
    """Pictures whose task was lost or failed. How many are ready now."""
    waiting = Picture.objects.filter(
        ready_at=None, tries__lt=MOST_TRIES, created_at__lt=now - timedelta(minutes=1)
    ).order_by("pk")
    done = 0
    for picture_id in waiting.values_list("pk", flat=True)[:50]:
        try:
            done += make_sizes(picture_id=picture_id, now=now)
        except Exception as error:  # one damaged file must not keep the others waiting
            log.warning("picture not scaled", picture=picture_id, error=repr(error))
    return done


def sweep_unused(*, now: datetime, used_elsewhere: Known) -> int:
    """Delete the files of pictures no product shows. `used_elsewhere` is given paths and tells which of them somebody
    else still shows (a past order). Rows go with their last file. How many pictures were deleted."""
    old = Picture.objects.filter(created_at__lt=now - KEPT_AFTER_USE).exclude(ready_at=None, tries__lt=MOST_TRIES)
    keys = sorted(set(old.values_list("key", flat=True)))
    path_by_key = {key: pictures.path_of(key, "card") for key in keys}
    paths = list(path_by_key.values())
    used = set(Product.objects.filter(image__in=paths).values_list("image", flat=True))
    used |= set(ProductImage.objects.filter(file__in=paths).values_list("file", flat=True))
    used |= set(used_elsewhere([path for path in paths if path not in used]))
    done = 0
    for key, path in path_by_key.items():
        if path in used or Picture.objects.filter(key=key, created_at__gte=now - KEPT_AFTER_USE).exists():
            continue
        for name in (pictures.original_of(key), *(pictures.path_of(key, size) for size in pictures.SIDES)):
            default_storage.delete(name)
        Picture.objects.filter(key=key, created_at__lt=now - KEPT_AFTER_USE).delete()
        done += 1
    return done


def _store(name: str, content: bytes) -> None:
    """Under exactly this name: it tells the content, so what is there already is right."""
    if default_storage.exists(name):
        return
    kept = default_storage.save(name, ContentFile(content))
    if kept != name:  # somebody stored the same between the two calls
        default_storage.delete(kept)
