from datetime import timedelta

import pytest

from accounts.models import User
from accounts.tests.factories import UserFactory
from blinkit.kernel.errors import Invalid
from notifications import services
from notifications.models import Channel, Message, MessageState, Preference, Template
from notifications.tests.factories import NOW, MessageFactory

pytestmark = pytest.mark.django_db


def inapp(user, **fields):
    return MessageFactory(
        user=user, channel=Channel.INAPP, state=MessageState.SENT, next_try_at=None, subject="Hi", **fields
    )


class TestMyMessages:
    def test_newest_first_in_pages_and_nobody_elses(self, api, django_assert_max_num_queries):
        user = UserFactory()
        mine = [inapp(user, created_at=NOW + timedelta(seconds=n)) for n in range(25)]
        inapp(UserFactory())
        MessageFactory(user=user)  # an SMS is not listed
        http = api(user)
        with django_assert_max_num_queries(2):
            first = http.get("/api/v1/me/messages/").json()
        second = http.get(first["next"]).json()
        ids = [row["id"] for row in first["results"] + second["results"]]
        assert ids == [str(message.pk) for message in reversed(mine)] and second["next"] is None

    def test_reading_is_kept_and_may_be_repeated(self, api):
        user = UserFactory()
        message = inapp(user)
        for _ in range(2):
            assert api(user).post(f"/api/v1/me/messages/{message.pk}/read/").status_code == 204
        assert api(user).get("/api/v1/me/messages/").json()["results"][0]["is_read"] is True

    def test_somebody_elses_message_is_not_found_and_stays_unread(self, api):
        message = inapp(UserFactory())
        answer = api(UserFactory()).post(f"/api/v1/me/messages/{message.pk}/read/")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/message-not-found")
        message.refresh_from_db()
        assert message.state == MessageState.SENT


class TestPreferences:
    def test_everything_is_on_until_switched_off(self, api):
        http = api(UserFactory())
        path = "/api/v1/me/message-preferences/"
        assert http.get(path).json() == {"sms": True, "push": True, "email": True, "inapp": True}
        assert http.put(path, {"push": False}).json()["push"] is False
        assert http.put(path, {"email": False}).json() == {"sms": True, "push": False, "email": False, "inapp": True}
        assert http.put(path, {"push": True}).json()["push"] is True
        assert Preference.objects.count() == 2

    def test_an_unknown_channel_is_refused_and_nothing_written(self):
        with pytest.raises(Invalid):
            services.set_preferences(user_id=UserFactory().pk, channels={"push": False, "pigeon": True})
        assert not Preference.objects.exists()


class TestDemoInbox:
    @pytest.mark.parametrize("path", ["/demo/inbox/", "/demo/inbox.json"])
    def test_does_not_exist_outside_demo_mode(self, client, settings, path):
        settings.DEMO_MODE = False
        MessageFactory(body="123456 is your code")
        answer = client.get(path)
        assert answer.status_code == 404 and b"123456" not in answer.content

    def test_shows_every_person_and_channel(self, client, settings):
        settings.DEMO_MODE = True
        user = UserFactory(name="Asha Rao")
        for channel in Channel:
            MessageFactory(user=user, channel=channel, subject="Subject", body=f"Body {channel} <b>")
        MessageFactory(user=None, to="+919123456789", body="123456 is your code")
        page = client.get("/demo/inbox/").content.decode()
        assert "Asha Rao" in page and "123456 is your code" in page and "Body push &lt;b&gt;" in page
        only = client.get("/demo/inbox/", {"to": "91234 56789"}).content.decode()
        assert "123456" in only and "Asha Rao" not in only

    def test_a_poll_gets_the_phones_alone(self, client, settings):
        settings.DEMO_MODE = True
        MessageFactory(body="Hello")
        part = client.get("/demo/inbox/", headers={"HX-Request": "true"}).content.decode()
        assert "Hello" in part and "<html" not in part

    def test_an_empty_inbox_says_what_to_do(self, client, settings):
        settings.DEMO_MODE = True
        assert b"No messages yet" in client.get("/demo/inbox/").content
        assert b"Nothing for this person" in client.get("/demo/inbox/?to=9123456789").content

    def test_json_gives_the_newest_twenty_of_a_phone(self, client, settings):
        settings.DEMO_MODE = True
        user = UserFactory(phone="+919123456789")
        for n in range(22):
            MessageFactory(user=user, created_at=NOW + timedelta(seconds=n), body=str(n))
        MessageFactory()
        rows = client.get("/demo/inbox.json", {"to": "9123456789"}).json()["messages"]
        assert [row["body"] for row in rows] == [str(n) for n in range(21, 1, -1)]
        assert rows[0]["to"] == "+919123456789"

    def test_the_page_costs_one_statement(self, client, settings, django_assert_max_num_queries):
        settings.DEMO_MODE = True
        MessageFactory.create_batch(10)
        with django_assert_max_num_queries(2):
            client.get("/demo/inbox/")


class TestAdmin:
    @pytest.fixture
    def boss(self, client):
        client.force_login(User.objects.create_superuser("9000000001", "a good one"))
        return client

    def test_every_page_opens_and_messages_cannot_be_edited(self, boss):
        message = MessageFactory()
        template = Template.objects.first()
        for path in ("message/", "template/", f"template/{template.pk}/change/", "preference/"):
            assert boss.get(f"/admin/notifications/{path}").status_code == 200, path
        page = boss.get(f"/admin/notifications/message/{message.pk}/change/")
        assert page.status_code == 200 and b'name="state"' not in page.content
        assert boss.post(f"/admin/notifications/message/{message.pk}/change/", {"state": "sent"}).status_code == 403

    def test_a_code_is_not_shown(self, boss, settings):
        message = MessageFactory(is_secret=True, body="123456 is your code")
        settings.DEMO_MODE = False
        for path in ("", f"{message.pk}/change/"):
            assert b"123456" not in boss.get(f"/admin/notifications/message/{path}").content

    def test_sending_again_goes_through_the_service(self, boss):
        failed = MessageFactory(state=MessageState.FAILED, next_try_at=None, attempts=6)
        code = MessageFactory(state=MessageState.FAILED, next_try_at=None, is_secret=True)
        form = {"action": "send_again", "_selected_action": [failed.pk, code.pk]}
        page = boss.post("/admin/notifications/message/", form, follow=True).content.decode()
        assert "1 messages are sent again" in page and "asked for anew" in page
        states = dict(Message.objects.values_list("pk", "state"))
        assert states == {failed.pk: MessageState.SENT, code.pk: MessageState.FAILED}

    def test_a_template_with_an_unknown_word_is_refused(self, boss):
        template = Template.objects.get(code="offer_made", language="en")
        path = f"/admin/notifications/template/{template.pk}/change/"
        page = boss.post(path, {"subject": "{pay}", "body": "{nonsense}", "is_active": "on"})
        assert b"Nothing fills in nonsense" in page.content
        assert boss.post(path, {"subject": "{pay}", "body": "{store}", "is_active": "on"}).status_code == 302
        template.refresh_from_db()
        assert (template.subject, template.body) == ("{pay}", "{store}")
