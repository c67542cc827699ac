"""Claims in their room: opened, decided, paid back, and who may see what."""

import io
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from django.test import Client
from PIL import Image

from blinkit.kernel.errors import Invalid
from blinkit.kernel.events import timeline
from blinkit.kernel.money import rupees
from catalog.models import FeePolicy
from catalog.tests.factories import ProductFactory
from orders import services
from orders.claiming import Kind
from orders.claims import Claim, ClaimedLine, ClaimPhoto, ClaimPolicy, Rating
from orders.errors import (
    AlreadyClaimed,
    ClaimDecided,
    NoSuchOrder,
    NotClaimable,
    PhotoNeeded,
    RatingClosed,
    ReasonNeeded,
    TooManyPhotos,
    TooMuchBack,
)
from orders.models import Evidence, LateStep, Order, Promise
from orders.queries import claims as reads
from orders.services import Reported
from orders.services import claims as claim_services
from orders.services.photos import private, redrawn
from orders.states import Status
from orders.tests.factories import advance, customer, order, place_order, shop
from payments import queries as money_queries
from payments.models import Payment, Refund

pytestmark = pytest.mark.django_db


def delivered(*, products: int = 2, qty: int = 2, scanned: bool = True, **more) -> Order:
    """A cash order that was scanned, paid and handed over with the code."""
    done = advance(order(products=products, qty=qty, **more), Status.DELIVERED)
    if scanned:
        lines = [{"product": line.product_id, "picked": line.qty - line.short_qty} for line in done.lines.all()]
        Evidence.objects.create(order=done, kind="packed", detail={"lines": lines}, actor="user:2", at=done.packed_at)
    return done


def report(an_order: Order, *reported: Reported, **more) -> list[Claim]:
    asked = {"order_id": an_order.pk, "customer_id": an_order.customer_id, "reported": reported}
    return services.open_claims(**{**asked, "now": an_order.delivered_at + timedelta(hours=1), **more})


def first_line(an_order: Order):
    return an_order.lines.first()


def missing(an_order: Order, qty: int = 1) -> Reported:
    return Reported(Kind.MISSING, first_line(an_order).pk, qty)


def jpeg(*, size=(640, 480), exif: bytes = b"") -> SimpleUploadedFile:
    out = io.BytesIO()
    image = Image.new("RGB", size, "green")
    data = Image.Exif()
    data[0x010E] = "taken at home 12.97 77.59"
    image.save(out, "JPEG", exif=data)
    return SimpleUploadedFile("a.jpg", out.getvalue() + exif, content_type="image/jpeg")


def photo_of(an_order: Order, **looks) -> ClaimPhoto:
    return services.keep_photo(
        order_id=an_order.pk, customer_id=an_order.customer_id, photo=jpeg(**looks), now=an_order.delivered_at
    )


