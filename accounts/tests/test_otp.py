from datetime import UTC, datetime, timedelta

import pytest

from accounts import services
from accounts.errors import AccountClosed, AskAgainLater, BadPhone, CodeExpired, TooManyTries, WrongCode
from accounts.models import OtpChallenge, User
from accounts.phones import normalise
from accounts.services import otp
from accounts.tests.factories import UserFactory
from blinkit.kernel.errors import TooMany
from blinkit.kernel.models import Event

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
PHONE = "+919876543210"
ONE_SECOND = timedelta(seconds=1)


def ask(now=NOW, phone=PHONE, **more):
    return services.request_otp(phone=phone, now=now, **more)


def wrong(code):
    return f"{(int(code) + 1) % 1_000_000:06d}"


@pytest.mark.parametrize(
    "text", ["9876543210", "09876543210", "+91 98765 43210", "91-98765-43210", "(0)98765.43210", "00919876543210"]
)
def test_a_phone_is_understood_however_it_is_written(text):
    assert normalise(text) == PHONE


@pytest.mark.parametrize("text", ["", "12345", "5876543210", "+1 415 555 0100", "98765432101", "९८७६५४३२१०", "phone"])
def test_what_is_no_indian_mobile_number_is_refused(text):
    with pytest.raises(BadPhone):
        normalise(text)


@pytest.mark.django_db
class TestAsking:
    def test_writes_a_challenge_and_announces_it_without_the_code(self):
        challenge = ask(phone="98765 43210")
        assert (challenge.phone, challenge.expires_at) == (PHONE, NOW + timedelta(minutes=5))
        event = Event.objects.get(code="accounts.OtpRequested")
        assert event.subject == f"otp:{challenge.id}"
        assert services.otp_code(challenge.id) not in str(event.payload)

    def test_a_second_code_waits_thirty_seconds(self):
        ask()
        with pytest.raises(AskAgainLater) as refused:
            ask(now=NOW + timedelta(seconds=10))
        assert refused.value.extra["retry_after_s"] == 20
        assert OtpChallenge.objects.count() == 1
        ask(now=NOW + timedelta(seconds=30))

    def test_ten_codes_an_hour_are_enough(self):
        for n in range(10):
            ask(now=NOW + n * timedelta(minutes=1))
        with pytest.raises(AskAgainLater) as refused:
            ask(now=NOW + timedelta(minutes=11))
        assert refused.value.extra["retry_after_s"] == 49 * 60
        ask(now=NOW + timedelta(hours=1))

    def test_one_address_cannot_ask_for_everybody(self, settings):
        settings.RATE_LIMIT_PER_MINUTE = 100
        settings.RATE_LIMIT_TRUST_LOOPBACK = False
        for n in range(otp.MOST_CODES_PER_ADDRESS):
            ask(phone=f"98765{n:05d}", address="203.0.113.9")
        with pytest.raises(TooMany):
            ask(phone="9123456789", address="203.0.113.9")
        ask(phone="9123456789", address="203.0.113.10")

    def test_the_code_is_six_digits_and_differs_by_challenge(self):
        codes = {services.otp_code(OtpChallenge(phone=PHONE).id) for _ in range(50)}
        assert all(len(code) == 6 and code.isdigit() for code in codes)
        assert len(codes) > 45


@pytest.mark.django_db(transaction=True)
def test_of_many_askers_at_once_one_gets_a_code(race):
    results = race(8, lambda: ask())
    assert sum(isinstance(result, OtpChallenge) for result in results) == 1
    assert sum(isinstance(result, AskAgainLater) for result in results) == 7


@pytest.mark.django_db
class TestVerifying:
    def test_a_new_phone_becomes_a_customer(self):
        code = services.otp_code(ask().id)
        user, created = services.verify_otp(phone="9876543210", code=f"{code[:3]} {code[3:]}", now=NOW + ONE_SECOND)
        assert created and user.phone == PHONE and user.roles == {"customer"}
        assert Event.objects.get(code="accounts.SignedIn").actor == f"user:{user.pk}"

    def test_a_known_phone_is_the_same_person(self):
        known = UserFactory(phone=PHONE)
        user, created = services.verify_otp(phone=PHONE, code=services.otp_code(ask().id), now=NOW)
        assert (user, created) == (known, False)

    def test_a_code_works_once(self):
        code = services.otp_code(ask().id)
        services.verify_otp(phone=PHONE, code=code, now=NOW)
        with pytest.raises(CodeExpired):
            services.verify_otp(phone=PHONE, code=code, now=NOW)

    def test_a_code_dies_after_five_minutes(self):
        code = services.otp_code(ask().id)
        with pytest.raises(CodeExpired):
            services.verify_otp(phone=PHONE, code=code, now=NOW + timedelta(minutes=5))
        assert not User.objects.exists()

    def test_a_newer_code_replaces_the_older(self):
        old = services.otp_code(ask().id)
        later = NOW + timedelta(seconds=40)
        new = services.otp_code(ask(now=later).id)
        with pytest.raises(WrongCode):
            services.verify_otp(phone=PHONE, code=old, now=later)
        services.verify_otp(phone=PHONE, code=new, now=later)

    def test_a_code_of_another_phone_is_worthless(self):
        code = services.otp_code(ask().id)
        with pytest.raises(CodeExpired):
            services.verify_otp(phone="9123456789", code=code, now=NOW)

    def test_five_wrong_codes_end_it_even_for_the_right_one(self):
        code = services.otp_code(ask().id)
        left = []
        for _ in range(4):
            with pytest.raises(WrongCode) as refused:
                services.verify_otp(phone=PHONE, code=wrong(code), now=NOW)
            left.append(refused.value.extra["tries_left"])
        assert left == [4, 3, 2, 1]
        for attempt in (wrong(code), code):
            with pytest.raises(TooManyTries):
                services.verify_otp(phone=PHONE, code=attempt, now=NOW)
        assert not User.objects.exists()

    def test_a_closed_account_stays_closed(self):
        UserFactory(phone=PHONE, is_active=False)
        with pytest.raises(AccountClosed):
            services.verify_otp(phone=PHONE, code=services.otp_code(ask().id), now=NOW)


@pytest.mark.django_db(transaction=True)
def test_twenty_guessers_at_once_get_five_tries(race):
    code = services.otp_code(ask().id)
    results = race(20, lambda: services.verify_otp(phone=PHONE, code=wrong(code), now=NOW))
    assert sum(isinstance(result, WrongCode) for result in results) == 4
    assert sum(isinstance(result, TooManyTries) for result in results) == 16
    assert OtpChallenge.objects.get().attempts == 5


@pytest.mark.django_db(transaction=True)
def test_without_the_row_lock_guessers_would_get_more(race, monkeypatch):
    """The control: it shows that the race above is real."""
    import threading

    from django.db.models import QuerySet

    together = threading.Barrier(8)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)
    compare = otp.constant_time_compare
    monkeypatch.setattr(otp, "constant_time_compare", lambda a, b: (together.wait(timeout=5), compare(a, b))[1])
    code = services.otp_code(ask().id)
    results = race(8, lambda: services.verify_otp(phone=PHONE, code=wrong(code), now=NOW))
    assert sum(isinstance(result, WrongCode) for result in results) == 8


@pytest.mark.django_db(transaction=True)
def test_one_code_signs_in_one_of_many_at_once(race):
    code = services.otp_code(ask().id)
    results = race(8, lambda: services.verify_otp(phone=PHONE, code=code, now=NOW))
    assert sum(isinstance(result, tuple) for result in results) == 1
    assert User.objects.count() == 1
