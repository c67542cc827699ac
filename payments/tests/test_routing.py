"""Which gateway is asked, who is asked next, and what becomes of money a silent gateway took after all."""

import pytest
from django.urls import reverse

from accounts.tests.factories import UserFactory
from blinkit.kernel import breakers
from catalog.tests.factories import NOW
from payments import ledger, queries, services
from payments.errors import GatewayDown
from payments.gateways import sandbox
from payments.models import Attempt, Refund
from payments.routes import Route
from payments.services import routing
from payments.standins.rigs import RazorpayRig
from payments.tests.factories import online, tell

pytestmark = pytest.mark.django_db


@pytest.fixture
def rig():
    """Razorpay (our stand-in) first, then the sandbox."""
    with RazorpayRig(NOW) as rig:
        Route.objects.create(method="upi", gateways="razorpay, sandbox")
        yield rig


def begin(payment, **more):
    return services.start_attempt(
        payment_id=payment.pk, customer_id=payment.customer_id, now=NOW, **{"instrument": "upi", **more}
    )


def break_open(name):
    for _ in range(5):
        with pytest.raises(OSError, match="away"), breakers.breaker(f"gateway:{name}"):
            raise OSError("away")


def test_without_a_row_the_gateway_of_the_settings_takes_everything(settings):
    assert {method: routing.route(method) for method in ("upi", "card", "netbanking")} == {
        method: ["sandbox"] for method in ("upi", "card", "netbanking")
    }


def test_a_row_says_the_order_and_only_for_its_way(rig):
    assert routing.route("upi") == ["razorpay", "sandbox"]
    assert routing.route("card") == ["razorpay"]  # the settings' gateway


def test_gateways_that_are_not_set_up_or_do_not_take_it_are_left_out(rig, settings, monkeypatch):
    settings.RAZORPAY_WEBHOOK_SECRET = ""
    assert routing.route("upi") == ["sandbox"]
    with pytest.raises(GatewayDown):
        routing.route("card")
    monkeypatch.setattr(sandbox.SandboxGateway, "methods", frozenset({"card"}))
    with pytest.raises(GatewayDown):
        routing.route("upi")


def test_a_gateway_whose_breaker_is_open_is_left_out(rig):
    break_open("razorpay")
    assert routing.route("upi") == ["sandbox"]
    assert begin(rig.payment())["gateway"] == "sandbox"
    assert rig.razorpay.calls == []
    break_open("sandbox")
    with pytest.raises(breakers.ServiceDown):
        routing.route("upi")


@pytest.mark.parametrize("fault", ["refuse", "500", "html", "lose"])
def test_when_the_first_cannot_start_the_next_does(rig, fault):
    rig.razorpay.fail_next("order", fault)
    payment = rig.payment()
    started = begin(payment)
    assert started["gateway"] == "sandbox"
    assert list(Attempt.objects.order_by("gateway").values_list("gateway", "state", "gateway_ref")) == [
        ("razorpay", "declined", None),
        ("sandbox", "started", started["intent_id"]),
    ]


def test_when_none_can_start_it_is_said_and_nothing_is_left_started(rig, monkeypatch):
    rig.razorpay.fail_next("order", "500")
    monkeypatch.setattr(sandbox.SandboxGateway, "start", lambda *_, **__: 1 / 0)
    payment = rig.payment()
    with pytest.raises(GatewayDown):
        begin(payment)
    assert set(Attempt.objects.values_list("state", flat=True)) == {"declined"}


def test_the_same_key_again_gives_the_attempt_at_the_second_gateway(rig):
    rig.razorpay.fail_next("order", "500")
    payment = rig.payment()
    first = begin(payment, key="k")
    assert first["gateway"] == "sandbox"
    assert begin(payment, key="k") == first  # although razorpay is well now
    assert Attempt.objects.count() == 2


def test_the_same_key_again_begins_what_could_not_begin(rig):
    Route.objects.update(gateways="razorpay")
    rig.razorpay.fail_next("order", "500")
    payment = rig.payment()
    with pytest.raises(GatewayDown):
        begin(payment, key="k")
    begin(payment, key="k")
    attempt = Attempt.objects.get()
    assert (attempt.state, attempt.decline_reason, attempt.settled_at) == ("started", "", None)


