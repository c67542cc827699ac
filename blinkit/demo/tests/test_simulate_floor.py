"""The store's floor with real baskets: the bar of the floor's rules, and what the command says without data."""

import json

import pytest

from blinkit.demo.simulate import floor
from blinkit.demo.simulate.__main__ import main
from fulfillment.floorsim import POLICIES

DATA = floor.nearest_data()


def test_without_data_it_says_so_and_ends_with_two(tmp_path, capsys):
    assert main(["--floor", "--data", str(tmp_path)]) == 2
    assert "Instacart" in capsys.readouterr().err
    for wrong in (["--orders", "0"], ["--capacity", "1,x"], ["--busy", "9"]):
        with pytest.raises(SystemExit) as ended:
            main(["--floor", *wrong])
        assert ended.value.code == 2


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no Instacart files in {DATA}")
def test_at_capacity_slack_and_clusters_at_least_halve_the_breaches(capsys):
    made = floor.prepare(floor.Plan(orders=1500, capacity=(1.0,)), DATA)
    (found,) = floor.compare(made, (POLICIES[0], POLICIES[-1])).values()
    before, after = found.values()
    assert before.late > 0.1  # a floor that is full: there is something to halve
    assert before.busy == pytest.approx(0.85, abs=0.08)
    assert floor.halved(found)
    assert after.metres_per_line < before.metres_per_line
    assert after.wait_p90_s < before.wait_p90_s
    floor.tell(made, {1.0: found}, True, took_s=0.0, as_json=True)
    assert json.loads(capsys.readouterr().out)["passed"] is True
