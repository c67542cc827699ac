"""How long the hands of a picker take, in seconds, and how much that varies.

No public time study of a dark store could be found, so the figures are assumptions: round numbers whose sum is held
against what is published.

- Walking 1 m/s with a trolley between shelves, as pick-route studies commonly assume; free walking is 1.3 to 1.4 m/s.
- Travel is about half of an order picker's time (Tompkins et al., "Facilities Planning"; quoted by de Koster, Le-Duc
  and Roodbergen, EJOR 182, 2007): in a large warehouse. Here 39 % comes out for first-in single picking.
- `scale`: the demo plan's 76 bins cover 106 m2; 1.6 times the metres make it about 270 m2 (2,900 square feet), a small
  dark store.
- Pick and pack together: one store's mean of 1:46, under 2:30 at the best known, 3 to 4 minutes allowed per order at a
  large Indian chain (Business Standard, 6 August 2025). Here 2:23 comes out for 4.6 lines.
- Trade press gives dedicated stores 150 to 300 lines an hour; here 117, packing and shorts included: on the slow side.

A line is found (`stop_s`), each unit is taken, scanned and put into the tote; in a cluster the tote is scanned as
well. What is short costs looking into the other bin and settling a substitute. Each order is packed by who picked it.
"""

from __future__ import annotations

from dataclasses import dataclass

from fulfillment.clustering import Pace

USUAL_BAGS, USUAL_UNITS = 1.6, 1.34
"""Bags per order and units per line, for what is learned."""


@dataclass(frozen=True, slots=True)
class TimeModel:
    """Usual seconds of each act, for a picker of pace 1. The spreads are sigmas of lognormal factors with mean 1."""

    walk_mps: float = 1.0
    scale: float = 1.6
    begin_s: float = 6.0  # read the offer, take a tote
    tote_s: float = 3.0  # each further tote: hang it on, scan it
    stop_s: float = 3.5  # stand still, find the face
    take_s: float = 1.8  # per unit
    scan_s: float = 1.5  # per unit: it is scanned one by one
    put_s: float = 1.0  # per unit
    sort_s: float = 1.5  # per line in a cluster: which tote, and its scan
    short_share: float = 0.03
    short_s: float = 25.0
    pack_s: float = 15.0
    pack_line_s: float = 1.5
    bag_s: float = 6.0  # open, close, label, shelf
    line_spread: float = 0.35
    pack_spread: float = 0.25
    pace_spread: float = 0.12

    @property
    def metre_s(self) -> float:
        """Seconds per metre of the plan."""
        return self.scale / self.walk_mps

    def learned(self, *, pace: float) -> Pace:
        """What a store that has measured itself knows: the averages, for a picker of that pace; never a single draw."""
        unit_s = (self.take_s + self.scan_s + self.put_s) * pace
        return Pace(
            walk_mps=self.walk_mps / self.scale / pace,
            start_s=self.begin_s * pace,
            line_s=(self.stop_s + self.short_share * self.short_s) * pace + unit_s,
            unit_s=unit_s,
            tote_s=self.sort_s * pace,
            pack_s=(self.pack_s + USUAL_BAGS * self.bag_s) * pace,
            pack_unit_s=self.pack_line_s * pace / USUAL_UNITS,
        )

    def line_hand_s(self, units: int, *, clustered: bool) -> float:
        """Taking one line at its bin, without the stop."""
        return units * (self.take_s + self.scan_s + self.put_s) + (self.sort_s if clustered else 0.0)

    def packing_s(self, lines: int, bags: int) -> float:
        return self.pack_s + self.pack_line_s * lines + self.bag_s * bags
