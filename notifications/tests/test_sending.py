"""Sending over real sockets: small stand-ins of our own for the providers."""

import json
import smtplib
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import mock

import pytest
import time_machine
from django.core import mail

from accounts.models import Device
from blinkit.kernel.breakers import states
from notifications import services, tasks
from notifications.adapters import fcm
from notifications.errors import MessageNotFound, NotResendable
from notifications.models import Channel, Message, MessageState
from notifications.tests.factories import NOW, MessageFactory

pytestmark = pytest.mark.django_db


class Provider:
    """A provider on loopback that answers what it is told and remembers what it was asked."""

    def __init__(self):
        self.answers, self.asked = [], []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                provider.asked.append((self.path, dict(self.headers), json.loads(body)))
                status, answer = provider.answers.pop(0) if provider.answers else (200, {"id": "ref-1"})
                payload = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def provider(settings, monkeypatch):
    it = Provider()
    settings.MESSAGE_ADAPTERS = {"sms": "sms-http", "push": "fcm", "email": "email", "inapp": "inbox"}
    settings.SMS_BASE_URL, settings.SMS_API_KEY = f"{it.url}/send", "sms-key"
    settings.FCM_BASE_URL, settings.FIREBASE_PROJECT_ID = it.url, "demo-blinkit"
    monkeypatch.setattr(fcm, "access_token", lambda: "google-token")
    yield it
    it.close()


def send(message=None, *, now=NOW):
    tried = services.send_due(now=now, ids=None if message is None else [message.pk])
    if message is not None:
        message.refresh_from_db()
    return tried


class TestSms:
    def test_a_due_message_goes_out_once(self, provider):
        message = MessageFactory(body="Hello ₹58")
        assert (send(message), send(message)) == (1, 0)
        assert (message.state, message.provider_ref, message.attempts) == (MessageState.SENT, "ref-1", 1)
        [(path, headers, body)] = provider.asked
        assert path == "/send" and headers["Authorization"] == "Bearer sms-key"
        assert body == {"to": message.to, "text": "Hello ₹58", "ref": str(message.pk)}
        assert headers["Idempotency-Key"] == str(message.pk)

    def test_a_secret_is_blanked_once_sent_but_not_in_demo_mode(self, provider, settings):
        for demo_mode, body in ((False, services.BLANKED), (True, "123456 is your code")):
            settings.DEMO_MODE = demo_mode
            message = MessageFactory(is_secret=True, body="123456 is your code")
            send(message)
            assert message.body == body
        assert [body["text"] for _, _, body in provider.asked] == ["123456 is your code"] * 2

    def test_an_old_code_is_not_sent_any_more(self, provider):
        message = MessageFactory(is_secret=True, body="123456", created_at=NOW - timedelta(minutes=6))
        send(message)
        assert (message.state, message.body, provider.asked) == (MessageState.FAILED, services.BLANKED, [])

    def test_a_failure_is_tried_again_with_growing_pauses_and_given_up_after_six(self, provider):
        message, now, pauses = MessageFactory(), NOW, []
        provider.answers = [(500, {})] * 6
        with mock.patch("notifications.adapters.sms.breaker", lambda name: mock.MagicMock(__exit__=lambda *_: None)):
            for _ in range(6):
                assert send(message, now=now) == 1
                if message.next_try_at:
                    pauses.append((message.next_try_at - now).total_seconds())
                    assert send(message, now=message.next_try_at - timedelta(seconds=1)) == 0  # not before its time
                    now = message.next_try_at
        for pause, around in zip(pauses, (10, 30, 90, 270, 810), strict=True):
            assert around * 0.74 < pause < around * 1.26
        assert (message.state, message.attempts, len(provider.asked)) == (MessageState.FAILED, 6, 6)
        assert "HTTPStatusError" in message.error
        assert send(message, now=now + timedelta(days=1)) == 0

    def test_a_failure_then_success(self, provider):
        message = MessageFactory()
        provider.answers = [(503, {}), (200, {"id": "ref-2"})]
        send(message)
        assert message.state == MessageState.DUE
        send(message, now=message.next_try_at)
        assert (message.state, message.provider_ref, message.error) == (MessageState.SENT, "ref-2", "")

    def test_a_refused_number_is_given_up_at_once(self, provider):
        message = MessageFactory()
        provider.answers = [(422, {"error": "bad number"})]
        send(message)
        assert (message.state, message.next_try_at) == (MessageState.FAILED, None)

    def test_an_open_breaker_costs_no_attempt(self, provider):
        MessageFactory.create_batch(7)
        provider.answers = [(500, {})] * 7
        assert send() == 7
        assert len(provider.asked) == 5 and states()["sms"] == "open"
        assert sorted(Message.objects.values_list("attempts", flat=True)) == [0, 0, 1, 1, 1, 1, 1]
        assert not Message.objects.exclude(state=MessageState.DUE).exists()

    def test_a_provider_that_cannot_be_reached_is_tried_later(self, provider, settings):
        settings.SMS_BASE_URL = "http://127.0.0.1:1/"
        message = MessageFactory()
        send(message)
        assert (message.state, message.error) == (MessageState.DUE, "ConnectError")