@pytest.mark.parametrize("silent_first", [True, False])
def test_late_money_of_a_gateway_that_did_not_answer_comes_back(rig, silent_first):
    """Its order was made, its answer was lost, the next gateway took over; then both are paid."""
    rig.razorpay.fail_next("order", "lose")
    payment = rig.payment()
    started = begin(payment)
    (order_id,) = rig.razorpay.orders

    def pay_the_silent_one():
        rig.razorpay.pay(order_id)
        rig.hear()

    def pay_the_other():
        sandbox.decide(intent_id=started["intent_id"], outcome="pay", now=NOW)
        tell(NOW)

    for act in (pay_the_silent_one, pay_the_other) if silent_first else (pay_the_other, pay_the_silent_one):
        act()
    payment.refresh_from_db()
    assert (payment.state, payment.captured_paise) == ("captured", 48_200)
    states = dict(Attempt.objects.values_list("gateway", "state"))
    assert states == (
        {"razorpay": "captured", "sandbox": "stray"} if silent_first else {"razorpay": "stray", "sandbox": "captured"}
    )
    rig.later(minutes=2)
    rig.sweep()
    rig.settle_refunds()
    rig.hear()
    tell(rig.now + sandbox.REFUND_TAKES)
    assert Refund.objects.get().state == "done"
    assert ledger.balance("gateway:razorpay") + ledger.balance("gateway:sandbox") == 48_200
    assert queries.audit() == []


def test_pages_here_carry_the_way_back_and_a_gateways_own_address_does_not(rig, monkeypatch):
    payment = rig.payment()
    assert begin(payment, return_url="/orders/1/pay/")["pay_url"].endswith("/?return=%2Forders%2F1%2Fpay%2F")
    start = sandbox.SandboxGateway.start

    def elsewhere(self, **kwargs):
        intent = start(self, **kwargs)
        return type(intent)(intent.gateway_ref, "https://pay.example/x?y=1#z", None)

    monkeypatch.setattr(sandbox.SandboxGateway, "start", elsewhere)
    Route.objects.update(gateways="sandbox")
    assert begin(payment, return_url="/orders/1/pay/")["pay_url"] == "https://pay.example/x?y=1#z"


def test_netbanking_and_collect_are_ways_of_the_api(api, time_machine):
    time_machine.move_to(NOW, tick=False)
    payment = online()
    http = api(payment.customer)
    address = f"/api/v1/payments/{payment.pk}/attempts/"
    started = http.post(address, {"instrument": "netbanking"}, headers={"Idempotency-Key": "a"})
    assert (started.status_code, started.json()["client"]) == (201, {})
    assert Attempt.objects.get().instrument == "Netbanking"
    collect = {"instrument": "upi", "vpa": "priya@okhdfcbank"}
    assert http.post(address, collect, headers={"Idempotency-Key": "b"}).status_code == 201
    bad = {"instrument": "upi", "vpa": "javascript:alert(1)"}
    assert http.post(address, bad, headers={"Idempotency-Key": "c"}).status_code == 400


# -- the operator's table ---------------------------------------------------------------------------------------------


@pytest.fixture
def operator(client):
    user = UserFactory()
    user.is_staff = user.is_superuser = True
    user.save()
    client.force_login(user)
    return client


def test_an_operator_turns_money_to_another_gateway_without_a_deploy(rig, operator):
    row = Route.objects.get()
    operator.post(reverse("admin:payments_route_change", args=[row.pk]), {"method": "upi", "gateways": "sandbox"})
    assert routing.route("upi") == ["sandbox"]


@pytest.mark.parametrize(
    ("gateways", "sentence"),
    [
        ("nobody", "There is no gateway"),
        ("cod", "There is no gateway"),
        ("sandbox, sandbox", "Name each gateway once"),
        ("razorpay", "needs RAZORPAY_KEY_ID, RAZORPAY_KEY_SECRET, RAZORPAY_WEBHOOK_SECRET"),
        (" , ", "Name at least one gateway"),
    ],
)
def test_a_route_that_could_not_take_money_is_refused_in_words(operator, gateways, sentence):
    answer = operator.post(reverse("admin:payments_route_add"), {"method": "upi", "gateways": gateways})
    assert sentence in answer.content.decode()
    assert not Route.objects.exists()
