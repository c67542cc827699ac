"""Every case with every gateway that can be run here; the same cases as `manage.py payment_cases` prints."""

import pytest
from django.core.management import call_command

from catalog.tests.factories import NOW
from payments.models import Payment, WebhookReceipt
from payments.standins import cases
from payments.standins.rigs import RIGS

pytestmark = pytest.mark.django_db


@pytest.fixture(params=RIGS)
def rig(request):
    with RIGS[request.param](NOW) as rig:
        yield rig


@pytest.mark.parametrize("words", cases.CASES)
def test_case(words, rig):
    assert cases.run(words, rig)


def test_the_printed_matrix_comes_from_running_the_cases_and_leaves_nothing_behind(capsys, monkeypatch):
    monkeypatch.setattr(cases, "CASES", {"declined": cases.declined, "impossible": lambda rig: 1 / 0})
    with pytest.raises(SystemExit):
        call_command("payment_cases")
    printed = capsys.readouterr().out
    assert "declined, then paid another way" in printed
    assert "ZeroDivisionError" in printed
    assert not Payment.objects.exists()
    assert not WebhookReceipt.objects.exists()
