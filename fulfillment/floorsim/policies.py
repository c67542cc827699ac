"""The four ways to hand out work that are compared. Each decision is the product's own code."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fulfillment import clustering, queueing

if TYPE_CHECKING:
    from fulfillment.clustering import Pace
    from fulfillment.floorsim.engine import Job
    from fulfillment.pickroute import Layout

ASKED = 40
"""How many of the queue are asked whether they join a walk."""


@dataclass(frozen=True)
class Policy:
    name: str
    by_slack: bool
    clusters: bool

    def take(self, waiting: Sequence[Job], now: float, *, pace: Pace, layout: Layout) -> list[Job]:
        """The first of the queue, with those that join its walk."""
        if self.by_slack:
            jobs: dict[Hashable, Job] = {job.id: job for job in waiting}
            line = [jobs[one.id] for one in queueing.ranked(_seen(job, now) for job in waiting)]
        else:
            line = sorted(waiting, key=lambda job: (job.at_s, job.id))
        if not self.clusters:
            return line[:1]
        asked: dict[Hashable, Job] = {job.id: job for job in line[:ASKED]}
        candidates = [_candidate(job, now) for job in asked.values()]
        cluster = clustering.choose(candidates[0], candidates[1:], pace=pace, layout=layout)
        return [asked[id] for id in cluster.ids]

    def packing_order(self, taken: Sequence[Job], now: float) -> list[Job]:
        jobs: dict[Hashable, Job] = {job.id: job for job in taken}
        return [jobs[one.id] for one in clustering.packing_order(_candidate(job, now) for job in taken)]


def _candidate(job: Job, now: float) -> clustering.Candidate:
    return clustering.Candidate(
        id=job.id,
        due_s=job.due_s - now,
        start_slack_s=queueing.slack_s(_seen(job, now)),
        items=[line.item for line in job.lines],
        units=job.units,
        weight_g=sum(line.item.weight_g for line in job.lines),
    )


def _seen(job: Job, now: float) -> queueing.Waiting:
    return queueing.Waiting(
        id=job.id,
        due_s=job.due_s - now,
        work_s=job.work_s,
        rider_waiting=job.rider_s <= now,
        frozen=job.frozen,
    )


POLICIES = (
    Policy("first-in, single", by_slack=False, clusters=False),
    Policy("first-in, clusters", by_slack=False, clusters=True),
    Policy("slack, single", by_slack=True, clusters=False),
    Policy("slack, clusters", by_slack=True, clusters=True),
)
