from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts import services
from accounts.errors import PersonNotFound, TokenRefused
from accounts.models import OtpChallenge
from accounts.tests.factories import UserFactory
from blinkit.kernel.events import timeline
from blinkit.kernel.tokens import ended_ms, user_from_token

pytestmark = pytest.mark.django_db


def test_an_access_token_carries_the_person_and_their_roles():
    user = UserFactory(roles=["rider"])
    tokens = services.issue_tokens(user)
    person = user_from_token(tokens["access"])
    assert (person.id, person.roles, tokens["expires_in"]) == (user.pk, {"customer", "rider"}, 900)


def test_a_refresh_token_is_no_access_token_and_the_other_way_round():
    tokens = services.issue_tokens(UserFactory())
    assert user_from_token(tokens["refresh"]) is None
    with pytest.raises(TokenRefused):
        services.refresh_tokens(tokens["access"])


def test_refreshing_gives_a_new_pair_with_the_roles_of_today():
    user = UserFactory(roles=["picker"])
    tokens = services.issue_tokens(user)
    services.revoke_role(user_id=user.pk, role="picker", actor="system")
    services.grant_role(user_id=user.pk, role="rider", actor="system")
    fresh = services.refresh_tokens(tokens["refresh"])
    assert user_from_token(fresh["access"]).roles == {"customer", "rider"}
    assert fresh["refresh"] != tokens["refresh"]


def test_an_answer_that_was_lost_is_given_again_until_it_is_used():
    user = UserFactory()
    tokens = services.issue_tokens(user)
    lost, heard = (services.refresh_tokens(tokens["refresh"]) for _ in range(2))
    assert heard["refresh"] == lost["refresh"] != tokens["refresh"]
    assert user_from_token(heard["access"]).id == user.pk
    assert "after" not in user_from_token(heard["access"]).claims
    services.refresh_tokens(heard["refresh"])


def test_an_answer_is_not_given_again_later_nor_to_who_has_signed_out():
    tokens = services.issue_tokens(UserFactory())
    services.refresh_tokens(tokens["refresh"])
    with pytest.raises(TokenRefused):
        services.refresh_tokens(exchanged_before(tokens["refresh"]))
    for end in (services.revoke, lambda fresh: services.sign_out_everywhere(who.pk, timezone.now())):
        who = UserFactory()
        tokens = services.issue_tokens(who)
        end(services.refresh_tokens(tokens["refresh"])["refresh"])
        with pytest.raises(TokenRefused):
            services.refresh_tokens(tokens["refresh"])


def test_signing_out_ends_this_device_alone():
    user = UserFactory()
    phone, tablet = services.issue_tokens(user), services.issue_tokens(user)
    assert services.revoke(phone["refresh"]) == user.pk
    assert services.revoke(phone["refresh"]) is None  # twice is silent
    with pytest.raises(TokenRefused):
        services.refresh_tokens(phone["refresh"])
    services.refresh_tokens(tablet["refresh"])


def test_a_forged_token_signs_nobody_out():
    tokens = services.issue_tokens(UserFactory())
    forged = tokens["refresh"].rsplit(".", 1)[0] + ".c2lnbmF0dXJl"
    assert services.revoke(forged) is None
    services.refresh_tokens(tokens["refresh"])


def test_signing_out_everywhere_ends_what_was_issued_before_and_nothing_after():
    user = UserFactory()
    with time_machine.travel("2030-01-01T10:00:00.200Z", tick=False) as clock:
        phone, tablet = services.issue_tokens(user), services.issue_tokens(user)
        clock.shift(timedelta(milliseconds=300))  # the same second: `iat` could not tell
        services.sign_out_everywhere(user.pk, timezone.now())
        for tokens in (phone, tablet):
            with pytest.raises(TokenRefused):
                services.refresh_tokens(tokens["refresh"])
        clock.shift(timedelta(milliseconds=300))
        user.refresh_from_db()
        services.refresh_tokens(services.issue_tokens(user)["refresh"])


def test_signing_out_everywhere_ends_browser_sessions(client):
    user = UserFactory()
    client.force_login(user)
    assert client.get("/staff/").url != "/staff/sign-in/"
    services.sign_out_everywhere(user.pk, timezone.now())
    assert client.get("/staff/").url == "/staff/sign-in/"


def test_nobody_is_signed_out_when_there_is_no_such_person():
    with pytest.raises(PersonNotFound):
        services.sign_out_everywhere(0, timezone.now())


def test_a_closed_account_gets_no_new_tokens():
    user = UserFactory()
    tokens = services.issue_tokens(user)
    user.is_active = False
    user.save()
    with pytest.raises(TokenRefused):
        services.refresh_tokens(tokens["refresh"])


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "é" * 20])
def test_rubbish_is_refused(text):
    with pytest.raises(TokenRefused):
        services.refresh_tokens(text)


