"""How long the hands of a picker take, in seconds, and how much that varies.

Sources. No public time study of an Indian dark store exists that could be cited, so each figure is a round one inside
what is published, and the sum is checked against what stores report:

- Walking 1.1 m/s: order-picking studies reckon with about 1 m/s for a loaded walk (de Koster, Le-Duc, Roodbergen,
  "Design and control of warehouse order picking", EJOR 182, 2007); free walking is 1.3 to 1.4 m/s.
- Walking is about half of a picker's time, searching a fifth, taking and documenting the rest (Tompkins et al.,
  "Facilities Planning", the picture of a typical picker's time). The table prints the share that comes out here.
- Pick and pack together: a store's mean of 1:46 and under 2:30 at the best known; 3 to 4 minutes per order at a large
  Indian chain (Business Standard, 6 August 2025). Dedicated stores: 150 to 300 lines an hour.

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