class TestOpening:
    def test_a_missing_item_paid_in_cash_is_in_the_wallet_in_seconds(self):
        an_order = delivered()
        line = first_line(an_order)
        (claim,) = report(an_order, missing(an_order))
        assert (claim.state, claim.rule, claim.refund_paise) == ("refunded", "small-amount", line.unit_price_paise)
        refund = Refund.objects.get(payment__ref=an_order.pk)
        assert (refund.amount_paise, refund.to_wallet, refund.state) == (line.unit_price_paise, True, "done")
        assert claim.sentence == f"{rupees(line.unit_price_paise)} is in your wallet now."
        codes = [row.code for row in timeline(f"order:{an_order.pk}")]
        assert codes.count("orders.ClaimApproved") == 1
        assert claim.decision["facts"]["scanned_qty"] == 2
        assert claim.decision["policy"]["small_paise"] == 15_000

    def test_the_same_report_again_is_silent(self):
        an_order, batch = delivered(), uuid4()
        first = report(an_order, missing(an_order), batch=batch)
        again = report(an_order, missing(an_order), batch=batch)
        assert [claim.pk for claim in first] == [claim.pk for claim in again]
        assert Refund.objects.count() == 1

    def test_so_many_claims_of_an_order_and_no_more(self, monkeypatch):
        monkeypatch.setattr("orders.services.claims.MOST_PER_ORDER", 1)
        an_order = delivered(qty=2)
        report(an_order, missing(an_order, 1))
        with pytest.raises(NotClaimable):
            report(an_order, missing(an_order, 1))

    def test_never_more_units_than_were_brought(self):
        an_order = delivered(qty=2)
        report(an_order, missing(an_order, 1))
        with pytest.raises(AlreadyClaimed) as refused:
            report(an_order, missing(an_order, 2))
        assert refused.value.extra["left"] == 1
        report(an_order, missing(an_order, 1))
        with pytest.raises(AlreadyClaimed):
            report(an_order, missing(an_order, 1))
        line = first_line(an_order)
        kept = ClaimedLine.objects.get(line=line)
        assert (kept.units, kept.refunded_paise) == (2, 2 * line.unit_price_paise)

    def test_what_was_short_was_never_paid_and_cannot_be_claimed(self):
        an_order = advance(order(products=2, qty=3), Status.PICKING)
        line = first_line(an_order)
        services.short_line(order_id=an_order.pk, order_line_id=line.pk, qty=2, actor="user:2", now=an_order.placed_at)
        for step in (Status.PACKED, Status.PICKED_UP, Status.DELIVERED):
            walk(an_order, step)
        an_order.refresh_from_db()
        with pytest.raises(AlreadyClaimed) as refused:
            report(an_order, missing(an_order, 2))
        assert refused.value.extra["left"] == 1

    def test_a_dear_item_that_was_scanned_waits_for_a_person_and_only_once(self):
        an_order = delivered(at=None, products=1, qty=10)
        (claim,) = report(an_order, missing(an_order, 10))
        assert (claim.state, Refund.objects.count()) == ("waiting", 0)
        with pytest.raises(AlreadyClaimed):
            report(an_order, missing(an_order, 1))

    def test_late_gives_the_delivery_fee_back_once(self):
        an_order = delivered()
        Order.objects.filter(pk=an_order.pk).update(
            promised_by=an_order.delivered_at - timedelta(minutes=20), delivery_paise=2500,
            total_paise=an_order.total_paise - an_order.delivery_paise + 2500,
        )  # fmt: skip
        (claim,) = report(an_order, Reported(Kind.LATE))
        assert (claim.state, claim.refund_paise) == ("refunded", 2500)
        (again,) = report(an_order, Reported(Kind.LATE))
        assert (again.state, again.rule) == ("refused", "nothing-left")

    def late(self, *, credited_paise: int) -> Order:
        """20 minutes late, ₹25 for the delivery, and so much credited by itself."""
        an_order = delivered()
        Order.objects.filter(pk=an_order.pk).update(
            promised_by=an_order.delivered_at - timedelta(minutes=20), delivery_paise=2500,
            total_paise=an_order.total_paise - an_order.delivery_paise + 2500,
        )  # fmt: skip
        Promise.objects.filter(order=an_order).update(promised_by=an_order.delivered_at - timedelta(minutes=20))
        LateStep.objects.create(from_m=5, amount=credited_paise, cap_paise=credited_paise)
        return an_order

    def test_what_was_credited_for_the_delay_is_taken_off_a_late_claim(self):
        an_order = self.late(credited_paise=1000)
        assert services.credit_late(order_id=an_order.pk, now=an_order.delivered_at) == 1000
        (claim,) = report(an_order, Reported(Kind.LATE))
        assert (claim.state, claim.refund_paise) == ("refunded", 1500)
        assert claim.decision["facts"]["credited_paise"] == 1000
        assert money_queries.audit() == []

    @pytest.mark.parametrize("credited_paise", [2500, 5000])
    def test_a_late_claim_is_refused_when_the_credit_is_in_the_wallet_already(self, credited_paise):
        an_order = self.late(credited_paise=credited_paise)
        services.credit_late(order_id=an_order.pk, now=an_order.delivered_at)
        (claim,) = report(an_order, Reported(Kind.LATE))
        assert (claim.state, claim.rule, claim.refund_paise) == ("refused", "credited-already", 0)
        assert claim.sentence == f"₹{credited_paise // 100} for the delay is in your wallet already."
        assert not Refund.objects.exists()

    def test_a_credit_that_comes_after_the_claim_is_less_by_what_the_claim_gave(self):
        an_order = self.late(credited_paise=4000)
        report(an_order, Reported(Kind.LATE))
        assert services.credit_late(order_id=an_order.pk, now=an_order.delivered_at + timedelta(hours=2)) == 1500
        assert services.credit_late(order_id=an_order.pk, now=an_order.delivered_at + timedelta(hours=2)) == 0

    def test_staff_can_not_give_the_fee_for_a_delay_that_was_credited_while_the_claim_waited(self):
        ClaimPolicy.objects.create(order_paise=100)
        an_order = self.late(credited_paise=2000)
        (claim,) = report(an_order, Reported(Kind.LATE))
        assert (claim.state, claim_services.most_back(claim)) == ("waiting", 2500)
        services.credit_late(order_id=an_order.pk, now=an_order.delivered_at + timedelta(hours=2))
        with pytest.raises(TooMuchBack):
            services.decide_claim(
                claim_id=claim.pk, refund_paise=2500, reason="Sorry", actor="user:9", now=claim.created_at
            )
        assert claim_services.most_back(claim) == 500

    def test_in_time_is_answered_with_the_fact_and_no_money(self):
        an_order = delivered()
        (claim,) = report(an_order, Reported(Kind.LATE))
        assert (claim.state, claim.rule, claim.refund_paise) == ("refused", "in-time", 0)

    @pytest.mark.parametrize("kind", [Kind.DAMAGED, Kind.BAD])
    def test_damaged_and_bad_need_a_photo(self, kind):
        an_order = delivered()
        with pytest.raises(PhotoNeeded):
            report(an_order, Reported(kind, first_line(an_order).pk, 1))
        assert not Claim.objects.exists()
        (claim,) = report(an_order, Reported(kind, first_line(an_order).pk, 1, photo_of(an_order).pk))
        assert (claim.state, claim.rule) == ("refunded", "photo")

    def test_a_photo_of_another_order_is_none(self):
        an_order, other = delivered(), delivered()
        with pytest.raises(Invalid):
            report(an_order, Reported(Kind.DAMAGED, first_line(an_order).pk, 1, photo_of(other).pk))

    def test_the_time_is_over_after_the_window_and_sooner_for_perishables(self):
        an_order = delivered()
        policy = reads.policy()
        end = an_order.delivered_at + timedelta(hours=policy.window_h)
        with pytest.raises(NotClaimable):
            report(an_order, missing(an_order), now=end)
        line = first_line(an_order)
        type(line.product).objects.filter(pk=line.product_id).update(zone="chilled")
        fresh_end = an_order.delivered_at + timedelta(hours=policy.perishable_window_h)
        with pytest.raises(NotClaimable):
            report(an_order, missing(an_order), now=fresh_end)
        assert report(an_order, missing(an_order), now=fresh_end - timedelta(seconds=1))

    def test_a_running_order_has_nothing_to_claim(self):
        an_order = advance(order(), Status.PICKED_UP)
        for asked in (missing(an_order), Reported(Kind.NEVER_CAME), Reported(Kind.RIDER)):
            with pytest.raises(NotClaimable):
                services.open_claims(
                    order_id=an_order.pk, customer_id=an_order.customer_id, reported=[asked], now=an_order.placed_at
                )
        assert not Claim.objects.exists()

    def test_a_customer_cannot_claim_for_another(self):
        with pytest.raises(NoSuchOrder):
            report(an_order := delivered(), missing(an_order), customer_id=customer().pk)

    def test_one_part_that_is_refused_takes_the_whole_report_back(self):
        an_order = delivered()
        second = an_order.lines.last()
        with pytest.raises(AlreadyClaimed):
            report(an_order, missing(an_order), Reported(Kind.MISSING, second.pk, 9))
        assert not Claim.objects.exists() and not Refund.objects.exists()

    def test_a_row_of_policy_counts_at_once(self):
        ClaimPolicy.objects.create(small_paise=0)
        an_order = delivered()
        assert report(an_order, missing(an_order))[0].rule == "scanned-and-handed-over"

    def test_the_limit_per_order_counts_within_one_report(self):
        an_order = delivered(products=2, qty=1)
        prices = [line.unit_price_paise for line in an_order.lines.all()]
        ClaimPolicy.objects.create(order_paise=sum(prices) - 1)
        made = report(an_order, *[Reported(Kind.MISSING, line.pk, 1) for line in an_order.lines.all()])
        assert [claim.rule for claim in made] == ["small-amount", "over-order-limit"]

    def test_the_database_refuses_more_than_was_sold_and_paid(self):
        an_order = delivered()
        report(an_order, missing(an_order, 2))
        with pytest.raises(IntegrityError, match="claimed_units_within_sold"):
            ClaimedLine.objects.update(units=3)