class TestPush:
    def message(self, *tokens):
        message = MessageFactory(channel=Channel.PUSH, subject="Hi", body="There", link="/orders/1/")
        for token in tokens:
            Device.objects.create(user=message.user, platform="android", push_token=token)
        return message

    def test_goes_to_every_device(self, provider):
        message = self.message("t1", "t2")
        provider.answers = [(200, {"name": "projects/p/messages/1"})]
        send(message)
        assert (message.state, message.provider_ref) == (MessageState.SENT, "projects/p/messages/1")
        assert [body["message"]["token"] for _, _, body in provider.asked] == ["t1", "t2"]
        path, headers, body = provider.asked[0]
        assert path == "/v1/projects/demo-blinkit/messages:send" and headers["Authorization"] == "Bearer google-token"
        assert body["message"]["notification"] == {"title": "Hi", "body": "There"}

    def test_a_device_that_is_gone_is_forgotten(self, provider):
        message = self.message("t1", "t2")
        provider.answers = [(404, {"error": {"details": [{"errorCode": "UNREGISTERED"}]}}), (200, {"name": "n"})]
        send(message)
        assert message.state == MessageState.SENT
        assert list(Device.objects.values_list("push_token", flat=True)) == ["t2"]

    def test_without_a_device_left_it_is_given_up(self, provider):
        message = self.message("t1")
        provider.answers = [(404, {})]
        send(message)
        assert message.state == MessageState.FAILED and not Device.objects.exists()

    def test_trouble_is_tried_later(self, provider):
        message = self.message("t1")
        provider.answers = [(503, {})]
        send(message)
        assert (message.state, message.attempts) == (MessageState.DUE, 1)


class TestMail:
    def message(self):
        return MessageFactory(channel=Channel.EMAIL, to="asha@example.com", subject="Your\norder", body="नमस्ते")

    def test_goes_out(self, provider):
        message = self.message()
        send(message)
        [sent] = mail.outbox
        assert (sent.to, sent.subject, sent.body) == (["asha@example.com"], "Your order", "नमस्ते")
        assert message.state == MessageState.SENT and message.provider_ref == sent.extra_headers["Message-ID"]

    @pytest.mark.parametrize(("code", "state"), [(550, MessageState.FAILED), (451, MessageState.DUE)])
    def test_a_refused_address_is_given_up_and_a_grey_listed_one_is_not(self, provider, code, state):
        message = self.message()
        refusal = smtplib.SMTPRecipientsRefused({"asha@example.com": (code, b"no")})
        with mock.patch("django.core.mail.EmailMessage.send", side_effect=refusal):
            send(message)
        assert message.state == state


class TestSweep:
    def test_sends_what_was_lost_and_leaves_the_rest(self, provider):
        lost = MessageFactory(next_try_at=NOW - timedelta(hours=1))
        later = MessageFactory(next_try_at=NOW.replace(year=2100))
        done = MessageFactory(state=MessageState.SENT)
        with time_machine.travel(NOW):
            tasks.sweep_messages()
        assert [body["ref"] for _, _, body in provider.asked] == [str(lost.pk)]
        assert list(Message.objects.filter(state=MessageState.DUE)) == [later]
        tasks.send(ids=[str(done.pk), str(lost.pk)], something_newer=1)
        assert len(provider.asked) == 1

    @pytest.mark.django_db(transaction=True)
    def test_senders_at_once_send_each_message_once(self, provider, race):
        messages = MessageFactory.create_batch(12)
        results = race(4, lambda: services.send_due(now=NOW, limit=5))
        assert sum(results) + services.send_due(now=NOW) == 12
        assert sorted(body["ref"] for _, _, body in provider.asked) == sorted(str(it.pk) for it in messages)


class TestSendAgain:
    def test_a_failed_message_gets_fresh_tries(self, provider):
        message = MessageFactory(state=MessageState.FAILED, attempts=6, next_try_at=None, error="x")
        services.resend(message_id=message.pk, now=NOW)
        again = services.resend(message_id=message.pk, now=NOW)
        assert (again.state, again.attempts, again.error) == (MessageState.DUE, 0, "")
        send(message)
        assert message.state == MessageState.SENT

    def test_a_sign_in_code_is_never_sent_again(self, provider):
        message = MessageFactory(state=MessageState.SENT, is_secret=True, next_try_at=None)
        with pytest.raises(NotResendable):
            services.resend(message_id=message.pk, now=NOW)
        message.refresh_from_db()
        assert message.state == MessageState.SENT

    def test_refuses_what_is_not_there(self):
        with pytest.raises(MessageNotFound):
            services.resend(message_id="018f0000-0000-7000-8000-000000000000", now=NOW)
