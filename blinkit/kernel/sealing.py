"""Numbers that must not be readable in the database: sealed with a key that is not kept there.

Fernet (AES-128-CBC with HMAC-SHA-256, https://github.com/fernet/spec). SEALING_KEYS lists secrets, newest first: what
was sealed with an older one can still be opened. Taking the last one away makes what it sealed unreadable for ever.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.signals import setting_changed


def seal(text: str) -> str:
    """Sealed text; "" stays empty."""
    return _box().encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str) -> str:
    """The text again; "" when no key of ours opens it."""
    if not sealed:
        return ""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken:
        return ""


def fingerprint(text: str, *, purpose: str) -> str:
    """The same for the same text, and nothing a stranger could compute or try out: a keyed hash with the oldest key,
    which stays when a newer one comes."""
    key = str(settings.SEALING_KEYS[-1]).encode()
    return hmac.new(key, f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=1)
def _box() -> MultiFernet:
    return MultiFernet(
        [Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())) for key in settings.SEALING_KEYS]
    )


setting_changed.connect(lambda **_: _box.cache_clear(), weak=False)  # another key in a test
