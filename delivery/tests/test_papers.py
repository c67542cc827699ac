"""Joining, papers and what follows from them: whether a rider may ride."""

import io
from datetime import date, timedelta

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from accounts.models import User
from accounts.tests.factories import UserFactory
from blinkit.kernel import sealing
from blinkit.kernel.errors import Invalid
from blinkit.kernel.models import Event
from catalog.tests.factories import NOW
from catalog.tests.factories import store as make_store
from delivery import banking, files, paperwork, services
from delivery.errors import PaperDecided, PaperOfAnother, PapersMissing, Suspended, TripLive
from delivery.models import Document, Rider, RiderProfile, Shift, Trip
from delivery.services import riding
from delivery.tests.factories import rider, trip

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 20)  # NOW is 14:30 in the store
FAR = TODAY + timedelta(days=400)
NUMBERS = {
    "kyc": "ABCDE1234F",
    "licence": "KA01 20110012345",
    "registration": "KA 01 AB 1234",
    "insurance": "P4001/23456",
    "bank": "012345678901",
    "photo": "",
}


@pytest.fixture(autouse=True)
def _private(tmp_path, settings):
    settings.STORAGES = settings.STORAGES | {
        "private": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path, "base_url": None},
        }
    }


def picture(colour="red"):
    out = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(out, "PNG")
    return ContentFile(out.getvalue(), name="whatever.exe")


def send(who, kind, **more):
    given = {"number": NUMBERS[kind], "file": picture(), "now": NOW}
    if kind in paperwork.ENDS:
        given["expires_on"] = FAR
    if kind == "bank":
        given |= {"holder": "Ravi", "ifsc": "SBIN0001234", "file": None}
    return services.submit_paper(rider_id=who.pk, kind=kind, **(given | more))


def verified(who, *kinds, **more):
    for kind in kinds:
        services.verify_paper(document_id=send(who, kind, **more).pk, actor="user:1", now=NOW)


def applicant(vehicle="cycle", store=None):
    user = UserFactory(name="Ravi")
    return services.join(
        user_id=user.pk, store_code=(store or make_store()).code, name="Ravi", vehicle=vehicle, language="hi",
        emergency_name="Asha", emergency_phone="98765 43210", now=NOW,
    )  # fmt: skip


def fresh(who):
    return Rider.objects.get(pk=who.pk)


def codes(who):
    return list(Event.objects.filter(subject=f"rider:{who.pk}").order_by("pk").values_list("code", flat=True))


def test_joining_makes_a_rider_who_may_not_ride_yet_and_twice_is_once():
    who = applicant()
    user = User.objects.get(pk=who.user_id)
    assert (who.is_verified, user.language, "rider" in user.roles) == (False, "hi", True)
    again = services.join(
        user_id=user.pk, store_code="NOWHERE", name="x", vehicle="tank", language="xx", emergency_name="",
        emergency_phone="", now=NOW,
    )  # fmt: skip
    assert (again.pk, again.vehicle) == (who.pk, "cycle")
    with pytest.raises(Suspended, match="papers"):
        services.go_on_duty(rider_id=who.pk, now=NOW)


def test_whoever_is_refused_becomes_nobody():
    user = UserFactory()
    for wrong in ({"store_code": "NOWHERE"}, {"vehicle": "tank"}, {"name": " "}, {"emergency_phone": user.phone}):
        given = {
            "store_code": make_store(code="HAL").code if "store_code" not in wrong else "", "name": "Ravi",
            "vehicle": "cycle", "language": "en", "emergency_name": "Asha", "emergency_phone": "9876543210",
        } | wrong  # fmt: skip
        with pytest.raises(Invalid):
            services.join(user_id=user.pk, now=NOW, **given)
    assert not Rider.objects.exists() and not user.grants.exists()


def test_a_rider_may_ride_when_the_last_needed_paper_is_verified():
    who = applicant("scooter")
    verified(who, "kyc", "licence", "registration", "insurance", "bank")
    assert not fresh(who).is_verified
    verified(who, "photo")
    assert fresh(who).is_verified
    assert codes(who)[-1] == "delivery.RiderVerified"
    services.go_on_duty(rider_id=who.pk, now=NOW)


def test_the_number_is_sealed_and_only_its_last_four_can_be_read():
    paper = send(applicant(), "bank")
    row = Document.objects.filter(pk=paper.pk).values().get()
    assert "012345678901" not in " ".join(map(str, row.values()))
    assert (paper.masked, sealing.unseal(paper.number_sealed)) == ("•••• 8901", "012345678901")


