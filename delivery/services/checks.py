"""What is looked at when a rider goes on duty: the phone, and once a day helmet, lights and brakes.

Only a phone that gives no position stops anybody; everything else is said and kept.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date

from blinkit.kernel.geo import Point
from delivery.errors import LocationNeeded, SelfCheckNeeded
from delivery.models import DutyPolicy, RiderProfile, Vehicle

BATTERY_LOW_PCT = 20
SELF_CHECK: dict[str, tuple[str, ...]] = {
    Vehicle.CYCLE: ("lights", "brakes"),
    Vehicle.EBIKE: ("helmet", "lights", "brakes"),
    Vehicle.SCOOTER: ("helmet", "lights", "brakes"),
}
ITEMS = ("helmet", "lights", "brakes")


@dataclass(frozen=True, slots=True)
class Device:
    """As the client reports it; None where it cannot know. Permissions: granted, denied or prompt."""

    app_version: str = ""
    battery_pct: int | None = None
    location: str = ""
    notifications: str = ""
    lat: float | None = None
    lng: float | None = None

    @property
    def point(self) -> Point | None:
        return None if self.lat is None or self.lng is None else Point(self.lat, self.lng)

    def kept(self) -> dict[str, object]:
        """What is written down: not where the phone was."""
        return {
            name: value
            for name, value in asdict(self).items()
            if name not in ("lat", "lng") and value not in ("", None)
        }


def warnings_of(device: Device | None, policy: DutyPolicy) -> list[str]:
    """Codes of what could be better: battery-low, notifications-off, app-old. Raises LocationNeeded when the phone
    refuses to give its position."""
    if device is None:
        return []
    if device.location == "denied":
        raise LocationNeeded("Your phone does not give your position. Allow it in the settings, then go on duty.")
    found = []
    if device.battery_pct is not None and device.battery_pct < BATTERY_LOW_PCT:
        found.append("battery-low")
    if device.notifications == "denied":
        found.append("notifications-off")
    if policy.oldest_app and device.app_version and _version(device.app_version) < _version(policy.oldest_app):
        found.append("app-old")
    return found


def checked(
    profile: RiderProfile | None, vehicle: str, ticked: Collection[str], policy: DutyPolicy, *, today: date
) -> tuple[bool, list[str]]:
    """Whether today's self-check is done (now or before), and what was not ticked. Raises SelfCheckNeeded where the
    city wants it first."""
    if profile is not None and profile.checked_on == today:
        return True, []
    open_items = [item for item in SELF_CHECK[vehicle] if item not in ticked]
    if open_items and policy.self_check_needed:
        raise SelfCheckNeeded("Look at helmet, lights and brakes first, then go on duty.", items=open_items)
    return not open_items, open_items


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:4])