def walk(an_order: Order, to: Status) -> None:
    now = an_order.placed_at + timedelta(minutes=9)
    if to == Status.PACKED:
        services.packed(order_id=an_order.pk, bag_codes=["BAG-1"], shelf_slot="S1", actor="user:2", now=now)
        services.rider_accepted(order_id=an_order.pk, rider_id=7, rider_name="Ravi", actor="rider:7", now=now)
    elif to == Status.PICKED_UP:
        services.picked_up(order_id=an_order.pk, bag_codes=["BAG-1"], actor="rider:7", now=now)
    else:
        total = Order.objects.get(pk=an_order.pk).total_paise
        services.delivered(
            order_id=an_order.pk, rider_id=7, otp=an_order.door_otp, cash_paise=total, actor="rider:7", now=now
        )


class TestDeciding:
    def waiting(self) -> Claim:
        ClaimPolicy.objects.create(small_paise=0)
        an_order = delivered()
        (claim,) = report(an_order, missing(an_order, 2))
        assert claim.state == "waiting"
        return claim

    def decide(self, claim: Claim, paise: int, reason: str = "Because", **more) -> Claim:
        asked = {"claim_id": claim.pk, "refund_paise": paise, "reason": reason, "actor": "user:1"}
        return services.decide_claim(**{**asked, "now": claim.created_at, **more})

    def test_a_part_goes_back_and_the_rest_stays(self):
        claim = self.waiting()
        made = self.decide(claim, 100)
        assert (made.state, made.refund_paise, made.reason) == ("refunded", 100, "Because")
        assert Payment.objects.get(ref=claim.order_id).refunded_paise == 100
        assert self.decide(claim, 100).pk == claim.pk  # repeated
        assert Refund.objects.count() == 1
        with pytest.raises(ClaimDecided):
            self.decide(claim, 200)

    def test_a_refusal_needs_a_reason_and_frees_the_units(self):
        claim = self.waiting()
        with pytest.raises(ReasonNeeded):
            self.decide(claim, 0, " ")
        assert self.decide(claim, 0).state == "refused"
        assert ClaimedLine.objects.get(line=claim.line).units == 0
        assert not Refund.objects.exists()

    def test_never_more_than_is_asked(self):
        claim = self.waiting()
        with pytest.raises(TooMuchBack) as refused:
            self.decide(claim, claim.asked_paise + 1)
        assert refused.value.extra["most_paise"] == claim.asked_paise
        assert not Refund.objects.exists()

    def test_never_more_than_is_left_of_the_payment(self):
        claim = self.waiting()
        payment = Payment.objects.get(ref=claim.order_id)
        Payment.objects.filter(pk=payment.pk).update(refunded_paise=payment.captured_paise - 50)
        assert claim_services.most_back(claim) == 50