def test_another_key_opens_what_an_older_one_sealed_and_a_strangers_does_not(settings):
    settings.SEALING_KEYS = ["old"]
    sealed, mark = sealing.seal("1234"), sealing.fingerprint("1234", purpose="kyc")
    settings.SEALING_KEYS = ["new", "old"]
    assert sealing.unseal(sealed) == "1234"
    assert sealing.fingerprint("1234", purpose="kyc") == mark
    settings.SEALING_KEYS = ["stranger"]
    assert sealing.unseal(sealed) == ""


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("kyc", {"number": "1234 5678 9012"}),  # an Aadhaar number is not taken
        ("kyc", {"file": None}),
        ("kyc", {"file": ContentFile(b"MZ not a picture", name="a.jpg")}),
        ("kyc", {"file": ContentFile(b"%PDF-1.7 cut off", name="a.pdf")}),
        ("kyc", {"file": ContentFile(b"%PDF-1.7 /JavaScript (x) %%EOF", name="a.pdf")}),
        ("photo", {"file": ContentFile(b"%PDF-1.7 x %%EOF", name="a.pdf")}),
        ("licence", {"expires_on": None}),
        ("licence", {"expires_on": TODAY - timedelta(days=1)}),
        ("bank", {"ifsc": "SBIN1"}),
        ("bank", {"holder": " "}),
        ("tattoo", {"number": ""}),
    ],
)
def test_what_cannot_be_right_is_refused_and_nothing_is_kept(kind, wrong, tmp_path):
    who = applicant()
    with pytest.raises(Invalid):
        if kind == "tattoo":
            services.submit_paper(rider_id=who.pk, kind=kind, file=picture(), now=NOW)
        else:
            send(who, kind, **wrong)
    assert not Document.objects.exists()
    assert not [it for it in tmp_path.rglob("*") if it.is_file()]


def test_a_newer_one_replaces_the_one_that_waits_and_the_same_again_is_silent():
    who = applicant()
    first = send(who, "kyc")
    assert send(who, "kyc").pk == first.pk
    second = send(who, "kyc", number="ZZZZZ9999Z")
    assert list(Document.objects.order_by("submitted_at", "pk").values_list("state", flat=True)) == [
        "replaced",
        "submitted",
    ]
    with pytest.raises(PaperDecided):
        services.verify_paper(document_id=first.pk, actor="user:1", now=NOW)
    services.reject_paper(document_id=second.pk, actor="user:1", reason="Too dark", now=NOW)
    services.reject_paper(document_id=second.pk, actor="user:1", reason="Another word", now=NOW)
    assert Document.objects.get(pk=second.pk).reason == "Too dark"
    with pytest.raises(PaperDecided):
        services.verify_paper(document_id=second.pk, actor="user:1", now=NOW)


def test_one_identity_is_one_riders():
    store = make_store()
    verified(applicant(store=store), "kyc")
    paper = send(applicant(store=store), "kyc")
    with pytest.raises(PaperOfAnother):
        services.verify_paper(document_id=paper.pk, actor="user:1", now=NOW)
    assert Document.objects.get(pk=paper.pk).state == "submitted"


def test_a_false_paper_takes_the_rider_off_duty():
    who = applicant()
    verified(who, "kyc", "bank", "photo")
    services.go_on_duty(rider_id=who.pk, now=NOW)
    paper = Document.objects.get(kind="kyc")
    services.reject_paper(document_id=paper.pk, actor="user:1", reason="This is somebody else's", now=NOW)
    assert not fresh(who).is_verified
    assert not Shift.objects.filter(ended_at=None).exists()


def test_riders_are_warned_at_30_7_and_1_days_and_taken_off_when_the_day_is_over():
    who = applicant("scooter")
    verified(who, "kyc", "registration", "insurance", "bank", "photo")
    verified(who, "licence", expires_on=TODAY + timedelta(days=31))
    services.go_on_duty(rider_id=who.pk, now=NOW)
    told = {}
    for day in range(34):
        now = NOW + timedelta(days=day)
        for _twice in range(2):
            if services.sweep_papers(now=now):
                told[day] = codes(who)[-1].rpartition(".")[2]
    assert told == {1: "PaperExpiring", 24: "PaperExpiring", 30: "PaperExpiring", 32: "RiderUnverified"}
    assert not Shift.objects.filter(ended_at=None).exists()
    with pytest.raises(Suspended):
        services.go_on_duty(rider_id=who.pk, now=NOW + timedelta(days=33))


def test_a_live_trip_is_finished_before_an_expired_paper_ends_the_shift():
    made, _stop = trip()
    who = made.rider
    RiderProfile.objects.create(rider=who, seen_kinds=["kyc", "bank", "photo"], seen_until=TODAY - timedelta(days=1))
    assert services.sweep_papers(now=NOW) == 1
    assert not fresh(who).is_verified
    assert services.sweep_shifts(now=NOW) == 0
    assert Shift.objects.filter(ended_at=None).exists()
    Trip.objects.update(ended_at=NOW)
    assert services.sweep_shifts(now=NOW) == 1
    assert not Shift.objects.filter(ended_at=None).exists()


