"""A chosen gateway without its secrets stops the start, in one line that names the variable."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

PLACE = {
    "PATH": os.environ["PATH"],
    "DATABASE_URL": "postgresql://u:p@db:5432/n",
    "REDIS_URL": "redis://cache:6379/0",
    "DJANGO_SECRET_KEY": "long and random",
}
STRIPE = {
    "PAYMENT_GATEWAY": "stripe",
    "STRIPE_SECRET_KEY": "sk_live_1",
    "STRIPE_PUBLISHABLE_KEY": "pk_live_1",
    "STRIPE_WEBHOOK_SECRET": "whsec_1",
}


RAZORPAY = {
    "PAYMENT_GATEWAY": "razorpay",
    "RAZORPAY_KEY_ID": "rzp_test_x",
    "RAZORPAY_KEY_SECRET": "s",
    "RAZORPAY_WEBHOOK_SECRET": "w",
}


def starting(**more):
    return subprocess.run(
        [sys.executable, "-c", "import blinkit.settings"], cwd=settings.BASE_DIR, env=PLACE | more, capture_output=True,
        text=True, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("gateway", [STRIPE, RAZORPAY])
def test_starts_with_all_secrets(gateway):
    assert starting(**gateway).stderr == ""


@pytest.mark.parametrize(
    ("gateway", "missing"),
    [(gateway, name) for gateway in (STRIPE, RAZORPAY) for name in gateway if name != "PAYMENT_GATEWAY"],
)
def test_a_chosen_gateway_without_one_of_its_secrets_does_not_start(gateway, missing):
    done = starting(**gateway | {missing: " "})
    assert (done.returncode, done.stderr.strip()) == (
        1,
        f"Settings: {missing} must be set when PAYMENT_GATEWAY is {gateway['PAYMENT_GATEWAY']}.",
    )


@pytest.mark.parametrize(
    "wrong", [{"STRIPE_API_BASE": "http://api.stripe.example"}, {"STRIPE_METHODS": "card,netbanking"}]
)
def test_settings_that_can_not_be_right_do_not_start(wrong):
    done = starting(**STRIPE | wrong)
    (name,) = wrong
    assert done.returncode == 1
    assert done.stderr.startswith(f"Settings: {name} should ")
    assert done.stderr.count("\n") == 1
