"""What riders hear about their papers, suspensions and gigs, in their language."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from accounts.tests.factories import UserFactory
from catalog.tests.factories import NOW, store
from delivery.events import (
    AppealAnswered,
    GigCalledOff,
    PaperExpiring,
    PaperRejected,
    RiderSuspended,
    RiderUnverified,
    RiderVerified,
    SuspensionOver,
)
from delivery.models import Appeal, Gig, Rider, Suspension
from notifications import services
from notifications.models import Message

pytestmark = pytest.mark.django_db


def test_every_message_of_a_rider_says_what_happened_and_leads_to_the_page():
    place = store()
    for language in ("en", "hi"):
        who = Rider.objects.create(user=UserFactory(language=language), store=place)
        row = Suspension.objects.create(rider=who, reason="Cash", began_at=NOW)
        appeal = Appeal.objects.create(suspension=row, text="No", sent_at=NOW, answer="You are right.")
        gig = Gig.objects.create(
            store=place, starts_at=NOW + timedelta(days=who.pk), ends_at=NOW + timedelta(days=who.pk, hours=4), places=1
        )
        told = {}
        for number, event in enumerate(
            [
                RiderVerified(rider_id=who.pk),
                RiderUnverified(rider_id=who.pk, kinds=["licence", "insurance"]),
                PaperRejected(document_id=uuid4(), rider_id=who.pk, kind="kyc", reason="Too dark"),
                PaperExpiring(document_id=uuid4(), rider_id=who.pk, kind="licence", expires_on=date(2026, 12, 1)),
                RiderSuspended(rider_id=who.pk, reason="Cash was missing", until=NOW),
                SuspensionOver(rider_id=who.pk),
                AppealAnswered(appeal_id=appeal.pk, rider_id=who.pk, is_lifted=True),
                GigCalledOff(gig_id=gig.pk, rider_id=who.pk, reason="Flooded"),
            ]
        ):
            services.tell(event=event, event_id=who.pk * 100 + number, now=NOW)
            row_ = Message.objects.get(
                user_id=who.user_id, channel="inapp", key__startswith=f"{who.pk * 100 + number}:"
            )
            told[type(event).__name__] = f"{row_.subject} {row_.body} {row_.link}"
        for name, part in {
            "PaperRejected": "Too dark", "PaperExpiring": "1 ", "RiderSuspended": "Cash was missing. ",
            "AppealAnswered": "You are right.", "GigCalledOff": "/rider/gigs/", "RiderVerified": "/rider/me/",
        }.items():  # fmt: skip
            assert part in told[name], told[name]
        assert not any("{" in text for text in told.values())
        if language == "en":
            assert "Driving licence, Vehicle insurance" in told["RiderUnverified"]
            assert "until 1 Dec 2026" in told["PaperExpiring"]
