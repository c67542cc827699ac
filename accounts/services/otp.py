"""Sign-in by a six-digit code sent to the phone."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.errors import AccountClosed, AskAgainLater, CodeExpired, TooManyTries, WrongCode
from accounts.events import OtpRequested, SignedIn
from accounts.models import OtpChallenge, User
from accounts.phones import normalise
from blinkit.kernel import events
from blinkit.kernel.errors import Refusal
from blinkit.kernel.limits import check_limit, is_exempt
from blinkit.kernel.said import say

VALID_FOR = timedelta(minutes=5)
ASK_AGAIN_AFTER_S = 30
ASK_AGAIN_AFTER = timedelta(seconds=ASK_AGAIN_AFTER_S)
MOST_TRIES = 5
MOST_CODES_PER_HOUR = 10
"""With MOST_TRIES this bounds guessing: 50 of a million per phone and hour, whatever the number of addresses."""
MOST_CODES_PER_ADDRESS = 30
ADDRESS_WINDOW_S = 600


@transaction.atomic
def request_otp(*, phone: str, now: datetime, address: str = "") -> OtpChallenge:
    """Start a sign-in: the code goes to the phone by SMS. Whether the phone is known to us stays untold.

    A newer code replaces the older one. Raises BadPhone; AskAgainLater within 30 s of the last code and after 10 codes
    in an hour; TooMany when one network address asks for many phones.
    """
    phone = normalise(phone)
    if address and not is_exempt(address):
        check_limit("otp-address", address, limit=MOST_CODES_PER_ADDRESS, per_s=ADDRESS_WINDOW_S)
    _one_at_a_time(phone)
    asked = list(
        OtpChallenge.objects.filter(phone=phone, created_at__gt=now - timedelta(hours=1))
        .order_by("-created_at")
        .values_list("created_at", flat=True)[:MOST_CODES_PER_HOUR]
    )
    if asked and now - asked[0] < ASK_AGAIN_AFTER:
        wait_s = _seconds(asked[0] + ASK_AGAIN_AFTER - now)
        raise AskAgainLater(
            say("We have just sent a code. Ask for another one in {n} seconds.", n=wait_s), retry_after_s=wait_s
        )
    if len(asked) >= MOST_CODES_PER_HOUR:
        wait_s = _seconds(asked[-1] + timedelta(hours=1) - now)
        raise AskAgainLater(
            say("That were many codes for one phone. Ask again in {n} minutes.", n=math.ceil(wait_s / 60)),
            retry_after_s=wait_s,
        )
    challenge = OtpChallenge(phone=phone, created_at=now, expires_at=now + VALID_FOR)
    challenge.save(force_insert=True)
    events.record(OtpRequested(challenge_id=challenge.id, phone=phone), subject=f"otp:{challenge.id}")
    return challenge


def otp_code(challenge_id: UUID) -> str:
    """The six digits of a challenge: derived from the secret key, stored nowhere."""
    digest = salted_hmac("accounts.otp", str(challenge_id), algorithm="sha256").digest()
    return f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06d}"


def verify_otp(*, phone: str, code: str, now: datetime) -> tuple[User, bool]:
    """The person behind the phone, and whether they are new, once the code is right. A code works once.

    Raises BadPhone, WrongCode (with `tries_left`), TooManyTries after 5, CodeExpired, AccountClosed. Do not call this
    inside a transaction that a refusal rolls back: the count of wrong tries must stay.
    """
    phone = normalise(phone)
    with transaction.atomic():
        answer = _try(phone, re.sub(r"\s", "", code), now)
    if isinstance(answer, Refusal):  # raised only now, so that the wrong try is kept
        raise answer
    return answer


def _try(phone: str, code: str, now: datetime) -> tuple[User, bool] | Refusal:
    # The row lock makes tries take turns: a hundred at once are still counted one by one.
    challenge = OtpChallenge.objects.select_for_update().filter(phone=phone).order_by("-created_at").first()
    if challenge is None or challenge.used_at is not None or challenge.expires_at <= now:
        return CodeExpired()
    if challenge.attempts >= MOST_TRIES:
        return TooManyTries()
    if not constant_time_compare(code, otp_code(challenge.id)):
        challenge.attempts += 1
        challenge.save(update_fields=["attempts"])
        left = MOST_TRIES - challenge.attempts
        return WrongCode(tries_left=left) if left else TooManyTries()
    challenge.used_at = now
    challenge.save(update_fields=["used_at"])
    user, created = User.objects.get_or_create(phone=phone)
    if not user.is_active:
        return AccountClosed()
    events.record(
        SignedIn(user_id=user.pk, first_time=created, how="otp"), subject=f"user:{user.pk}", actor=f"user:{user.pk}"
    )
    return user, created


def _one_at_a_time(phone: str) -> None:
    """Two requests for one phone take turns until the transaction ends, so that both see each other's row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"otp:{phone}"])


def _seconds(span: timedelta) -> int:
    return max(1, math.ceil(span.total_seconds()))
