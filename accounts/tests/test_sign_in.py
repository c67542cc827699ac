from datetime import UTC, datetime

import pytest

from accounts import firebase, services
from accounts.errors import (
    AccountClosed,
    BadPhone,
    FirebaseOff,
    FirebasePhoneMissing,
    FirebaseTokenRefused,
    WrongPassword,
)
from accounts.models import User
from accounts.tests.factories import UserFactory
from blinkit.kernel.errors import TooMany, Unavailable

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
PHONE = "+919876543210"


class TestPassword:
    def test_staff_sign_in(self):
        user = UserFactory(phone=PHONE, password="a good one")
        assert services.sign_in_with_password(phone="98765 43210", password="a good one") == user

    @pytest.mark.parametrize(
        ("phone", "password"), [(PHONE, "a bad one"), ("9123456789", "a good one"), ("rubbish", ""), (PHONE, "")]
    )
    def test_all_failures_look_the_same(self, phone, password):
        UserFactory(phone=PHONE, password="a good one")
        with pytest.raises(WrongPassword):
            services.sign_in_with_password(phone=phone, password=password)

    def test_a_person_without_a_password_cannot_use_one(self):
        UserFactory(phone=PHONE)
        with pytest.raises(WrongPassword):
            services.sign_in_with_password(phone=PHONE, password="")

    def test_guessing_is_slowed_down_even_for_the_right_one(self):
        UserFactory(phone=PHONE, password="a good one")
        for _ in range(10):
            with pytest.raises(WrongPassword):
                services.sign_in_with_password(phone=PHONE, password="a bad one")
        with pytest.raises(TooMany):
            services.sign_in_with_password(phone=PHONE, password="a good one")

    def test_a_stranger_who_guesses_locks_out_only_himself(self):
        user = UserFactory(phone=PHONE, password="a good one")
        for _ in range(11):
            with pytest.raises((WrongPassword, TooMany)):
                services.sign_in_with_password(phone=PHONE, password="a bad one", address="203.0.113.9")
        assert services.sign_in_with_password(phone=PHONE, password="a good one", address="198.51.100.1") == user

    def test_many_machines_and_many_phones_are_limited_as_well(self, settings):
        settings.RATE_LIMIT_PER_MINUTE = 100
        UserFactory(phone=PHONE, password="a good one")
        for number in range(60):
            with pytest.raises(WrongPassword):
                services.sign_in_with_password(phone=PHONE, password="a bad one", address=f"203.0.113.{number}")
        with pytest.raises(TooMany):
            services.sign_in_with_password(phone=PHONE, password="a good one", address="198.51.100.1")
        for number in range(60):
            with pytest.raises(WrongPassword):
                services.sign_in_with_password(phone=f"91000000{number:02d}", password="x", address="192.0.2.1")
        with pytest.raises(TooMany):
            services.sign_in_with_password(phone="9123456789", password="x", address="192.0.2.1")

    def test_a_closed_account_stays_closed(self):
        UserFactory(phone=PHONE, password="a good one", is_active=False)
        with pytest.raises(AccountClosed):
            services.sign_in_with_password(phone=PHONE, password="a good one")


@pytest.fixture
def google(monkeypatch, settings):
    """The wire: firebase_admin's check of a token."""
    from firebase_admin import auth

    settings.FIREBASE_PROJECT_ID = "demo-blinkit"
    answers = {}

    def verify(id_token, app=None, **_):
        answer = answers.get(id_token) or auth.InvalidIdTokenError("Unknown token")
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(auth, "verify_id_token", verify)
    return answers


def sign_in(token="good"):
    return services.sign_in_with_firebase(id_token=token, now=NOW)


class TestFirebase:
    def test_is_off_without_a_project(self, settings):
        settings.FIREBASE_PROJECT_ID = ""
        with pytest.raises(FirebaseOff):
            sign_in()

    def test_a_new_phone_becomes_a_customer_with_the_uid(self, google):
        google["good"] = {"uid": "u1", "phone_number": PHONE}
        user, created = sign_in()
        assert (user.phone, user.firebase_uid, created) == (PHONE, "u1", True)
        assert sign_in() == (user, False)

    def test_a_known_phone_is_linked(self, google):
        known = UserFactory(phone=PHONE)
        google["good"] = {"uid": "u1", "phone_number": PHONE}
        user, created = sign_in()
        assert (user, user.firebase_uid, created) == (known, "u1", False)

    def test_a_uid_moves_with_the_number(self, google):
        before = UserFactory(firebase_uid="u1")
        google["good"] = {"uid": "u1", "phone_number": PHONE}
        user, _ = sign_in()
        before.refresh_from_db()
        assert user != before and user.firebase_uid == "u1" and before.firebase_uid is None

    def test_a_token_google_does_not_know_is_refused(self, google):
        with pytest.raises(FirebaseTokenRefused):
            sign_in("rubbish")
        assert not User.objects.exists()

    @pytest.mark.parametrize(
        ("claims", "refusal"),
        [
            ({"uid": "u1", "email": "a@example.com"}, FirebasePhoneMissing),
            ({"uid": "u1", "phone_number": "+14155550100"}, BadPhone),
            ({"phone_number": PHONE}, FirebaseTokenRefused),
        ],
    )
    def test_claims_that_name_no_customer_are_refused(self, google, claims, refusal):
        google["good"] = claims
        with pytest.raises(refusal):
            sign_in()
        assert not User.objects.exists()

    def test_a_closed_account_stays_closed_and_unlinked(self, google):
        user = UserFactory(phone=PHONE, is_active=False)
        google["good"] = {"uid": "u1", "phone_number": PHONE}
        with pytest.raises(AccountClosed):
            sign_in()
        user.refresh_from_db()
        assert user.firebase_uid is None

    def test_google_out_of_reach_is_an_answer(self, google):
        from firebase_admin import auth

        google["good"] = auth.CertificateFetchError("no network", cause=None)
        with pytest.raises(Unavailable):
            sign_in()

    def test_the_real_library_refuses_an_unsigned_token_without_the_network(self, settings):
        settings.FIREBASE_PROJECT_ID = "demo-blinkit"
        for rubbish in ("", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1MSJ9."):
            with pytest.raises(FirebaseTokenRefused):
                firebase.verified_claims(rubbish)