class TestPhotos:
    def test_is_drawn_anew_without_what_the_phone_wrote_into_it(self):
        an_order = delivered()
        kept = photo_of(an_order)
        with private().open(kept.name) as file:
            body = file.read()
        assert b"taken at home" not in body
        assert not Image.open(io.BytesIO(body)).getexif()

    def test_large_photos_become_small_ones(self):
        body, size = redrawn(jpeg(size=(4000, 3000)))
        assert size == (1600, 1200) and len(body) < 1_000_000

    @pytest.mark.parametrize(
        "body", [b"", b"GIF89a not really", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\xff\xd8\xff\xe0 broken"]
    )
    def test_content_decides_what_is_a_photo(self, body):
        with pytest.raises(Invalid):
            redrawn(SimpleUploadedFile("a.jpg", body, content_type="image/jpeg"))

    def test_more_than_eight_megabytes_are_refused(self):
        photo = jpeg()
        photo.size = 8 * 1024 * 1024 + 1
        with pytest.raises(Invalid, match="8 MB"):
            redrawn(photo)

    def test_so_many_and_no_more(self, monkeypatch):
        monkeypatch.setattr("orders.services.photos.MOST_PER_ORDER", 1)
        an_order = delivered()
        photo_of(an_order)
        with pytest.raises(TooManyPhotos):
            photo_of(an_order, size=(320, 240))

    def test_the_same_picture_again_is_kept_once(self, monkeypatch):
        monkeypatch.setattr("orders.services.photos.MOST_PER_ORDER", 2)
        an_order = delivered()
        first, again = photo_of(an_order), photo_of(an_order)
        other = photo_of(an_order, size=(320, 240))
        assert (first.pk, ClaimPhoto.objects.count()) == (again.pk, 2)
        assert other.pk != first.pk
        private().delete(first.name)  # the row was there, its file was not yet
        assert private().exists(photo_of(an_order).name)
        assert photo_of(delivered()).name != first.name

    def test_only_its_customer_and_staff_see_it(self, api):
        an_order = delivered()
        kept = photo_of(an_order)
        url = f"/api/v1/orders/{an_order.pk}/claims/photos/{kept.pk}/"
        mine = api(an_order.customer).get(url)
        assert (mine.status_code, mine["Content-Type"], mine["Cache-Control"]) == (
            200,
            "image/jpeg",
            "private, no-store",
        )
        assert api(customer()).get(url).status_code == 404
        assert api().get(url).status_code == 401
        assert api(customer(), roles=["rider"]).get(url).status_code == 404
        assert api(customer(), roles=["ops"]).get(url).status_code == 200
        assert Client().get(f"/media/{kept.name}").status_code == 404


class TestApi:
    def test_a_report_from_photo_to_refund(self, api):
        an_order = delivered()
        http = api(an_order.customer)
        base = f"/api/v1/orders/{an_order.pk}/claims/"
        Order.objects.filter(pk=an_order.pk).update(delivered_at=reads_now())
        photo = http.post(f"{base}photos/", {"photo": jpeg()}, format="multipart")
        assert photo.status_code == 201
        line = first_line(an_order)
        body = {"items": [{"kind": "damaged", "line_id": line.pk, "qty": 1, "photo_id": photo.json()["id"]}]}
        key = {"HTTP_IDEMPOTENCY_KEY": "one"}
        made = http.post(base, body, **key, HTTP_ACCEPT_LANGUAGE="hi")
        assert made.status_code == 201, made.json()
        (item,) = made.json()["items"]
        assert (item["state"], item["refund_paise"]) == ("refunded", line.unit_price_paise)
        assert item["sentence"].endswith("is in your wallet now.")
        assert http.post(base, body, **key).json()["items"][0]["id"] == item["id"]
        seen = http.get(base).json()
        assert len(seen["items"]) == 1 and seen["claimable"][0]["left"] == 1
        assert "facts" not in str(seen) and "score" not in str(seen)

    def test_refusals_are_problems(self, api):
        an_order = delivered()
        Order.objects.filter(pk=an_order.pk).update(delivered_at=reads_now())
        http, base = api(an_order.customer), f"/api/v1/orders/{an_order.pk}/claims/"
        line = first_line(an_order)

        def ask(**item):
            return http.post(base, {"items": [item]}, HTTP_IDEMPOTENCY_KEY=str(uuid4()))

        assert ask(kind="damaged", line_id=line.pk, qty=1).json()["type"] == "/problems/photo-needed"
        assert ask(kind="missing", line_id=line.pk, qty=99).json()["type"] == "/problems/already-claimed"
        assert ask(kind="missing", line_id=2**62, qty=1).status_code == 404
        assert ask(kind="rider", line_id=line.pk, qty=1).status_code == 400
        assert ask(kind="nonsense").status_code == 400
        assert http.post(base, {"items": []}, HTTP_IDEMPOTENCY_KEY="x").status_code == 400
        stranger = api(customer())
        assert stranger.get(base).status_code == 404
        body = {"items": [{"kind": "missing", "line_id": line.pk, "qty": 1}]}
        assert stranger.post(base, body, HTTP_IDEMPOTENCY_KEY="y").status_code == 404
        bad = http.post(f"{base}photos/", {"photo": SimpleUploadedFile("a.jpg", b"no")}, format="multipart")
        assert (bad.status_code, bad["Content-Type"]) == (400, "application/problem+json")
        assert http.post(f"{base}photos/", {}, format="multipart").status_code == 400


def reads_now():
    from django.utils import timezone

    return timezone.now()


class TestRating:
    def rate(self, an_order, **more):
        asked = {"order_id": an_order.pk, "customer_id": an_order.customer_id, "stars": 4}
        return services.rate(**{**asked, "now": an_order.delivered_at, **more})

    def test_once_and_changed_for_a_day(self):
        an_order = delivered()
        made = self.rate(an_order, rider_stars=5, chips=["fresh"], note="  good  ")
        assert (made.stars, made.rider_stars, made.chips, made.note) == (4, 5, ["fresh"], "good")
        assert made.rider_id_ref == 7
        day = an_order.delivered_at + timedelta(days=1)
        self.rate(an_order, stars=2, now=day - timedelta(seconds=1))
        with pytest.raises(RatingClosed):
            self.rate(an_order, stars=1, now=day)
        assert Rating.objects.get().stars == 2

    def test_refuses_what_is_no_rating(self):
        an_order = delivered()
        for wrong in ({"stars": 0}, {"stars": 6}, {"rider_stars": 9}, {"chips": ["nonsense"]}):
            with pytest.raises(Invalid):
                self.rate(an_order, **wrong)
        with pytest.raises(NoSuchOrder):
            self.rate(an_order, customer_id=customer().pk)
        with pytest.raises(RatingClosed):
            services.rate(
                order_id=(running := order()).pk, customer_id=running.customer_id, stars=3, now=running.placed_at
            )
        assert not Rating.objects.exists()

    def test_over_the_api(self, api):
        an_order = delivered()
        Order.objects.filter(pk=an_order.pk).update(delivered_at=reads_now())
        url = f"/api/v1/orders/{an_order.pk}/rating/"
        http = api(an_order.customer)
        assert http.get(url).json()["can_rate"] is True
        assert http.put(url, {"stars": 5, "chips": ["fresh"]}).json()["stars"] == 5
        assert http.put(url, {"stars": 9}).status_code == 400
        assert api(customer()).get(url).status_code == 404


class TestPages:
    def page(self, an_order, path=""):
        client = Client()
        client.force_login(an_order.customer)
        return client

    def test_from_help_to_result_without_a_script(self):
        an_order = delivered()
        Order.objects.filter(pk=an_order.pk).update(delivered_at=reads_now())
        client = self.page(an_order)
        line = first_line(an_order)
        help_page = client.get(f"/orders/{an_order.pk}/help/").content.decode()
        assert f'name="line" value="{line.pk}"' in help_page
        step = client.get(f"/orders/{an_order.pk}/claim/?line={line.pk}").content.decode()
        assert f"kind-{line.pk}" in step
        form = {"line": line.pk, f"kind-{line.pk}": "damaged", "batch": str(uuid4())}
        refused = client.post(f"/orders/{an_order.pk}/claim/", form)
        assert refused.status_code == 400 and b"Take a photo" in refused.content
        form[f"photo-{line.pk}"] = jpeg()
        done = client.post(f"/orders/{an_order.pk}/claim/", form)
        assert done.url == f"/orders/{an_order.pk}/help/#claims"
        shown = client.get(f"/orders/{an_order.pk}/help/").content.decode()
        assert "refunded" in shown and "is in your wallet now" in shown
        assert b"refunded" in client.get("/orders/").content
        assert "What you told us" in client.get(f"/orders/{an_order.pk}/").content.decode()

    def test_going_on_with_nothing_chosen_says_what_is_missing(self):
        an_order = delivered()
        Order.objects.filter(pk=an_order.pk).update(delivered_at=reads_now())
        again = self.page(an_order).get(f"/orders/{an_order.pk}/claim/", follow=True).content.decode()
        assert "Choose first what it is about." in again and "Something was not right?" in again

    def test_a_photo_is_kept_when_something_else_is_refused(self):
        an_order = delivered()
        Order.objects.filter(pk=an_order.pk).update(delivered_at=reads_now())
        client, line = self.page(an_order), first_line(an_order)
        form = {"line": line.pk, f"kind-{line.pk}": "nonsense", f"photo-{line.pk}": jpeg()}
        again = client.post(f"/orders/{an_order.pk}/claim/", form)
        kept = ClaimPhoto.objects.get()
        assert again.status_code == 400 and str(kept.pk) in again.content.decode()
        form = {"line": line.pk, f"kind-{line.pk}": "damaged", f"kept-{line.pk}": str(kept.pk)}
        assert client.post(f"/orders/{an_order.pk}/claim/", form).status_code == 302
        assert Claim.objects.get().photo_id == kept.pk

    @pytest.mark.parametrize("path", ["help/", "claim/?about=late"])
    def test_somebody_elses_order_is_not_found(self, path):
        an_order = delivered()
        client = Client()
        client.force_login(customer())
        assert client.get(f"/orders/{an_order.pk}/{path}").status_code == 404
        assert client.post(f"/orders/{an_order.pk}/rate/", {"stars": 1}).status_code == 302
        assert not Rating.objects.exists()

    def test_rated_on_the_order_page(self):
        an_order = delivered()
        Order.objects.filter(pk=an_order.pk).update(delivered_at=reads_now())
        client = self.page(an_order)
        client.post(f"/orders/{an_order.pk}/rate/", {"stars": "5", "rider_stars": "4", "chip": ["fresh"]})
        assert Rating.objects.get().rider_stars == 4
        assert "Change my rating" in client.get(f"/orders/{an_order.pk}/").content.decode()

    def test_the_help_page_answers_from_the_values_that_hold(self):
        ClaimPolicy.objects.create(window_h=36, order_paise=77_700)
        shop(ProductFactory())
        page = Client().get("/help/").content.decode()
        assert "36 hours" in page and "₹777" in page

    def test_the_help_page_shows_the_customers_own_cash_limit(self, settings):
        settings.ORDER_COD_LIMITS_PAISE = {"new": 150_000, "known": 200_000, "trusted": 300_000, "watched": 0}
        user, place = customer(), shop(ProductFactory())
        FeePolicy.objects.create(store=place, cod_limit_paise=250_000)
        assert "at the door, up to ₹2,500" in Client().get("/help/").content.decode()
        client = Client()
        client.force_login(user)
        assert "at the door, up to ₹1,500" in client.get("/help/").content.decode()
        services.set_trust(
            customer_id=user.pk, level="watched", reason="Doors", until=reads_now() + timedelta(days=9), actor="user:9",
            now=reads_now(),
        )  # fmt: skip
        page = client.get("/help/").content.decode()
        assert "at the door, up to" not in page and "Orders paid by UPI or card are not limited." in page

    def test_a_report_sent_by_two_tabs_of_one_form_counts_once(self):
        an_order = delivered()
        Order.objects.filter(pk=an_order.pk).update(delivered_at=reads_now())
        client, line = self.page(an_order), first_line(an_order)
        form = {"line": line.pk, f"kind-{line.pk}": "missing", "batch": str(uuid4())}
        for _ in range(2):
            assert client.post(f"/orders/{an_order.pk}/claim/", form).status_code == 302
        assert Claim.objects.count() == 1


def test_a_reorder_of_the_history_counts_only_the_customer(django_assert_num_queries):
    user = customer()
    place = shop(*ProductFactory.create_batch(2))
    an_order = advance(place_order(user, place, list(_products(place))), Status.DELIVERED)
    report(an_order, missing(an_order))
    now = an_order.delivered_at + timedelta(hours=2)
    with django_assert_num_queries(1):
        mine = reads.history(customer_id=user.pk, now=now)
    assert (mine.orders, mine.claims, mine.refunded_paise > 0) == (1, 1, True)
    assert reads.history(customer_id=customer().pk, now=now).claims == 0


def _products(place):
    from catalog.models import Product

    return Product.objects.filter(shelf_items__store=place)