def test_papers_seen_by_hand_count_for_thirty_days_and_say_who_saw_them():
    boss, who = UserFactory(), applicant()
    services.verify(rider_id=who.pk, actor=f"user:{boss.pk}", now=NOW)
    profile = RiderProfile.objects.get()
    assert fresh(who).is_verified
    assert (profile.seen_by_id, profile.seen_until) == (boss.pk, TODAY + timedelta(days=30))
    assert "delivery.PapersSeen" in codes(who)
    services.sweep_papers(now=NOW + timedelta(days=30))
    assert fresh(who).is_verified
    services.sweep_papers(now=NOW + timedelta(days=31))
    assert not fresh(who).is_verified


def test_another_vehicle_needs_its_papers_first():
    who = applicant()
    verified(who, "kyc", "bank", "photo")
    with pytest.raises(PapersMissing) as refused:
        services.change_vehicle(rider_id=who.pk, vehicle="scooter", now=NOW)
    assert refused.value.extra["missing"] == ("licence", "registration", "insurance")
    assert fresh(who).vehicle == "cycle"
    services.go_on_duty(rider_id=who.pk, now=NOW)
    services.change_vehicle(rider_id=who.pk, vehicle="ebike", now=NOW)
    assert (fresh(who).vehicle, Shift.objects.get().vehicle, fresh(who).is_verified) == ("ebike", "ebike", True)


def test_no_other_vehicle_on_a_trip():
    made, _stop = trip()
    with pytest.raises(TripLive):
        services.change_vehicle(rider_id=made.rider_id, vehicle="cycle", now=NOW)


class Bank:
    """At the wire: what a bank says."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def ask(self, **question):
        self.asked.append(question)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def bank_says(monkeypatch, *answers):
    made = Bank(*answers)
    monkeypatch.setattr(banking, "bank", lambda: made)
    return made


def test_the_bank_verifies_refuses_or_leaves_it_to_a_person(monkeypatch):
    bank = bank_says(
        monkeypatch, banking.Answer(True, "RAVI"), banking.Answer(False), banking.Answer(True, "Somebody Else")
    )
    store = make_store()
    for state, said in (("verified", "same name"), ("rejected", "no account"), ("submitted", "other name")):
        paper = send(applicant(store=store), "bank")
        assert services.ask_banks(now=NOW) == 1
        assert services.ask_banks(now=NOW) == 0
        paper.refresh_from_db()
        assert (paper.state, paper.bank_said) == (state, said)
    assert bank.asked[0]["account"] == "012345678901"


def test_a_bank_that_does_not_answer_is_asked_again_later_and_not_for_ever(monkeypatch):
    bank = bank_says(monkeypatch, *[banking.ServiceDown("down")] * 8)
    paper = send(applicant(), "bank")
    assert services.ask_banks(now=NOW) == 0
    assert services.ask_banks(now=NOW + timedelta(seconds=30)) == 0
    assert len(bank.asked) == 1
    for day in range(1, 12):
        services.ask_banks(now=NOW + timedelta(days=day))
    paper.refresh_from_db()
    assert (len(bank.asked), paper.state, paper.ask_bank_at) == (8, "submitted", None)


def test_the_sandbox_bank_knows_three_kinds_of_accounts():
    ask = banking.SandboxBank().ask
    answers = [ask(account=f"12345678{end}", ifsc="x", holder="Ravi", key="k") for end in "019"]
    assert [(it.exists, it.name) for it in answers] == [(False, ""), (True, "RAVI"), (True, "Somebody Else")]


@pytest.mark.parametrize(
    ("given", "bank", "same"),
    [
        ("Ravi Kumar", "KUMAR RAVI", True),
        ("Ravi Kumar", "R KUMAR", True),
        ("Ravi Kumar", "RAVI KUMAR GOWDA", True),
        ("Ravi Kumar", "Somebody Else", False),
        ("Ravi Kumar", "R K", False),
        ("", "RAVI", False),
    ],
)
def test_names_at_banks(given, bank, same):
    assert paperwork.same_name(given, bank) is same


def test_a_signed_address_is_one_persons_and_short():
    token = files.token_for("papers/1/x.jpg", user_id=7)
    assert files.name_in(token, user_id=7) == "papers/1/x.jpg"
    assert files.name_in(token, user_id=8) == files.name_in("junk", user_id=7) == ""


def test_what_is_held_on_a_rider_can_be_told_and_forgotten(tmp_path, django_capture_on_commit_callbacks):
    who = applicant()
    send(who, "kyc")
    send(who, "bank")
    told = riding.held(user_id=who.user_id)
    assert [it["number_last4"] for it in told["papers"]] == ["234F", "8901"]
    assert "ABCDE1234F" not in str(told)
    with django_capture_on_commit_callbacks(execute=True):
        riding.forget(user_id=who.user_id, now=NOW)
    assert not [it for it in tmp_path.rglob("*") if it.is_file()]
    for row in Document.objects.values("file", "number_sealed", "number_print", "number_last4", "holder", "ifsc"):
        assert not any(row.values())
    assert RiderProfile.objects.get().emergency_phone == ""


def test_other_riders_are_not_touched_by_the_sweep():
    who = rider(make_store(), on_duty=False)
    services.sweep_papers(now=NOW + timedelta(days=1000))
    assert fresh(who).is_verified
