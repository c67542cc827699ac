"""A gateway that is chosen without its secrets stops the start; one that is not chosen needs none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PLACE = {"DATABASE_URL": "postgresql://x/x", "REDIS_URL": "redis://x", "DJANGO_SECRET_KEY": "x"}
KEYS = {"RAZORPAY_KEY_ID": "rzp_test_x", "RAZORPAY_KEY_SECRET": "s", "RAZORPAY_WEBHOOK_SECRET": "w"}


def boot(**variables):
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", "import blinkit.settings"],
        cwd=ROOT,
        env=keep | PLACE | variables,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("missing", KEYS)
def test_razorpay_without_one_of_its_secrets_stops_the_start(missing):
    given = {name: value for name, value in KEYS.items() if name != missing}
    out = boot(PAYMENT_GATEWAY="razorpay", **given)
    assert out.returncode == 1
    assert f"{missing} must be set" in out.stderr
    assert "Traceback" not in out.stderr
    assert boot(**given).returncode == 0


def test_with_its_secrets_it_starts():
    assert boot(PAYMENT_GATEWAY="razorpay", **KEYS).returncode == 0
