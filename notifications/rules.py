"""Who is told what, when: one table. The words are in templates_default.py and, edited, in Template rows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from notifications.models import Channel


class Who(Enum):
    CUSTOMER = "customer"
    RIDER = "rider"
    OPS = "ops"  # everybody with the role
    PHONE = "phone"  # somebody who may have no account yet


@dataclass(frozen=True, slots=True)
class Say:
    template: str
    channels: tuple[Channel, ...]
    who: Who = Who.CUSTOMER
    is_secret: bool = False


SMS, PUSH, EMAIL, INAPP = Channel.SMS, Channel.PUSH, Channel.EMAIL, Channel.INAPP

RULES: dict[str, tuple[Say, ...]] = {
    "accounts.OtpRequested": (Say("sign_in_code", (SMS,), who=Who.PHONE, is_secret=True),),
    "accounts.EmailGiven": (Say("confirm_email", (EMAIL,)),),
    "orders.OrderConfirmed": (Say("order_confirmed", (PUSH, INAPP)),),
    "orders.OrderResourced": (Say("order_moved", (PUSH, INAPP)),),
    "orders.LineShorted": (Say("line_shorted", (PUSH, INAPP)),),
    "orders.LineRecalled": (Say("line_recalled", (PUSH, INAPP)),),
    "orders.RecallNotice": (Say("recall_notice", (PUSH, INAPP, SMS)),),
    "orders.HeldBackTold": (Say("order_held_back", (PUSH, INAPP)),),
    "orders.LineSubstituted": (Say("line_substituted", (PUSH, INAPP)),),
    "orders.OrderPickedUp": (Say("order_picked_up", (PUSH, INAPP)),),
    "orders.RiderAtDoor": (Say("rider_at_door", (PUSH, INAPP)),),
    "orders.OrderDelivered": (Say("order_delivered", (PUSH, INAPP, EMAIL)),),
    "orders.OrderCancelled": (Say("order_cancelled", (PUSH, INAPP)),),
    "orders.OrderUndelivered": (Say("order_undelivered", (PUSH, INAPP, SMS)),),
    "payments.PaymentDeclined": (Say("payment_declined", (PUSH, INAPP)),),
    "payments.RefundStarted": (Say("refund_started", (INAPP,)),),
    "payments.RefundCompleted": (Say("refund_completed", (PUSH, INAPP)),),
    "catalog.WeAreHere": (Say("we_are_here", (SMS,), who=Who.PHONE),),
    "payments.WalletCredited": (Say("wallet_credited", (PUSH, INAPP)),),
    "payments.MembershipBegun": (Say("membership_begun", (INAPP,)),),
    "payments.MembershipEnding": (Say("membership_ending", (PUSH, INAPP)),),
    "orders.BackInStock": (Say("back_in_stock", (PUSH, INAPP)),),
    "orders.PriceDropped": (Say("price_dropped", (PUSH, INAPP)),),
    "orders.RunningLate": (Say("running_late", (PUSH, INAPP)),),
    "orders.StoreAtRisk": (Say("store_at_risk", (INAPP,), who=Who.OPS),),
    "orders.ClaimReceived": (Say("claim_received", (PUSH, INAPP)),),
    "orders.ClaimApproved": (Say("claim_approved", (PUSH, INAPP)),),
    "orders.ClaimRefused": (Say("claim_refused", (PUSH, INAPP)),),
    "orders.BooksDiffer": (Say("books_differ", (PUSH, INAPP, EMAIL), who=Who.OPS),),
    "inventory.LowStockNotice": (Say("stock_low", (INAPP,)),),
    "inventory.HeldMissingNotice": (Say("held_missing", (PUSH, INAPP)),),
    "delivery.CashLimitNear": (Say("cash_near_limit", (PUSH, INAPP), who=Who.RIDER),),
    "delivery.TargetReached": (Say("target_reached", (PUSH, INAPP), who=Who.RIDER),),
    "delivery.DeductionTold": (Say("deduction_told", (PUSH, INAPP, SMS), who=Who.RIDER),),
    "delivery.DeductionDecided": (Say("deduction_decided", (PUSH, INAPP), who=Who.RIDER),),
    "delivery.WeekIssued": (Say("week_issued", (PUSH, INAPP), who=Who.RIDER),),
    "orders.PinMoved": (Say("pin_moved", (INAPP,), who=Who.OPS),),
    "delivery.DoorWaitBegun": (Say("rider_waits", (PUSH, INAPP)),),
    "delivery.IncidentTold": (Say("incident_told", (PUSH, INAPP), who=Who.OPS),),
    "delivery.TripInTrouble": (Say("trip_trouble", (PUSH, INAPP), who=Who.OPS),),
    "delivery.ArrivalDoubted": (Say("arrival_doubted", (INAPP,), who=Who.OPS),),
    "delivery.AppealSentIn": (Say("appeal_sent", (INAPP,), who=Who.OPS),),
    "delivery.DeductionDisputed": (Say("deduction_disputed", (INAPP,), who=Who.OPS),),
    "delivery.BagsCalledBack": (Say("bags_called_back", (PUSH, INAPP), who=Who.RIDER),),
    "delivery.BagsLeftUnseen": (Say("bags_left", (INAPP,), who=Who.OPS),),
    "delivery.BagsOutgrewRider": (Say("bags_outgrew", (INAPP,), who=Who.OPS),),
    "delivery.ChatFlagged": (Say("chat_flagged", (INAPP,), who=Who.OPS),),
    "delivery.TripGrew": (Say("trip_grew", (PUSH, INAPP), who=Who.RIDER),),
    "delivery.RescueAsked": (Say("rescue_asked", (PUSH, INAPP), who=Who.RIDER),),
    "delivery.OfferMade": (Say("offer_made", (PUSH,), who=Who.RIDER),),
    "delivery.RiderVerified": (Say("rider_verified", (PUSH, INAPP), who=Who.RIDER),),
    "delivery.RiderUnverified": (Say("rider_unverified", (PUSH, INAPP, SMS), who=Who.RIDER),),
    "delivery.PaperRejected": (Say("paper_rejected", (PUSH, INAPP), who=Who.RIDER),),
    "delivery.PaperExpiring": (Say("paper_expiring", (PUSH, INAPP), who=Who.RIDER),),
    "delivery.RiderSuspended": (Say("rider_suspended", (PUSH, INAPP, SMS), who=Who.RIDER),),
    "delivery.SuspensionOver": (Say("suspension_over", (PUSH, INAPP), who=Who.RIDER),),
    "delivery.AppealAnswered": (Say("appeal_answered", (PUSH, INAPP), who=Who.RIDER),),
    "catalog.MarketAlertRaised": (Say("market_alert", (PUSH, INAPP)),),
    "delivery.GigCalledOff": (Say("gig_called_off", (PUSH, INAPP), who=Who.RIDER),),
    "notifications.QuestionTold": (Say("question_told", (INAPP, EMAIL)),),
    "notifications.WatchStopped": (Say("watch_stopped", (INAPP, EMAIL)),),
}
