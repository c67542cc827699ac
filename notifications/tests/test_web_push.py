"""Web push at the wire: a push service of our own on loopback that decrypts as a browser would."""

from __future__ import annotations

import base64
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.management import call_command
from py_vapid import Vapid02
from py_vapid.jwt import decode  # a plain JWT reader

from accounts import services as accounts
from accounts.errors import BadSubscription
from accounts.models import Device
from accounts.services import browsers
from accounts.tests.factories import UserFactory
from blinkit.kernel.breakers import states
from notifications import services
from notifications.adapters import webpush
from notifications.models import Channel, MessageState
from notifications.tests.factories import NOW, MessageFactory

pytestmark = pytest.mark.django_db


def text(raw):
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class Browser:
    """A browser's half: the keys it made when it subscribed."""

    def __init__(self, path="/one"):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = os.urandom(16)
        self.path = path

    @property
    def p256dh(self):
        return text(self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def subscribe(self, user, service):
        return accounts.register_browser(
            user_id=user.pk, endpoint=service.url + self.path, p256dh=self.p256dh, auth=text(self.auth), now=NOW
        )

    def read(self, body):
        return json.loads(http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm"))


class PushService:
    def __init__(self):
        self.status, self.asked = 201, []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.asked.append((self.path, dict(self.headers), body))
                self.send_response(service.status)
                self.send_header("Location", f"{service.url}/m/1")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def service(settings):
    settings.VAPID_PRIVATE_KEY = text(
        ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value.to_bytes(32)
    )
    settings.VAPID_CONTACT = "mailto:push@shop.test"
    settings.WEB_PUSH_HOSTS = ["127.0.0.1", "push.example.com"]
    settings.MESSAGE_ADAPTERS = {**settings.MESSAGE_ADAPTERS, "push": "push"}
    browsers.push_public_key.cache_clear()
    service = PushService()
    yield service
    service.close()
    browsers.push_public_key.cache_clear()


@pytest.fixture
def asha():
    return UserFactory()


def at_the_door(user, **other):
    words = {
        "template_code": "rider_at_door",
        "subject": "At your door",
        "body": "राइडर दरवाज़े पर है",
        "link": "/orders/1/",
    }
    return MessageFactory(user=user, channel=Channel.PUSH, **(words | other))


def send(message):
    services.send_due(now=NOW, ids=[message.pk])
    message.refresh_from_db()


def test_the_browser_reads_what_was_said_and_the_service_knows_who_sent_it(service, asha):
    browser = Browser()
    browser.subscribe(asha, service)
    message = at_the_door(asha)
    send(message)
    [(path, headers, body)] = service.asked
    assert path == "/one" and message.state == MessageState.SENT and message.provider_ref.endswith("/m/1")
    said = {"title": "At your door", "body": "राइडर दरवाज़े पर है", "link": "/orders/1/", "tag": message.pk.hex}
    assert browser.read(body) == said
    assert b"At your door" not in body
    assert (headers["TTL"], headers["Urgency"], headers["Content-Encoding"]) == ("600", "high", "aes128gcm")
    assert headers["Topic"] == message.pk.hex and len(headers["Topic"]) == 32
    scheme, _, fields = headers["Authorization"].partition(" ")
    given = dict(field.strip().split("=", 1) for field in fields.split(","))
    assert scheme == "vapid" and given["k"] == accounts.push_public_key() and Vapid02.verify(headers["Authorization"])
    # Signed with our key (decode raises otherwise), for this service, for less than a day.
    claims = decode(given["t"], given["k"])
    assert claims["aud"] == service.url and claims["sub"] == "mailto:push@shop.test"
    assert 0 < claims["exp"] - int(webpush.time.time()) <= 24 * 3600


def test_news_that_may_wait_is_not_urgent(service, asha):
    Browser().subscribe(asha, service)
    send(at_the_door(asha, template_code="order_delivered"))
    [(_, headers, _)] = service.asked
    assert (headers["TTL"], headers["Urgency"]) == (str(4 * 3600), "normal")


@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_is_over_is_forgotten_and_the_message_given_up(service, asha, status):
    Browser().subscribe(asha, service)
    service.status = status
    message = at_the_door(asha)
    send(message)
    assert message.state == MessageState.FAILED and not Device.objects.exists()


@pytest.mark.parametrize("status", [500, 503, 429])
def test_trouble_is_tried_later_and_the_subscription_stays(service, asha, status):
    Browser().subscribe(asha, service)
    service.status = status
    message = at_the_door(asha)
    send(message)
    assert (message.state, message.attempts) == (MessageState.DUE, 1) and Device.objects.count() == 1


def test_a_service_that_is_down_opens_its_breaker_and_costs_no_more_tries(service, asha):
    Browser().subscribe(asha, service)
    service.status = 500
    for _ in range(6):
        send(at_the_door(asha))
    asked = len(service.asked)
    message = at_the_door(asha)
    send(message)
    assert states()["web-push:127.0.0.1"] == "open"
    assert len(service.asked) == asked and (message.state, message.attempts) == (MessageState.DUE, 0)


def test_a_redirect_is_not_followed(service, asha):
    Browser().subscribe(asha, service)
    service.status = 307
    message = at_the_door(asha)
    send(message)
    assert len(service.asked) == 1 and message.state == MessageState.FAILED


def test_a_very_long_text_fits_into_what_a_service_takes(service, asha):
    browser = Browser()
    browser.subscribe(asha, service)
    send(at_the_door(asha, body="क" * 5000))
    [(_, _, body)] = service.asked
    assert len(body) <= 4096 and browser.read(body)["body"].startswith("क")


def test_the_second_browser_is_reached_when_the_first_is_gone(service, asha):
    Browser("/one").subscribe(asha, service)
    Device.objects.update(endpoint="https://elsewhere.example.net/x")  # no longer a service we know
    Browser("/two").subscribe(asha, service)
    message = at_the_door(asha)
    send(message)
    assert [path for path, _, _ in service.asked] == ["/two"] and message.state == MessageState.SENT


def test_a_browser_belongs_to_whoever_registered_it_last(service, asha):
    browser, ravi = Browser(), UserFactory()
    browser.subscribe(asha, service)
    browser.subscribe(ravi, service)
    assert [device.user_id for device in Device.objects.all()] == [ravi.pk]


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example.com/x",
        "https://push.example.com:8443/x",
        "https://user@push.example.com/x",
        "https://evil-push.example.com/x",
        "https://push.example.com.evil.test/x",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/x",
        "https://localhost/x",
        "https://[::1]/x",
        "https://[/x",
        "ftp://127.0.0.1/x",
        "",
        "https://push.example.com/" + "x" * 1000,
        "https://push.example.com/a b",
        "https://púsh.example.com/",
    ],
)
def test_nowhere_else_is_written_to(service, asha, endpoint):
    browser = Browser()
    with pytest.raises(BadSubscription):
        accounts.register_browser(
            user_id=asha.pk, endpoint=endpoint, p256dh=browser.p256dh, auth=text(browser.auth), now=NOW
        )
    assert not Device.objects.exists()


