"""Typed readers of environment variables.

A missing or unreadable value ends the program with exit status 1 and one line: the variable's name, what it should be,
and where useful what was found.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


class BadSetting(SystemExit):
    """A setting that cannot be understood. A SystemExit, so that no command swallows it and no traceback hides it."""

    def __init__(self, sentence: str) -> None:
        super().__init__(f"Settings: {sentence}")


def refuse_unless(condition: bool, sentence: str) -> None:
    if not condition:
        raise BadSetting(sentence)


def is_key_of(size: int, text: str) -> bool:
    """Whether the text is so many bytes in base64url, or empty."""
    try:
        return not text or len(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)) == size
    except ValueError:
        return False


def given(name: str) -> bool:
    return bool(os.environ.get(name, "").strip())


def text(name: str, default: str) -> str:
    return os.environ.get(name, "").strip() or default


def required(name: str, what: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise BadSetting(f"{name} must be set to {what}.")
    return value


def flag(name: str, *, default: bool) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise BadSetting(f"{name} should be 1 or 0 (true/false, yes/no, on/off), not {value!r}.")


def number(name: str, *, default: int, least: int | None = None, most: int | None = None) -> int:
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    bounds = f" of at least {least}" if least is not None and most is None else ""
    bounds = f" from {least} to {most}" if least is not None and most is not None else bounds
    try:
        found = int(value)
    except ValueError:
        raise BadSetting(f"{name} should be a whole number{bounds}, not {value!r}.") from None
    if (least is not None and found < least) or (most is not None and found > most):
        raise BadSetting(f"{name} should be a whole number{bounds}, not {found}.")
    return found


def words(name: str, *, default: Sequence[str]) -> list[str]:
    """A comma-separated list."""
    value = os.environ.get(name, "").strip()
    return [word.strip() for word in value.split(",") if word.strip()] if value else list(default)


def networks(name: str, *, default: Sequence[str]) -> list[IPv4Network | IPv6Network]:
    """A comma-separated list of networks ("10.0.0.0/8") and single addresses."""
    try:
        return [ip_network(word) for word in words(name, default=default)]
    except ValueError as error:
        raise BadSetting(f"{name} should be networks like 10.0.0.0/8, comma separated: {error}.") from None


def is_tiles(url: str) -> bool:
    """Whether this is an address of map tiles, "https://{s}.tiles.example/{z}/{x}/{y}.png", or empty."""
    parts = urlsplit(url)
    return not url or (
        parts.scheme in ("https", "http") and bool(parts.hostname) and all(f"{{{part}}}" in url for part in "zxy")
    )


def tile_hosts(url: str) -> list[str]:
    """What the policy has to allow for these tiles: their origin, with any first name where the address says {s}."""
    parts = urlsplit(url)
    return [f"{parts.scheme}://{parts.netloc.replace('{s}', '*')}"] if url else []


def choice(name: str, allowed: Sequence[str], *, default: str) -> str:
    value = text(name, default)
    if value not in allowed:
        raise BadSetting(f"{name} should be one of {', '.join(allowed)}, not {value!r}.")
    return value


def database(url: str) -> dict[str, Any]:
    """Django's settings for a PostgreSQL address: postgresql://user:password@host:port/name?sslmode=require.

    A socket directory is given as ?host=/directory. Other query parameters are passed to libpq.
    """
    shape = "postgresql://user:password@host:5432/name"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadSetting(f"DATABASE_URL should look like {shape}.") from None
    name = unquote(parts.path.removeprefix("/"))
    if parts.scheme not in {"postgres", "postgresql"} or not name:
        raise BadSetting(f"DATABASE_URL should look like {shape}.")
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", "") or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(options.pop("port", port or "")),
        "OPTIONS": options,
    }


def redis(name: str, *, default: str) -> str:
    value = text(name, default)
    if urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
        raise BadSetting(f"{name} should look like redis://host:6379/0, rediss://... or unix:///path?db=0.")
    return value


def email(name: str, *, default: str) -> dict[str, Any]:
    """Django's settings for smtp://user:password@host:587 (STARTTLS), smtps://...:465, console://, file://, locmem://."""
    url = text(name, default)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit("bad://"), None
    backend = {"smtp": "smtp", "smtps": "smtp", "console": "console", "file": "filebased", "locmem": "locmem"}.get(
        parts.scheme
    )
    if backend is None or (backend == "smtp" and not parts.hostname):
        raise BadSetting(f"{name} should look like smtp://user:password@host:587, smtps://..., console:// or file://.")
    found: dict[str, Any] = {"BACKEND": f"django.core.mail.backends.{backend}.EmailBackend"}
    if backend == "smtp":
        found |= {
            "EMAIL_HOST": parts.hostname,
            "EMAIL_PORT": port or (465 if parts.scheme == "smtps" else 587),
            "EMAIL_HOST_USER": unquote(parts.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
            "EMAIL_USE_SSL": parts.scheme == "smtps",
            "EMAIL_USE_TLS": parts.scheme == "smtp" and port != 25,
            "EMAIL_TIMEOUT": 10,
        }
    return found


def s3() -> dict[str, Any]:
    """Options of django-storages for any S3-compatible store (AWS, R2, MinIO)."""
    return {
        "bucket_name": required("S3_BUCKET", "the bucket's name"),
        "access_key": text("S3_ACCESS_KEY", "") or None,
        "secret_key": text("S3_SECRET_KEY", "") or None,
        "endpoint_url": text("S3_ENDPOINT_URL", "") or None,
        "region_name": text("S3_REGION", "") or None,
        "addressing_style": choice("S3_ADDRESSING", ["auto", "path", "virtual"], default="auto"),
        "signature_version": "s3v4",  # what R2 and newer AWS regions insist on
        "querystring_auth": flag("S3_SIGNED_URLS", default=True),
        "public_url": text("S3_PUBLIC_URL", "").rstrip("/"),
        "file_overwrite": False,
    }
