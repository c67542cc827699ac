"""Every cross-app reaction in one table: which handlers follow which event.

A handler is `def handle(event: OrderConfirmed, meta: EventMeta) -> None`, named here by its dotted path. It runs
after the commit in its own transaction, at most once with effect. This is the only module that sees every app.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.events import EmailGiven, OtpRequested
from blinkit.kernel.events import DomainEvent
from catalog.events import MarketAlertRaised, MarketChanged, WeAreHere
from delivery.events import (
    AppealAnswered,
    AppealSentIn,
    ArrivalDoubted,
    BagsCalledBack,
    BagsLeftUnseen,
    BagsOutgrewRider,
    CashLimitNear,
    ChatFlagged,
    DeductionDecided,
    DeductionDisputed,
    DeductionTold,
    DoorWaitBegun,
    GigCalledOff,
    IncidentOpened,
    IncidentTold,
    OfferMade,
    PaperExpiring,
    PaperRejected,
    RescueAsked,
    RiderSuspended,
    RiderUnverified,
    RiderVerified,
    SuspensionOver,
    TargetReached,
    TripGrew,
    TripInTrouble,
    WeekIssued,
)
from fulfillment.events import TaskPacked
from inventory.events import BatchBlocked, HeldMissingNotice, HoldExpired, LowStockNotice
from notifications.events import QuestionTold, WatchStopped
from orders.events import (
    BackInStock,
    BagsBack,
    BooksDiffer,
    ClaimApproved,
    ClaimReceived,
    ClaimRefused,
    HeldBackTold,
    LineRecalled,
    LineShorted,
    LineSubstituted,
    OrderCancelled,
    OrderClosed,
    OrderConfirmed,
    OrderDelivered,
    OrderPacked,
    OrderPickedUp,
    OrderRated,
    OrderReleased,
    OrderResourced,
    OrderUndelivered,
    PinMoved,
    PriceDropped,
    RecalledUnitsHeld,
    RecallNotice,
    RiderAtDoor,
    RunningLate,
    StoreAtRisk,
)
from payments.events import (
    MembershipBegun,
    MembershipEnding,
    PaymentCaptured,
    PaymentDeclined,
    RefundCompleted,
    RefundStarted,
    WalletCredited,
)

TELL = "notifications.handlers.tell"  # what is said to whom: notifications/rules.py

REACTIONS: Mapping[type[DomainEvent], Sequence[str]] = {
    OtpRequested: [TELL],
    EmailGiven: [TELL],
    OrderConfirmed: ["fulfillment.handlers.open_pick_task", "delivery.handlers.seek_rider", TELL],
    OrderReleased: ["fulfillment.handlers.open_released", "delivery.handlers.seek_rider_for_slot"],
    OrderResourced: ["fulfillment.handlers.follow_order", "delivery.handlers.follow_order", TELL],
    OrderPacked: ["delivery.handlers.bags_ready"],
    LineShorted: [TELL],
    LineSubstituted: [TELL],
    OrderPickedUp: [
        "orders.handlers.tax_documents",
        "fulfillment.handlers.close_handed_over",
        "delivery.handlers.bags_on_board",
        TELL,
    ],
    RiderAtDoor: [TELL],
    OrderDelivered: [
        "orders.handlers.tax_documents",
        "orders.handlers.order_delivered",
        "orders.handlers.came_late",
        "delivery.handlers.mind_cash",
        TELL,
    ],  # fmt: skip,
    OrderRated: ["delivery.handlers.order_rated"],
    OrderClosed: ["orders.handlers.order_closed"],
    OrderCancelled: ["fulfillment.handlers.close_cancelled", "delivery.handlers.drop_cancelled", TELL],
    OrderUndelivered: ["orders.handlers.tax_documents", TELL],
    PaymentDeclined: [TELL],
    RefundStarted: [TELL],
    OfferMade: [TELL],
    CashLimitNear: [TELL],
    TargetReached: [TELL],
    DeductionTold: [TELL],
    DeductionDecided: [TELL],
    WeekIssued: [TELL],
    DoorWaitBegun: [TELL],
    IncidentTold: ["delivery.handlers.free_of_unfetched", TELL],
    IncidentOpened: ["delivery.handlers.free_of_unfetched"],
    RescueAsked: [TELL],
    TripInTrouble: [TELL],
    ArrivalDoubted: [TELL],
    AppealSentIn: [TELL],
    DeductionDisputed: [TELL],
    BagsCalledBack: [TELL],
    TripGrew: [TELL],
    BagsLeftUnseen: [TELL],
    BagsOutgrewRider: [TELL],
    ChatFlagged: [TELL],
    PinMoved: [TELL],
    BagsBack: ["delivery.handlers.bags_back"],
    BackInStock: [TELL],
    WeAreHere: [TELL],
    PriceDropped: [TELL],
    RunningLate: [TELL],
    StoreAtRisk: [TELL],
    ClaimReceived: [TELL],
    ClaimApproved: ["orders.handlers.tax_documents", TELL],
    ClaimRefused: [TELL],
    BooksDiffer: [TELL],
    HoldExpired: ["orders.handlers.hold_expired"],
    BatchBlocked: ["orders.handlers.batch_blocked"],
    TaskPacked: ["fulfillment.handlers.note_packed"],
    RecalledUnitsHeld: ["fulfillment.handlers.take_out_recalled"],
    LineRecalled: [TELL],
    HeldBackTold: [TELL],
    RecallNotice: [TELL],
    LowStockNotice: [TELL],
    HeldMissingNotice: [TELL],
    PaymentCaptured: ["orders.handlers.payment_captured", "delivery.handlers.deposit_paid"],
    RefundCompleted: ["orders.handlers.refund_completed", TELL],
    WalletCredited: [TELL],
    RiderVerified: [TELL],
    RiderUnverified: [TELL],
    PaperRejected: [TELL],
    PaperExpiring: [TELL],
    RiderSuspended: [TELL],
    SuspensionOver: [TELL],
    AppealAnswered: [TELL],
    GigCalledOff: [TELL],
    MembershipBegun: [TELL],
    MembershipEnding: [TELL],
    MarketChanged: ["catalog.handlers.look_at_alerts", "catalog.handlers.match_what_is_new"],
    MarketAlertRaised: [TELL],
    QuestionTold: [TELL],
    WatchStopped: [TELL],
}


PERSONAL_DATA: Mapping[str, tuple[str, str]] = {  # what each room holds on a person: (tell it, forget it)
    "riding": ("delivery.services.riding.held", "delivery.services.riding.forget"),
    "deliveries": ("delivery.services.personal.held", "delivery.services.personal.forget"),  # finds doors by the orders
    "orders": ("orders.services.personal.held", "orders.services.personal.forget"),
    "floor": ("fulfillment.services.personal.held", "fulfillment.services.personal.forget"),
    "money": ("payments.services.personal.held", "payments.services.personal.forget"),
    "wishes": ("catalog.services.personal.held", "catalog.services.personal.forget"),
    "messages": ("notifications.personal.held", "notifications.personal.forget"),
    "questions": ("dashboard.services.personal.held", "dashboard.services.personal.forget"),
    "account": ("accounts.services.personal.held", "accounts.services.personal.forget"),
}


MESSAGE_PICTURES: Mapping[str, str] = {  # what draws the picture in an e-mail of this template, from its link
    "question_told": "dashboard.services.watches.picture",
}


def home_page(user: Any) -> str:
    """Where a person goes after signing in: the screen of the role they work in."""
    roles = user.roles
    if roles & {"picker", "store_manager"}:
        from catalog.models import StoreMembership

        stores = StoreMembership.objects.filter(user_id=user.pk).order_by("store_id")
        if code := stores.values_list("store__code", flat=True).first():
            return f"/store/{code}/"
    for role, page in (("rider", "/rider/"), ("ops", "/ops/"), ("admin", "/admin/")):
        if role in roles:
            return page
    return "/admin/" if user.is_staff else "/"
