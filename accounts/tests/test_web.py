from urllib.parse import urlencode

import pytest

from accounts import services
from accounts.models import OtpChallenge, User
from accounts.tests.factories import UserFactory

pytestmark = pytest.mark.django_db
PHONE = "+919876543210"
SIGN_IN = "/staff/sign-in/"


@pytest.mark.parametrize(
    ("roles", "page"),
    [(["rider"], "/rider/"), (["ops"], "/ops/"), (["admin"], "/admin/"), ([], "/"), (["picker"], "/")],
)
def test_everybody_lands_where_they_work(client, roles, page):
    UserFactory(phone=PHONE, password="a good one", roles=roles)
    answer = client.post(SIGN_IN, {"phone": "98765 43210", "password": "a good one"})
    assert (answer.status_code, answer.url) == (302, page)


def test_the_page_can_be_opened_and_a_wrong_password_keeps_what_was_typed(client):
    assert client.get(SIGN_IN).status_code == 200
    answer = client.post(SIGN_IN, {"phone": "98765 43210", "password": "no"})
    assert answer.status_code == 400
    assert b"98765 43210" in answer.content and b"is wrong" in answer.content


def test_by_code(client):
    user = UserFactory(phone=PHONE, roles=["ops"])
    asked = client.post(SIGN_IN, {"phone": "9876543210", "send_code": "yes", "next": "/ops/live/"})
    assert asked.url == "/staff/sign-in/code/?next=%2Fops%2Flive%2F"
    page = client.get(asked.url)
    assert page.status_code == 200 and b"3210" in page.content
    assert client.post(asked.url, {"code": "12"}).status_code == 400
    code = services.otp_code(OtpChallenge.objects.get().pk)
    assert client.post(asked.url, {"code": code, "next": "/ops/live/"}).url == "/ops/live/"
    assert int(client.session["_auth_user_id"]) == user.pk


def test_the_code_page_needs_a_phone_first(client):
    assert client.get("/staff/sign-in/code/").url == SIGN_IN


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_to_another_site(client, target):
    UserFactory(phone=PHONE, password="a good one", roles=["ops"])
    assert client.post(SIGN_IN, {"phone": PHONE, "password": "a good one", "next": target}).url == "/ops/"


def test_signing_in_changes_the_session_key_and_signing_out_ends_it(client):
    UserFactory(phone=PHONE, password="a good one")
    client.post(SIGN_IN, {"phone": PHONE, "send_code": "yes"})
    before = client.session.session_key
    client.post(SIGN_IN, {"phone": PHONE, "password": "a good one"})
    assert client.session.session_key != before
    assert client.get("/staff/sign-out/").status_code == 405
    assert client.post("/staff/sign-out/").url == SIGN_IN
    assert "_auth_user_id" not in client.session


class TestAdmin:
    @pytest.fixture
    def boss(self, client):
        user = User.objects.create_superuser("9000000001", "a good one", name="Boss")
        client.force_login(user)
        return client

    @pytest.mark.parametrize(
        ("asked", "target"),
        [("", "/admin/"), ("?next=/admin/orders/", "/admin/orders/"), ("?next=https://evil.example/", "/admin/")],
    )
    def test_has_no_sign_in_of_its_own(self, client, asked, target):
        User.objects.create_superuser("9000000001", "a good one")
        typed = {"username": "9000000001", "phone": "090000 00001", "password": "a good one"}
        answer = client.post(f"/admin/login/{asked}", typed)
        assert answer.url == f"/staff/sign-in/?{urlencode({'next': target})}"
        assert "_auth_user_id" not in client.session
        assert client.post(answer.url, typed).url == target
        assert client.get(f"/admin/login/{asked}").url == target

    def test_turns_away_who_is_no_administrator(self, client):
        client.force_login(UserFactory(roles=["ops"]))
        assert client.get("/admin/", follow=True).status_code == 403

    def test_every_page_opens(self, boss):
        user = UserFactory(roles=["rider"])
        services.save_address(user_id=user.pk, line1="12", lat=12.9, lng=77.6)
        services.register_device(user_id=user.pk, platform="web", push_token="secret-token", now=user.joined_at)
        for path in ("user/", "user/?q=98", "user/add/", f"user/{user.pk}/change/", "address/", "device/"):
            assert boss.get(f"/admin/accounts/{path}").status_code == 200, path
        page = boss.get(f"/admin/accounts/device/{user.devices.get().pk}/change/").content.decode()
        assert "secret-token" not in page

    def test_the_list_costs_the_same_for_many(self, boss, django_assert_max_num_queries):
        UserFactory.create_batch(30, roles=["rider"])
        with django_assert_max_num_queries(12):
            boss.get("/admin/accounts/user/")

    def test_adding_a_person_normalises_the_phone(self, boss):
        boss.post("/admin/accounts/user/add/", {"phone": "98765 43210", "name": "New", "usable_password": "false"})
        assert User.objects.get(name="New").phone == PHONE

    def act(self, boss, user, action, **more):
        return boss.post(
            "/admin/accounts/user/", {"action": action, "_selected_action": [user.pk], **more}, follow=True
        )

    def test_dangerous_actions_ask_first(self, boss):
        user = UserFactory()
        since = user.tokens_valid_from
        asked = self.act(boss, user, "sign_out_everywhere")
        user.refresh_from_db()
        assert b"Are you sure" in asked.content and user.tokens_valid_from == since
        self.act(boss, user, "sign_out_everywhere", confirmed="yes")
        user.refresh_from_db()
        assert user.tokens_valid_from > since

    def test_roles_change_through_the_service(self, boss):
        user = UserFactory()
        assert b"Rider" in self.act(boss, user, "grant_role").content
        self.act(boss, user, "grant_role", confirmed="yes", role="rider")
        assert User.objects.get(pk=user.pk).roles == {"customer", "rider"}
        self.act(boss, user, "revoke_role", confirmed="yes", role="rider")
        assert User.objects.get(pk=user.pk).roles == {"customer"}

    def test_the_last_administrator_does_not_lock_themselves_out(self, boss):
        me = User.objects.get(name="Boss")
        services.grant_role(user_id=me.pk, role="admin", actor="system")
        self.act(boss, me, "revoke_role", confirmed="yes", role="admin")
        assert "admin" in User.objects.get(pk=me.pk).roles

    def test_a_lesser_clerk_cannot_make_or_change_superusers(self, client):
        from django.contrib.auth.models import Permission

        clerk, victim = UserFactory(is_staff=True), User.objects.create_superuser("9000000001", "a good one")
        clerk.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
        client.force_login(clerk)
        self.act(client, clerk, "grant_role", confirmed="yes", role="admin")
        assert "admin" not in User.objects.get(pk=clerk.pk).roles
        form = {"phone": victim.phone, "name": "Hacked", "language": "en"}
        assert client.post(f"/admin/accounts/user/{victim.pk}/change/", form).status_code == 403
        assert client.post(f"/admin/accounts/user/{victim.pk}/password/", {"password1": "x"}).status_code == 403
        page = client.get(f"/admin/accounts/user/{clerk.pk}/change/").content.decode()
        assert 'name="user_permissions"' not in page and 'name="is_superuser"' not in page