def test_a_known_name_that_stands_for_a_private_address_is_not_written_to(service, monkeypatch):
    answers = {"push.example.com": "10.1.2.3", "eu.push.example.com": "8.8.8.8"}
    monkeypatch.setattr(browsers.socket, "getaddrinfo", lambda host, *_, **__: [(0, 0, 0, "", (answers[host], 443))])
    assert not accounts.may_push_to("https://push.example.com/x", look_up=True)
    assert accounts.may_push_to("https://eu.push.example.com/x", look_up=True)


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [("x", None), (text(b"\x04" + b"\x01" * 64), None), (None, text(b"short")), (None, "!!"), ("", "")],
)
def test_keys_that_are_none_are_refused(service, asha, p256dh, auth):
    browser = Browser()
    with pytest.raises(BadSubscription):
        accounts.register_browser(
            user_id=asha.pk,
            endpoint=service.url,
            p256dh=browser.p256dh if p256dh is None else p256dh,
            auth=text(browser.auth) if auth is None else auth,
            now=NOW,
        )


class TestDoors:
    def body(self, service):
        browser = Browser()
        return {"endpoint": service.url + "/d", "p256dh": browser.p256dh, "auth": text(browser.auth)}

    def test_whoever_is_signed_in_switches_this_browser_on_and_off(self, service, asha, client):
        client.force_login(asha)
        assert client.post("/account/push/", self.body(service)).status_code == 204
        assert Device.objects.get().user_id == asha.pk
        assert client.post("/account/push/stop/").status_code == 204
        assert not Device.objects.exists()
        assert client.post("/account/push/stop/").status_code == 204

    def test_signing_out_takes_this_browser_with_it_and_leaves_the_others(self, service, asha, client):
        other = Browser("/other").subscribe(asha, service)
        client.force_login(asha)
        client.post("/account/push/", self.body(service))
        client.post("/sign-out/")
        assert list(Device.objects.all()) == [other]
        accounts.sign_out_everywhere(asha.pk, NOW)
        assert not Device.objects.exists()

    def test_a_guest_and_a_wrong_subscription_are_refused_with_a_sentence(self, service, asha, client):
        answer = client.post("/account/push/", self.body(service), HTTP_ACCEPT="application/json")
        assert answer.status_code in (302, 401) and not Device.objects.exists()
        client.force_login(asha)
        wrong = {**self.body(service), "endpoint": "https://10.0.0.1/"}
        assert client.post("/account/push/", wrong, HTTP_ACCEPT="application/json").status_code == 400
        assert client.post("/account/push/", {}).status_code == 400
        assert client.get("/account/push/").status_code == 405

    def test_the_account_page_offers_it_only_where_there_are_keys(self, service, asha, client, settings):
        client.force_login(asha)
        assert f'data-push="{accounts.push_public_key()}"' in client.get("/account/").content.decode()
        settings.VAPID_PRIVATE_KEY = ""
        browsers.push_public_key.cache_clear()
        assert "data-push=" not in client.get("/account/").content.decode()


def test_in_the_demo_a_person_with_a_browser_is_pushed_to_and_others_read_the_inbox(service, asha, settings):
    settings.MESSAGE_ADAPTERS = {**settings.MESSAGE_ADAPTERS, "push": "inbox"}
    assert services.adapter_for(Channel.PUSH).name == "inbox"
    browser = Browser()
    browser.subscribe(asha, service)
    message = at_the_door(asha)
    send(message)
    assert message.state == MessageState.SENT and len(service.asked) == 1


def test_new_keys_are_printed_as_the_settings_want_them(capsys):
    from blinkit import env

    call_command("make_push_keys")
    line = capsys.readouterr().out.splitlines()[0]
    name, _, key = line.partition("=")
    assert name == "VAPID_PRIVATE_KEY" and env.is_key_of(32, key)
    assert not env.is_key_of(32, key[:-4]) and not env.is_key_of(32, "!") and env.is_key_of(32, "")
    assert Vapid02.from_raw(key.encode())
