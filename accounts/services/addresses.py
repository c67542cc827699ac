"""Where people live. Addresses in use by orders are copied there; here they may change and go."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.errors import AddressNotFound, PersonNotFound, TooManyAddresses
from accounts.models import Address, User
from blinkit.kernel.errors import Invalid

MOST_ADDRESSES = 20


@transaction.atomic
def save_address(
    *,
    user_id: int,
    line1: str,
    lat: float,
    lng: float,
    label: str = "Home",
    line2: str = "",
    landmark: str = "",
    pincode: str = "",
    door_instructions: str = "",
    is_default: bool | None = None,
    address_id: UUID | None = None,
) -> Address:
    """Write a new address, or all of an existing one (`address_id`). The first one becomes the default.

    lat/lng are degrees WGS84. `is_default` None leaves it as it is; False never takes the default away (choose another
    one instead). Raises AddressNotFound for somebody else's, TooManyAddresses above 20, Invalid for impossible
    coordinates, an empty line1, or more than fits (240 characters of door instructions).
    """
    if not (-90 <= lat <= 90 and -180 <= lng <= 180):
        raise Invalid("These coordinates are nowhere on Earth.")
    line1 = line1.strip()
    if not line1:
        raise Invalid("Write the house and street.", errors={"line1": ["Write the house and street."]})
    given = {"label": label, "line1": line1, "line2": line2, "landmark": landmark, "pincode": pincode}
    _refuse_too_long({**given, "door_instructions": door_instructions})
    _lock_person(user_id)
    if address_id is None:
        count = Address.objects.filter(user_id=user_id, deleted_at=None).count()
        if count >= MOST_ADDRESSES:
            raise TooManyAddresses()
        address = Address(user_id=user_id)
        is_default = is_default or count == 0
    else:
        address = _own(user_id, address_id)
    address.label, address.line1, address.line2 = label, line1, line2
    address.landmark, address.pincode, address.door_instructions = landmark, pincode, door_instructions
    address.lat, address.lng = lat, lng
    if is_default and not address.is_default:
        Address.objects.filter(user_id=user_id, is_default=True).update(is_default=False)
        address.is_default = True
    address.save()
    return address


@transaction.atomic
def set_default_address(*, user_id: int, address_id: UUID) -> Address:
    """Bring orders here unless said otherwise. Raises AddressNotFound."""
    _lock_person(user_id)
    address = _own(user_id, address_id)
    if not address.is_default:
        Address.objects.filter(user_id=user_id, is_default=True).update(is_default=False)
        address.is_default = True
        address.save(update_fields=["is_default"])
    return address


@transaction.atomic
def delete_address(*, user_id: int, address_id: UUID, now: datetime | None = None) -> None:
    """Take an address off the list; the newest other one becomes the default. Silent when it is gone already.

    Raises AddressNotFound for somebody else's.
    """
    _lock_person(user_id)
    address = Address.objects.filter(user_id=user_id, pk=address_id).first()
    if address is None:
        raise AddressNotFound()
    if address.deleted_at is not None:
        return
    was_default = address.is_default
    address.deleted_at, address.is_default = now or timezone.now(), False
    address.save(update_fields=["deleted_at", "is_default"])
    if was_default:
        heir = Address.objects.filter(user_id=user_id, deleted_at=None).order_by("-created_at", "-pk").first()
        if heir is not None:
            heir.is_default = True
            heir.save(update_fields=["is_default"])


def _refuse_too_long(given: dict[str, str]) -> None:
    for name, text in given.items():
        most = getattr(Address._meta.get_field(name), "max_length", 0)
        if len(text) > most or "\x00" in text:
            words = f"Write at most {most} characters here."
            raise Invalid(words, errors={name: [words]})


def _own(user_id: int, address_id: UUID) -> Address:
    address = Address.objects.filter(user_id=user_id, pk=address_id, deleted_at=None).first()
    if address is None:
        raise AddressNotFound()
    return address


def _lock_person(user_id: int) -> None:
    """One address book is changed by one request at a time; orders of the same person are not held up."""
    if not User.objects.select_for_update(no_key=True).filter(pk=user_id).exists():
        raise PersonNotFound()
