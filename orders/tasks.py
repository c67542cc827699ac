"""Celery doors of orders: ids in, one service call."""

from __future__ import annotations

from typing import Any

import structlog
from celery import shared_task
from django.utils import timezone

from orders import services
from orders.services import rooms, showing
from orders.services.invoices import sweep_invoices as make_missing_invoices

log = structlog.get_logger(__name__)


@shared_task(acks_late=True)
def sweep_unpaid(**_: Any) -> None:
    """End the payment windows that are over."""
    services.sweep_unpaid(now=timezone.now())


@shared_task(acks_late=True)
def close_delivered(**_: Any) -> None:
    """Close delivered orders whose time for claims is over."""
    services.close_delivered(now=timezone.now())


@shared_task(acks_late=True)
def audit_books(**_: Any) -> None:
    """Each night: stock, ledger and orders are proved; a difference is told to operations."""
    services.audit_all(now=timezone.now())


@shared_task(acks_late=True)
def learn_affinity(**_: Any) -> None:
    """Each night: what goes with what, from our own orders."""
    services.learn_affinity(now=timezone.now())


@shared_task(acks_late=True)
def tell_restocked(**_: Any) -> None:
    """Tell customers who wait that a product is back."""
    services.tell_restocked(now=timezone.now())


@shared_task(acks_late=True)
def sweep_unused_pictures(**_: Any) -> None:
    """Each night: files of pictures that neither a product nor a past order shows."""
    services.sweep_unused_pictures(now=timezone.now())


@shared_task(acks_late=True)
def release_due(**_: Any) -> None:
    """Begin with the orders for a slot whose time has come."""
    services.release_due(now=timezone.now())


@shared_task(acks_late=True)
def make_slots(**_: Any) -> None:
    """Make the slots to come from the stores' weekly plans."""
    services.make_slots(now=timezone.now())


@shared_task(acks_late=True)
def sweep_offline(**_: Any) -> None:
    """Move orders that wait in stores which do not work any more."""
    services.sweep_offline(now=timezone.now())


@shared_task(acks_late=True)
def purge_sourcings(**_: Any) -> None:
    """Each night: forget how stores were judged a month ago."""
    services.purge_sourcings(now=timezone.now())


@shared_task(acks_late=True)
def tell_cheaper(**_: Any) -> None:
    """Tell customers who watch a price that it fell."""
    services.tell_cheaper(now=timezone.now())


@shared_task(acks_late=True)
def sweep_invoices(**_: Any) -> None:
    """Invoices that could not be made when the goods left: their store had no supplier yet."""
    make_missing_invoices(now=timezone.now())


@shared_task(acks_late=True)
def sweep_timers(**_: Any) -> None:
    """Time the stages of all live orders and warn of promises at risk."""
    services.sweep_timers(now=timezone.now())


@shared_task(acks_late=True)
def purge_timers(**_: Any) -> None:
    """Each night: forget the stages of orders of two months ago."""
    services.purge_timers(now=timezone.now())


@shared_task(acks_late=True)
def train_eta(**_: Any) -> None:
    """Each night: learn the promise from what was delivered. Without LightGBM the promises page says so."""
    from orders.promise.learning import NotInstalled
    from orders.services import eta

    try:
        trained = eta.train_eta(now=timezone.now())
    except NotInstalled as error:
        log.info("eta-not-trained", why=str(error))
        return
    log.info("eta-trained", in_use=trained.in_use, why=trained.why)


@shared_task(acks_late=True)
def sweep_shown(**_: Any) -> None:
    """Move the promises people were shown into the ledger."""
    showing.sweep_shown(now=timezone.now())


@shared_task(acks_late=True)
def purge_shown(**_: Any) -> None:
    """Each night: forget what was shown two weeks ago."""
    showing.purge_shown(now=timezone.now())


@shared_task(acks_late=True)
def learn_rooms(**_: Any) -> None:
    """How much room each store's promises need, from what was kept."""
    rooms.learn_rooms(now=timezone.now())