def test_refresh_tokens_expire():
    user = UserFactory()
    tokens = services.issue_tokens(user)
    with time_machine.travel(timezone.now() + timedelta(days=30, minutes=1)), pytest.raises(TokenRefused):
        services.refresh_tokens(tokens["refresh"])


def test_the_clean_up_takes_what_has_expired_and_leaves_the_rest():
    now = timezone.now()
    services.issue_tokens(UserFactory())
    OtpChallenge.objects.create(phone="+919876543210", created_at=now, expires_at=now - timedelta(days=2))
    OtpChallenge.objects.create(phone="+919876543210", created_at=now, expires_at=now)
    assert services.forget_expired(now=now) == 1
    assert services.forget_expired(now=now + timedelta(days=31)) == 2
    assert not OutstandingToken.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_exchanges_at_once_get_the_same_token(race):
    tokens = services.issue_tokens(UserFactory())
    results = race(6, lambda: services.refresh_tokens(tokens["refresh"]))
    assert len({result["refresh"] for result in results}) == 1
    assert OutstandingToken.objects.filter(blacklistedtoken=None).count() == 1


def exchanged_before(refresh):
    """As if the exchange had been a while ago."""
    BlacklistedToken.objects.update(blacklisted_at=timezone.now() - timedelta(minutes=1))
    return refresh


def test_a_used_token_that_comes_again_ends_its_family_and_no_other(django_capture_on_commit_callbacks):
    user = UserFactory()
    phone, tablet = services.issue_tokens(user), services.issue_tokens(user)
    second = services.refresh_tokens(phone["refresh"])
    third = services.refresh_tokens(second["refresh"])
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(TokenRefused):
        services.refresh_tokens(exchanged_before(phone["refresh"]))
    with pytest.raises(TokenRefused):
        services.refresh_tokens(third["refresh"])
    services.refresh_tokens(tablet["refresh"])
    assert [row.code for row in timeline(f"user:{user.pk}")] == ["accounts.RefreshTokenReused"]
    assert ended_ms(user.pk) >= user_from_token(third["access"]).issued_ms


def test_an_old_token_a_moment_too_late_is_refused_and_ends_nothing():
    phone = services.issue_tokens(UserFactory())
    third = services.refresh_tokens(services.refresh_tokens(phone["refresh"])["refresh"])
    with pytest.raises(TokenRefused):
        services.refresh_tokens(phone["refresh"])
    services.refresh_tokens(third["refresh"])


@pytest.mark.parametrize("rubbish", ["", "x", "a.b.c"])
def test_rubbish_ends_nothing(rubbish):
    with pytest.raises(TokenRefused):
        services.refresh_tokens(rubbish)


class TestAccessTokens:
    """What is out already."""

    def ask(self, tokens):
        return APIClient().get("/api/v1/me/", HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")

    @pytest.mark.parametrize("roles", [["rider"], []])
    def test_end_with_signing_out_everywhere(self, settings, roles, django_capture_on_commit_callbacks):
        settings.RATE_LIMIT_PER_MINUTE = 100
        user = UserFactory(roles=roles)
        with time_machine.travel(timezone.now() - timedelta(seconds=1)):
            tokens = services.issue_tokens(user)
        assert self.ask(tokens).status_code == 200
        with django_capture_on_commit_callbacks(execute=True):
            services.sign_out_everywhere(user.pk, timezone.now())
        answer = self.ask(tokens)
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/token-ended")
        assert self.ask(services.issue_tokens(user)).status_code == 200
        assert self.ask(services.issue_tokens(UserFactory())).status_code == 200

    def test_end_with_a_role_even_where_nobody_is_counted(self, django_capture_on_commit_callbacks):
        with time_machine.travel(timezone.now() - timedelta(seconds=1)):
            user = UserFactory(roles=["rider"])
            tokens = services.issue_tokens(user)
        with django_capture_on_commit_callbacks(execute=True):
            services.revoke_role(user_id=user.pk, role="rider", actor="system")
        assert self.ask(tokens).status_code == 401
        assert self.ask(services.refresh_tokens(tokens["refresh"])).status_code == 200

    def test_are_checked_in_the_round_trip_that_counts(self, settings, monkeypatch):
        settings.RATE_LIMIT_PER_MINUTE = 100
        monkeypatch.setattr("blinkit.kernel.tokens.ended_ms", None)  # would be a second one
        assert self.ask(services.issue_tokens(UserFactory(roles=["rider"]))).status_code == 200
