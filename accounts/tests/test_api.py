from uuid import uuid4

import pytest

from accounts import services
from accounts.models import Address, Device, OtpChallenge
from accounts.tests.factories import AddressFactory, UserFactory

pytestmark = pytest.mark.django_db
PHONE = "+919876543210"
PLACE = {"line1": "12, 12th Main", "lat": 12.97, "lng": 77.64, "pincode": "560038"}


def problem(response):
    assert response.headers["Content-Type"] == "application/problem+json"
    body = response.json()
    return body["status"], body["type"]


def signed_in(api):
    stranger = api()
    stranger.post("/api/v1/auth/otp/", {"phone": PHONE})
    code = services.otp_code(OtpChallenge.objects.latest("created_at").pk)
    return stranger.post("/api/v1/auth/otp/verify/", {"phone": PHONE, "code": code})


class TestSignIn:
    def test_phone_code_token_me(self, api):
        answer = signed_in(api)
        assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
        body = answer.json()
        assert body["is_new"] is True and body["user"]["roles"] == ["customer"]
        http = api()
        http.credentials(HTTP_AUTHORIZATION=f"Bearer {body['access']}")
        assert http.get("/api/v1/me/").json()["phone"] == PHONE

    def test_asking_gives_nothing_away(self, api, settings):
        settings.DEMO_MODE = True
        UserFactory(phone=PHONE)
        known = api().post("/api/v1/auth/otp/", {"phone": PHONE})
        unknown = api().post("/api/v1/auth/otp/", {"phone": "9123456789"})
        assert known.status_code == unknown.status_code == 202
        assert set(known.json()) == set(unknown.json()) == {"phone", "expires_at", "ask_again_after_s"}
        for challenge in OtpChallenge.objects.all():
            code = services.otp_code(challenge.pk)
            assert code not in known.content.decode() + unknown.content.decode()

    def test_asking_again_at_once_is_429_with_the_wait(self, api):
        api().post("/api/v1/auth/otp/", {"phone": PHONE})
        again = api().post("/api/v1/auth/otp/", {"phone": PHONE})
        assert problem(again) == (429, "/problems/otp-ask-again-later")
        assert 25 <= int(again.headers["Retry-After"]) <= 30

    @pytest.mark.parametrize(
        ("path", "body", "status", "kind"),
        [
            ("otp/", {"phone": "12345"}, 400, "bad-phone"),
            ("otp/", {}, 400, "invalid"),
            ("otp/", {"phone": "9" * 500}, 400, "invalid"),
            ("otp/verify/", {"phone": PHONE, "code": "000000"}, 400, "code-expired"),
            ("firebase/", {"id_token": "x"}, 503, "firebase-off"),
            ("refresh/", {"refresh": "x"}, 401, "token-refused"),
        ],
    )
    def test_refusals_are_problems(self, api, path, body, status, kind):
        assert problem(api().post(f"/api/v1/auth/{path}", body)) == (status, f"/problems/{kind}")

    def test_guessing_ends_after_five_although_each_request_is_refused(self, api):
        api().post("/api/v1/auth/otp/", {"phone": PHONE})
        code = services.otp_code(OtpChallenge.objects.get().pk)
        wrong = f"{(int(code) + 1) % 1_000_000:06d}"
        kinds = [problem(api().post("/api/v1/auth/otp/verify/", {"phone": PHONE, "code": wrong})) for _ in range(6)]
        assert kinds == [(400, "/problems/wrong-code")] * 4 + [(429, "/problems/too-many-tries")] * 2
        right = api().post("/api/v1/auth/otp/verify/", {"phone": PHONE, "code": code})
        assert problem(right) == (429, "/problems/too-many-tries")

    def test_a_stale_bearer_token_does_not_stand_in_the_way(self, api):
        http = api()
        http.credentials(HTTP_AUTHORIZATION="Bearer nonsense")
        assert http.post("/api/v1/auth/otp/", {"phone": PHONE}).status_code == 202
        assert problem(http.get("/api/v1/me/")) == (401, "/problems/sign-in-needed")

    def test_rotation_and_sign_out(self, api):
        first = signed_in(api).json()
        second = api().post("/api/v1/auth/refresh/", {"refresh": first["refresh"]}).json()
        again = api().post("/api/v1/auth/refresh/", {"refresh": first["refresh"]}).json()  # the answer was lost
        assert again["refresh"] == second["refresh"]
        for _ in range(2):
            assert api().post("/api/v1/auth/sign-out/", {"refresh": second["refresh"]}).status_code == 204
        assert problem(api().post("/api/v1/auth/refresh/", {"refresh": second["refresh"]}))[0] == 401

    def test_signing_out_forgets_the_device(self, api):
        user = UserFactory()
        api(user).post("/api/v1/me/devices/", {"platform": "android", "push_token": "t1"})
        tokens = services.issue_tokens(user)
        api().post("/api/v1/auth/sign-out/", {"refresh": "rubbish", "push_token": "t1"})
        assert Device.objects.exists()
        api().post("/api/v1/auth/sign-out/", {"refresh": tokens["refresh"], "push_token": "t1"})
        assert not Device.objects.exists()

    def test_sign_out_everywhere(self, api):
        user = UserFactory()
        tokens = services.issue_tokens(user)
        assert api(user).post("/api/v1/auth/sign-out-everywhere/").status_code == 204
        assert problem(api().post("/api/v1/auth/refresh/", {"refresh": tokens["refresh"]}))[0] == 401


