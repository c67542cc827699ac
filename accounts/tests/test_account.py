"""One's own account: e-mail link, where one is signed in, what we hold, being forgotten."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import services
from accounts.errors import LinkExpired, SignInNotFound, StaffAccount, TokenRefused
from accounts.models import Address, Device, OtpChallenge, SignIn, User
from accounts.services import email as mail
from accounts.services import personal
from blinkit.kernel.errors import Conflict
from blinkit.kernel.models import Event

pytestmark = pytest.mark.django_db
PHONE = "+919876543210"


@pytest.fixture
def asha():
    return User.objects.create_user(PHONE, name="Asha")


def token_of(user) -> str:
    return services.email_link(user_id=user.pk, email=user.email).rstrip("/").rsplit("/", 1)[1]


class TestEmail:
    def test_a_new_address_is_asked_and_the_link_says_yes(self, asha):
        user = services.update_profile(user_id=asha.pk, email="asha@example.com")
        assert Event.objects.filter(code="accounts.EmailGiven").count() == 1
        assert user.email_verified_at is None
        now = timezone.now()
        assert services.verify_email(token=token_of(user), now=now).email_verified_at == now
        later = services.verify_email(token=token_of(user), now=now + timedelta(hours=1))
        assert later.email_verified_at == now

    def test_another_address_must_be_asked_again_and_old_links_are_void(self, asha):
        user = services.update_profile(user_id=asha.pk, email="asha@example.com")
        old = token_of(user)
        services.verify_email(token=old, now=timezone.now())
        user = services.update_profile(user_id=asha.pk, email="other@example.com")
        assert user.email_verified_at is None
        with pytest.raises(LinkExpired):
            services.verify_email(token=old, now=timezone.now())
        same = services.update_profile(user_id=asha.pk, email="Other@example.com", name="A")
        assert Event.objects.filter(code="accounts.EmailGiven").count() == 2
        assert same.name == "A"

    @pytest.mark.parametrize("token", ["", "nonsense", "WzEsMl0:1:x"])
    def test_no_link_of_ours(self, token):
        with pytest.raises(LinkExpired):
            services.verify_email(token=token, now=timezone.now())

    def test_links_grow_old(self, asha, monkeypatch):
        user = services.update_profile(user_id=asha.pk, email="asha@example.com")
        monkeypatch.setattr(mail, "GOOD_FOR", timedelta(seconds=-1))
        with pytest.raises(LinkExpired):
            services.verify_email(token=token_of(user), now=timezone.now())

    def test_over_the_api(self, api, asha):
        http = api(asha)
        assert http.patch("/api/v1/me/", {"email": "a@example.com"}).json()["email_verified"] is False
        assert http.post("/api/v1/me/email/").status_code == 202
        asha.refresh_from_db()
        assert api().post("/api/v1/me/email/verify/", {"token": token_of(asha)}).status_code == 204
        assert http.get("/api/v1/me/").json()["email_verified"] is True
        assert api().post("/api/v1/me/email/verify/", {"token": "x"}).json()["type"] == "/problems/link-expired"


class TestPlaces:
    def browser(self, user, agent="Mozilla/5.0 (Linux; Android 14) Chrome/120.0") -> Client:
        client = Client(HTTP_USER_AGENT=agent)
        client.post("/sign-in/", {"phone": user.phone})
        code = services.otp_code(OtpChallenge.objects.filter(used_at=None).latest("created_at").pk)
        client.post("/sign-in/code/", {"code": code})
        OtpChallenge.objects.all().delete()  # the next one may be asked at once
        return client

    def test_a_browser_and_an_app_are_shown_and_one_is_signed_out(self, asha):
        first, second = self.browser(asha), self.browser(asha)
        app = services.issue_tokens(asha)
        now = timezone.now()
        key = second.session.session_key
        places = services.signed_in_places(user_id=asha.pk, now=now, session_key=key)
        assert [place.kind for place in places].count("browser") == 2
        assert places[0].is_here and not places[1].is_here
        other = next(place for place in places if place.kind == "browser" and not place.is_here)
        services.end_sign_in(user_id=asha.pk, place_id=other.id, now=now)
        assert "_auth_user_id" not in first.session
        assert second.session["_auth_user_id"] == str(asha.pk)
        phone = next(place for place in places if place.kind == "app")
        services.end_sign_in(user_id=asha.pk, place_id=phone.id, now=now)
        with pytest.raises(TokenRefused):
            services.refresh_tokens(app["refresh"])
        assert len(services.signed_in_places(user_id=asha.pk, now=now)) == 1

    def test_a_refreshed_token_is_the_same_place(self, asha):
        services.refresh_tokens(services.issue_tokens(asha)["refresh"])
        assert len(services.signed_in_places(user_id=asha.pk, now=timezone.now())) == 1

    def test_somebody_elses_place_is_not_found(self, asha, api):
        self.browser(asha)
        place = services.signed_in_places(user_id=asha.pk, now=timezone.now())[0]
        other = User.objects.create_user("+919876543211")
        for wrong in (place.id, "nonsense", "0" * 32):
            with pytest.raises(SignInNotFound):
                services.end_sign_in(user_id=other.pk, place_id=wrong, now=timezone.now())
        assert api(other).get("/api/v1/me/sign-ins/").json() == []
        assert api(other).delete(f"/api/v1/me/sign-ins/{place.id}/").status_code == 404
        assert api(asha).delete(f"/api/v1/me/sign-ins/{place.id}/").status_code == 204
        assert not SignIn.objects.exists()

    def test_old_notes_are_thrown_away(self, asha, settings):
        self.browser(asha)
        late = timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE + 60)
        services.forget_expired(now=late)
        assert not SignIn.objects.exists()


class TestForgetting:
    def test_is_done_after_the_time_to_change_ones_mind(self, asha, settings):
        now = timezone.now()
        due = services.ask_deletion(user_id=asha.pk, now=now)
        assert due == now + timedelta(days=settings.ACCOUNT_GRACE_DAYS)
        assert services.ask_deletion(user_id=asha.pk, now=now + timedelta(days=3)) == due
        assert services.forget_due(now=due - timedelta(seconds=1)) == 0
        asha.refresh_from_db()
        assert asha.name == "Asha"
        services.keep_account(user_id=asha.pk)
        assert services.forget_due(now=due) == 0

    @pytest.mark.parametrize("trouble", [Conflict, ValueError])
    def test_who_cannot_be_forgotten_yet_keeps_nobody_waiting(self, asha, monkeypatch, trouble):
        ravi, forget = User.objects.create_user("+919876543211", name="Ravi"), personal.forget
        now = timezone.now()
        services.ask_deletion(user_id=asha.pk, now=now)
        due = services.ask_deletion(user_id=ravi.pk, now=now + timedelta(minutes=1))

        def refuses(*, user_id, now):
            if user_id == asha.pk:
                raise trouble("Something is still running.")
            forget(user_id=user_id, now=now)

        monkeypatch.setattr(personal, "forget", refuses)
        assert [services.forget_due(now=due, limit=1) for _ in range(2)] == [0, 1]
        monkeypatch.undo()
        assert services.forget_due(now=due + timedelta(hours=1)) == 1

    def test_leaves_nothing_that_points_at_the_person(self, asha):
        Address.objects.create(user=asha, line1="12, 5th Cross", lat=12.9, lng=77.6, is_default=True)
        services.register_device(user_id=asha.pk, platform="web", push_token="t", now=timezone.now())
        services.request_otp(phone=PHONE, now=timezone.now(), address="1.2.3.4")
        refresh = services.issue_tokens(asha)["refresh"]
        due = services.ask_deletion(user_id=asha.pk, now=timezone.now())
        assert services.forget_due(now=due) == 1
        assert services.forget_due(now=due) == 0
        asha.refresh_from_db()
        assert (asha.name, asha.email, asha.is_active, asha.phone) == ("", "", False, f"gone-{asha.pk}")
        assert not Device.objects.exists() and not OtpChallenge.objects.exists()
        assert Address.objects.get().line1 == ""
        assert PHONE not in str(list(Event.objects.values_list("payload", flat=True)))
        with pytest.raises(TokenRefused):
            services.refresh_tokens(refresh)
        # The number may begin anew.
        assert User.objects.create_user(PHONE).pk != asha.pk

    def test_people_who_work_here_ask_an_administrator(self, asha):
        services.grant_role(user_id=asha.pk, role="rider", actor="system")
        with pytest.raises(StaffAccount):
            services.ask_deletion(user_id=asha.pk, now=timezone.now())

    def test_over_the_api(self, api, asha):
        http = api(asha)
        told = http.get("/api/v1/me/export/")
        assert told["Content-Disposition"].startswith("attachment")
        assert told.json()["account"]["person"]["phone"] == PHONE
        assert http.post("/api/v1/me/deletion/").status_code == 202
        assert http.delete("/api/v1/me/deletion/").status_code == 204
        assert api().get("/api/v1/me/export/").status_code == 401
        asha.refresh_from_db()
        assert asha.deletion_due_at is None
