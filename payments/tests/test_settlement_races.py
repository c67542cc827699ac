"""One settlement file, read by several at once. The control shows that the lock, not luck, keeps it right."""

from threading import Barrier

import pytest

from payments import ledger, queries
from payments.models import SettlementLine
from payments.services import settlement
from payments.tests.factories import paid
from payments.tests.test_settlement import attempt_of, line, take

pytestmark = pytest.mark.django_db(transaction=True)


def lines() -> list[dict[str, object]]:
    return [line(attempt_of(paid(50_000)).gateway_ref, 50_000) for _ in range(3)]


def test_four_imports_of_one_file_at_once_post_it_once(race):
    file = lines()
    outcomes = race(4, lambda: take(*file).new)
    assert sorted(outcomes) == [0, 0, 0, 3]
    assert SettlementLine.objects.count() == 3
    assert ledger.balance("bank") == 3 * 48_820 and ledger.balance("gateway:sandbox") == 0
    assert queries.audit() == []


def test_control_without_the_lock_one_of_two_is_refused_by_the_database(race, monkeypatch):
    file = lines()
    both_have_looked = Barrier(2, timeout=10)
    settled = settlement._settled

    def wait(*given):
        found = settled(*given)
        both_have_looked.wait()
        return found

    monkeypatch.setattr(settlement, "_one_at_a_time", lambda gateway: None)
    monkeypatch.setattr(settlement, "_settled", wait)
    outcomes = race(2, lambda: take(*file).new)
    assert sum("settlement_line_once" in str(outcome) for outcome in outcomes) == 1
    assert SettlementLine.objects.count() == 3 and queries.audit() == []
