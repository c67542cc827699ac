import time

import pytest
from django.test import Client

from blinkit.kernel import limits
from blinkit.kernel.errors import TooMany
from blinkit.kernel.limits import check_limit, client_address, stand
from blinkit.kernel.tokens import TokenUser

pytestmark = pytest.mark.urls("blinkit.kernel.tests.doors")


class Clock:
    """The limiter's clock, set by hand (in seconds)."""

    def __init__(self, monkeypatch):
        self.now = 1_700_000_040.0  # a multiple of 60
        monkeypatch.setattr(limits.time, "time_ns", lambda: int(self.now * 1e9))


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


@pytest.fixture
def redis_down(monkeypatch):
    class Dead:
        def __getattr__(self, name):
            raise ConnectionError("no redis")

    monkeypatch.setattr(limits, "client", Dead)


def test_the_limit_is_exact_and_per_key(clock):
    for _ in range(3):
        check_limit("otp", "a", limit=3, per_s=60)
    with pytest.raises(TooMany) as refused:
        check_limit("otp", "a", limit=3, per_s=60)
    assert refused.value.extra == {"retry_after_s": 60}
    assert "60 seconds" in refused.value.detail
    check_limit("otp", "b", limit=3, per_s=60)
    check_limit("sms", "a", limit=3, per_s=60)


def test_the_window_slides(clock):
    clock.now += 59
    assert [stand("x", "a", limit=10, per_s=60).allowed for _ in range(11)] == [True] * 10 + [False]
    clock.now += 1  # a fixed window would allow ten more now
    assert not stand("x", "a", limit=10, per_s=60).allowed
    clock.now += 30
    assert [stand("x", "a", limit=10, per_s=60).allowed for _ in range(6)] == [True] * 5 + [False]


def test_after_the_waiting_time_one_more_call_passes(clock):
    clock.now += 20
    for _ in range(10):
        stand("x", "a", limit=10, per_s=60)
    for _ in range(3):
        refused = stand("x", "a", limit=10, per_s=60)
        assert not refused.allowed
        clock.now += refused.reset_s
        if stand("x", "a", limit=10, per_s=60).allowed:
            return
    pytest.fail("the waiting time was too short three times")


def test_one_round_trip_per_check(clock, monkeypatch):
    stand("x", "a", limit=10, per_s=60)
    calls = []
    redis = limits.client()
    original = type(redis).execute_command
    monkeypatch.setattr(
        type(redis), "execute_command", lambda self, *a, **k: (calls.append(a), original(self, *a, **k))[1]
    )
    stand("x", "a", limit=10, per_s=60)
    assert len(calls) == 1


def test_limits_survive_a_redis_that_forgot_the_script(clock):
    stand("x", "a", limit=10, per_s=60)
    limits.client().script_flush()
    assert stand("x", "a", limit=10, per_s=60).remaining == 8


def test_limits_are_open_and_quick_when_redis_is_down(redis_down):
    started = time.perf_counter()
    for _ in range(1000):
        check_limit("x", "a", limit=1, per_s=60)
    assert time.perf_counter() - started < 0.5


def test_api_answers_carry_the_standard_headers_and_429_is_a_problem(client, settings, clock):
    settings.RATE_LIMIT_PER_MINUTE = 2
    settings.RATE_LIMIT_TRUST_LOOPBACK = False
    first = client.get("/api/v1/errors/fine")
    assert (first.headers["RateLimit-Limit"], first.headers["RateLimit-Remaining"]) == ("2", "1")
    client.get("/api/v1/errors/fine")
    third = client.get("/api/v1/errors/fine")
    assert (third.status_code, third.json()["type"]) == (429, "/problems/too-many-requests")
    assert third.headers["Retry-After"] == "60"
    assert third.json()["retry_after_s"] == 60
    assert third.headers["RateLimit-Remaining"] == "0"


def test_people_count_for_themselves_behind_one_address(api, settings, clock):
    settings.RATE_LIMIT_PER_MINUTE = 1
    settings.RATE_LIMIT_TRUST_LOOPBACK = False
    for person in (1, 2):
        http = api(TokenUser(person))
        assert [http.get("/api/v1/errors/fine").status_code for _ in range(2)] == [200, 429]


def test_pages_are_limited_by_address_and_static_files_are_not(client, settings, clock):
    settings.RATE_LIMIT_PER_MINUTE = 1
    settings.RATE_LIMIT_TRUST_LOOPBACK = False
    statuses = [client.get("/page/fine").status_code for _ in range(2)]
    assert statuses == [200, 429]
    assert client.get("/static/none.css").status_code == 404


def test_loopback_is_exempt_only_where_the_settings_say_so(client, settings, clock):
    settings.RATE_LIMIT_PER_MINUTE = 1
    settings.RATE_LIMIT_TRUST_LOOPBACK = True
    assert [client.get("/api/v1/errors/fine").status_code for _ in range(3)] == [200] * 3


@pytest.mark.parametrize(
    ("proxies", "remote", "forwarded", "address"),
    [
        (0, "9.9.9.9", "1.1.1.1", "9.9.9.9"),
        (1, "10.0.0.1", "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (2, "10.0.0.1", "6.6.6.6, 1.1.1.1, 10.0.0.2", "1.1.1.1"),
        (2, "9.9.9.9", "1.1.1.1", "9.9.9.9"),
        (0, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::"),
        (0, "::ffff:1.2.3.4", "", "1.2.3.4"),
        (0, "", "", "unknown"),
    ],
)
def test_only_our_own_proxies_are_believed(rf, settings, proxies, remote, forwarded, address):
    settings.TRUSTED_PROXIES = proxies
    request = rf.get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)
    assert client_address(request) == address


def test_what_ends_before_the_throttle_is_counted_too(client, settings, clock):
    settings.RATE_LIMIT_PER_MINUTE = 2
    settings.RATE_LIMIT_TRUST_LOOPBACK = False
    answers = [client.get(f"/api/v1/{path}") for path in ("riders", "nowhere", "riders")]
    assert [answer.status_code for answer in answers] == [401, 404, 429]
    assert answers[0].headers["RateLimit-Remaining"] == "1"
    assert answers[2].json()["type"] == "/problems/too-many-requests"


@pytest.mark.django_db
def test_pages_count_per_person_when_signed_in_so_that_a_stores_tablets_do_not_share_one_budget(settings, clock):
    from django.contrib.auth import get_user_model

    settings.RATE_LIMIT_PER_MINUTE = 2
    settings.RATE_LIMIT_TRUST_LOOPBACK = False
    tablets = []
    for phone in ("+919876500001", "+919876500002"):
        browser = Client()
        browser.force_login(get_user_model().objects.create(phone=phone))
        tablets.append(browser)
    for browser in tablets:
        assert [browser.get("/nowhere/").status_code for _ in range(3)] == [404, 404, 429]
    assert Client().get("/nowhere/").status_code == 404, "a stranger's budget is the address's own"