class TestMe:
    def test_changing_details(self, api):
        user = UserFactory()
        answer = api(user).patch("/api/v1/me/", {"name": "Asha", "language": "hi"})
        assert (answer.json()["name"], answer.json()["language"]) == ("Asha", "hi")
        assert problem(api(user).patch("/api/v1/me/", {"language": "tlh"}))[0] == 400
        assert problem(api(user).patch("/api/v1/me/", {"email": "no"}))[0] == 400

    def test_phone_and_roles_cannot_be_changed(self, api):
        user = UserFactory(phone=PHONE)
        body = {"phone": "+919123456789", "roles": ["admin"], "is_staff": True}
        answer = api(user).patch("/api/v1/me/", body, format="json").json()
        assert (answer["phone"], answer["roles"]) == (PHONE, ["customer"])

    @pytest.mark.parametrize("path", ["me/", "me/addresses/", "me/messages/", "me/message-preferences/"])
    def test_strangers_are_asked_to_sign_in(self, api, path):
        assert problem(api().get(f"/api/v1/{path}")) == (401, "/problems/sign-in-needed")


class TestAddresses:
    def create(self, http, key=None, **fields):
        headers = {"HTTP_IDEMPOTENCY_KEY": key or str(uuid4())}
        return http.post("/api/v1/me/addresses/", {**PLACE, **fields}, **headers)

    def test_create_list_change_delete(self, api):
        http = api(UserFactory())
        home = self.create(http).json()
        work = self.create(http, label="Work").json()
        assert [row["id"] for row in http.get("/api/v1/me/addresses/").json()] == [home["id"], work["id"]]
        changed = http.patch(f"/api/v1/me/addresses/{work['id']}/", {"is_default": True, "landmark": "Metro"}).json()
        assert (changed["label"], changed["landmark"], changed["is_default"]) == ("Work", "Metro", True)
        replaced = http.put(f"/api/v1/me/addresses/{work['id']}/", {**PLACE, "line1": "New"}).json()
        assert (replaced["line1"], replaced["landmark"], replaced["is_default"]) == ("New", "", True)
        assert http.delete(f"/api/v1/me/addresses/{work['id']}/").status_code == 204
        rows = http.get("/api/v1/me/addresses/").json()
        assert [(row["id"], row["is_default"]) for row in rows] == [(home["id"], True)]
        assert problem(http.get(f"/api/v1/me/addresses/{work['id']}/"))[0] == 404

    def test_a_repeated_request_writes_one_address(self, api):
        http = api(UserFactory())
        first, second = self.create(http, key="k1"), self.create(http, key="k1")
        assert first.json() == second.json() and Address.objects.count() == 1
        assert problem(http.post("/api/v1/me/addresses/", PLACE))[1] == "/problems/idempotency-key-missing"

    def test_somebody_elses_address_is_not_found(self, api):
        address = AddressFactory()
        http = api(UserFactory())
        path = f"/api/v1/me/addresses/{address.pk}/"
        for answer in (http.get(path), http.put(path, PLACE), http.patch(path, {"line1": "x"}), http.delete(path)):
            assert problem(answer) == (404, "/problems/address-not-found")
        assert http.get("/api/v1/me/addresses/").json() == []

    @pytest.mark.parametrize(
        "bad", [{"lat": 91}, {"lng": "x"}, {"line1": ""}, {"line1": "x" * 161}, {"pincode": "012"}]
    )
    def test_bad_fields_are_named(self, api, bad):
        answer = self.create(api(UserFactory()), **bad)
        assert problem(answer)[0] == 400 and set(answer.json()["errors"]) == set(bad)

    def test_the_list_is_one_statement(self, api, django_assert_num_queries):
        user = UserFactory()
        AddressFactory.create_batch(5, user=user)
        http = api(user)
        with django_assert_num_queries(1):
            http.get("/api/v1/me/addresses/")
