"""The words a new installation starts with, English and Hindi. Rows an administrator has edited are never overwritten.

`{name}` is filled in from the facts of the event; `PLACEHOLDERS` says which there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from notifications.models import Channel
from notifications.rules import EMAIL, INAPP, PUSH, SMS

ORDER_WORDS = frozenset({"name", "number", "store", "total", "to_pay", "rider", "reason", "arrives_by", "delivered_at"})
ONLY_IN_APP = frozenset(
    {
        "pin_moved",
        "arrival_doubted",
        "appeal_sent",
        "deduction_disputed",
        "bags_left",
        "bags_outgrew",
        "chat_flagged",
        "refund_started",
        "membership_begun",
        "stock_low",
        "store_at_risk",
        "question_told",
        "watch_stopped",
    }
)
MONEY_WORDS = ORDER_WORDS | {"amount"}

PLACEHOLDERS: dict[str, frozenset[str]] = {
    "sign_in_code": frozenset({"code", "minutes"}),
    "confirm_email": frozenset({"name", "url"}),
    "order_confirmed": ORDER_WORDS,
    "order_moved": ORDER_WORDS,
    "line_shorted": ORDER_WORDS | {"product", "qty", "what_happens"},
    "line_recalled": ORDER_WORDS | {"product", "qty", "what_happens"},
    "recall_notice": ORDER_WORDS | {"product", "lot"},
    "order_held_back": frozenset({"number", "product", "lot"}),
    "line_substituted": ORDER_WORDS | {"product", "substitute", "qty", "what_happens"},
    "we_are_here": frozenset({"store"}),
    "order_picked_up": ORDER_WORDS,
    "rider_at_door": ORDER_WORDS,
    "order_delivered": ORDER_WORDS | {"invoice"},
    "order_cancelled": ORDER_WORDS,
    "order_undelivered": ORDER_WORDS,
    "payment_declined": ORDER_WORDS,
    "refund_started": MONEY_WORDS,
    "refund_completed": MONEY_WORDS | {"where"},
    "wallet_credited": frozenset({"amount", "because", "until"}),
    "membership_begun": frozenset({"plan", "until"}),
    "membership_ending": frozenset({"until"}),
    "cash_near_limit": frozenset({"amount", "what_happens"}),
    "target_reached": frozenset({"amount", "target"}),
    "deduction_told": frozenset({"amount", "reason"}),
    "deduction_decided": frozenset({"amount", "what_happens"}),
    "week_issued": frozenset({"amount"}),
    "offer_made": frozenset({"store", "pay", "distance", "bags"}),
    "rider_verified": frozenset(),
    "rider_unverified": frozenset({"papers"}),
    "paper_rejected": frozenset({"paper", "reason"}),
    "paper_expiring": frozenset({"paper", "day"}),
    "rider_suspended": frozenset({"reason", "until"}),
    "suspension_over": frozenset(),
    "appeal_answered": frozenset({"answer"}),
    "gig_called_off": frozenset({"store", "when", "reason"}),
    "back_in_stock": frozenset({"product", "store"}),
    "stock_low": frozenset({"product", "store", "n"}),
    "held_missing": frozenset({"product", "store", "n"}),
    "price_dropped": frozenset({"product", "store", "price", "before"}),
    "running_late": ORDER_WORDS | {"from", "until"},
    "store_at_risk": frozenset({"store", "orders", "minutes", "stage"}),
    "claim_received": ORDER_WORDS,
    "claim_approved": MONEY_WORDS | {"where"},
    "claim_refused": ORDER_WORDS,
    "books_differ": frozenset({"count", "night", "first"}),
    "rider_waits": ORDER_WORDS | {"until"},
    "pin_moved": frozenset({"number", "metres"}),
    "incident_told": frozenset({"rider", "kind", "store"}),
    "trip_trouble": frozenset({"rider", "store", "trouble", "what_to_do"}),
    "arrival_doubted": frozenset({"rider", "store", "says", "what_to_do"}),
    "appeal_sent": frozenset({"rider", "store"}),
    "deduction_disputed": frozenset({"rider", "store"}),
    "bags_called_back": frozenset({"number", "reason"}),
    "bags_left": frozenset({"number", "store"}),
    "bags_outgrew": frozenset({"number", "store", "rider", "bags"}),
    "chat_flagged": frozenset({"number"}),
    "rescue_asked": frozenset({"rider"}),
    "trip_grew": frozenset({"store", "pay", "bags"}),
    "market_alert": frozenset({"product", "what_happens", "details", "more"}),
    "question_told": frozenset({"title", "value", "before", "sentence", "url"}),
    "watch_stopped": frozenset({"title", "reason", "url"}),
}


@dataclass(frozen=True, slots=True)
class Words:
    code: str
    channel: Channel
    language: str
    subject: str
    body: str


# code → language → (subject, body), the same for push and in the app
_SHORT: dict[str, dict[str, tuple[str, str]]] = {
    "order_confirmed": {
        "en": ("Order {number} is in", "{store} is on it. Arrives by {arrives_by}. {to_pay}"),
        "hi": ("ऑर्डर {number} मिल गया", "{store} तैयारी कर रहा है। {arrives_by} तक पहुँचेगा। {to_pay}"),
    },
    "order_moved": {
        "en": (
            "{store} brings your order {number}",
            "Your store couldn't prepare it, so {store} does. It arrives by {arrives_by}, at the same price.",
        ),
        "hi": (
            "ऑर्डर {number} अब {store} से आएगा",
            "आपका स्टोर इसे तैयार नहीं कर पाया, इसलिए {store} भेज रहा है। {arrives_by} तक पहुँचेगा, दाम वही रहेगा।",
        ),
    },
    "line_shorted": {
        "en": ("Couldn't find {product}", "{qty} × {product} was not on the shelf, sorry. {what_happens}"),
        "hi": ("{product} नहीं मिला", "{qty} × {product} शेल्फ़ पर नहीं था, माफ़ कीजिए। {what_happens}"),
    },
    "line_recalled": {
        "en": ("{product} was recalled", "{qty} × {product} was recalled and is off your order. {what_happens}"),
        "hi": ("{product} वापस मँगाया गया", "{qty} × {product} ऑर्डर से हटा दिया, कंपनी ने वापस मँगाया है। {what_happens}"),
    },
    "recall_notice": {
        "en": (
            "Please don't use {product}",
            "{product} {lot} in order {number} was recalled. {reason} Don't use it; ask for a refund in the app.",
        ),
        "hi": (
            "{product} इस्तेमाल न करें",
            "ऑर्डर {number} का {product} {lot} वापस मँगाया गया है। {reason} इसे इस्तेमाल न करें; ऐप में पैसे वापस माँगें।",
        ),
    },
    "order_held_back": {
        "en": ("Order {number} must not leave", "{product} {lot} in its bags was recalled. Decide what happens to it."),
        "hi": ("ऑर्डर {number} बाहर न जाए", "इसके थैलों में {product} {lot} वापस मँगाया गया है। तय कीजिए क्या करना है।"),
    },
    "line_substituted": {
        "en": ("{substitute} comes instead", "{product} was not on the shelf: {qty} × {substitute}. {what_happens}"),
        "hi": ("{substitute} ला रहे हैं", "{product} शेल्फ़ पर नहीं था: उसकी जगह {qty} × {substitute}। {what_happens}"),
    },
    "order_picked_up": {
        "en": ("{rider} is on the way", "Order {number} has left {store}. Your door code is in the app. {to_pay}"),
        "hi": ("{rider} रास्ते में हैं", "ऑर्डर {number} {store} से निकल गया। दरवाज़े का कोड ऐप में है। {to_pay}"),
    },
    "rider_at_door": {
        "en": ("{rider} is at the door", "Order {number} is here. Your door code is in the app. {to_pay}"),
        "hi": ("{rider} दरवाज़े पर हैं", "ऑर्डर {number} आ गया। दरवाज़े का कोड ऐप में है। {to_pay}"),
    },
    "running_late": {
        "en": ("Running late, now {from}–{until}", "Order {number} comes later than we promised. Sorry for the wait."),
        "hi": ("थोड़ी देर होगी, अब {from}–{until}", "ऑर्डर {number} वादे से देर में पहुँचेगा। इंतज़ार के लिए माफ़ कीजिए।"),
    },
    "store_at_risk": {
        "en": ("{store}: {orders} late or about to be", "{stage}. The worst is expected {minutes} min late."),
        "hi": ("{store}: {orders} देर से हैं या होने वाले हैं", "{stage}। सबसे ज़्यादा देर: {minutes} मिनट।"),
    },
    "order_delivered": {
        "en": ("Delivered at {delivered_at}", "Order {number} is with you. Something not right? Tell us in the app."),
        "hi": ("{delivered_at} पर पहुँच गया", "ऑर्डर {number} आपके पास है। कुछ गड़बड़? ऐप में बताइए।"),
    },
    "order_cancelled": {
        "en": ("Order {number} is cancelled", "{reason} If you paid, all of it goes back to you."),
        "hi": ("ऑर्डर {number} रद्द हुआ", "{reason} अगर आपने भुगतान किया था, तो पूरा पैसा लौटेगा।"),
    },
    "order_undelivered": {
        "en": (
            "We couldn't hand over {number}",
            "{reason} Your bags are going back to {store}. Call us if you still want them.",
        ),
        "hi": ("{number} नहीं दे सके", "{reason} आपका सामान {store} लौट रहा है। चाहिए तो हमें फ़ोन कीजिए।"),
    },
    "payment_declined": {
        "en": (
            "The payment didn't go through",
            "Nothing was taken. Your items for {number} are still held: try again or pay another way.",
        ),
        "hi": (
            "भुगतान नहीं हुआ",
            "कोई पैसा नहीं कटा। {number} का सामान अभी आपके लिए रखा है: फिर कोशिश कीजिए या दूसरे तरीक़े से चुकाइए।",
        ),
    },
    "refund_started": {
        "en": ("{amount} is going back to you", "For order {number}. We'll tell you when it has arrived."),
        "hi": ("{amount} आपको लौट रहा है", "ऑर्डर {number} के लिए। पहुँचते ही बताएँगे।"),
    },
    "refund_completed": {
        "en": ("{amount} refunded", "The refund for order {number} is done. {where}"),
        "hi": ("{amount} लौटा दिया", "ऑर्डर {number} का रिफ़ंड हो गया। {where}"),
    },
    "wallet_credited": {
        "en": ("{amount} is in your wallet", "{because} {until}"),
        "hi": ("{amount} आपके वॉलेट में आ गए", "{because} {until}"),
    },
    "membership_begun": {
        "en": ("You are a member", "{plan} is yours until {until}. Enjoy it from your next order."),
        "hi": ("आप मेंबर हैं", "{plan} {until} तक आपकी है। अगले ऑर्डर से फ़ायदा लीजिए।"),
    },
    "membership_ending": {
        "en": ("Your membership ends on {until}", "It does not renew by itself. Renew it in the app if you like it."),
        "hi": ("आपकी मेंबरशिप {until} को ख़त्म होगी", "यह अपने आप आगे नहीं बढ़ती। पसंद हो तो ऐप में बढ़ा लीजिए।"),
    },
    "stock_low": {
        "en": ("Running low: {product}", "{n} products of {store} are at their reorder point. Look at what to order."),
        "hi": ("{product} ख़त्म होने वाला है", "{store} में {n} सामान कम रह गए हैं। देखिए क्या मँगाना है।"),
    },
    "held_missing": {
        "en": ("{product}: orders wait for missing units", "A count in {store} found {n} fewer than orders hold."),
        "hi": ("{product}: ऑर्डर का सामान कम है", "{store} की गिनती में ऑर्डर के लिए रखे सामान से {n} कम निकले।"),
    },
    "back_in_stock": {
        "en": ("{product} is back", "You asked us to tell you: {store} has it again."),
        "hi": ("{product} फिर से आ गया", "आपने बताने को कहा था: {store} में फिर से मिल रहा है।"),
    },
    "price_dropped": {
        "en": ("{product} is now {price}", "It was {before} when you looked. {store} has it."),
        "hi": ("{product} अब {price} में", "आपने देखा था तब {before} का था। {store} में मिल रहा है।"),
    },
    "market_alert": {
        "en": ("{product}: {what_happens}", "{details} {more}"),
        "hi": ("{product}: {what_happens}", "{details} {more}"),
    },
    "claim_received": {
        "en": ("We are looking at it", "A person reads what you told us about {number}. We answer in a few hours."),
        "hi": ("हम देख रहे हैं", "{number} के बारे में आपने जो बताया, हमारी टीम पढ़ रही है। कुछ घंटों में जवाब देंगे।"),
    },
    "claim_approved": {
        "en": ("{amount} goes back to you", "Sorry about {number}. {reason} {where}"),
        "hi": ("{amount} आपको लौट रहे हैं", "{number} के लिए माफ़ कीजिए। {reason} {where}"),
    },
    "claim_refused": {
        "en": ("About your claim for {number}", "We could not refund it. {reason} Tell us in the app if we are wrong."),
        "hi": ("{number} की आपकी शिकायत", "इसका पैसा नहीं लौटा सके। {reason} अगर हमसे ग़लती हुई हो तो ऐप में बताइए।"),
    },
    "books_differ": {
        "en": ("The books differ: {count}", "The audit of {night} found: {first}. Run both audits and look."),
        "hi": ("हिसाब में {count} फ़र्क़", "{night} की जाँच में मिला: {first}. दोनों ऑडिट चलाकर देखिए।"),
    },
    "cash_near_limit": {
        "en": ("You carry {amount} in cash", "{what_happens} Hand it in at the desk or by UPI."),
        "hi": ("आपके पास {amount} नकद है", "{what_happens} काउंटर पर या UPI से जमा कीजिए।"),
    },
    "target_reached": {
        "en": ("{amount} more: {target}", "You have reached the target. It is on this week's statement."),
        "hi": ("{amount} और: {target}", "टारगेट पूरा हुआ। यह इस हफ़्ते के हिसाब में जुड़ेगा।"),
    },
    "deduction_told": {
        "en": ("{amount} are to be deducted", "{reason} Is that wrong? Say so within 7 days, under Earnings."),
        "hi": ("{amount} की कटौती होनी है", "{reason} ग़लत है? 7 दिन के अंदर कमाई में बताइए।"),
    },
    "deduction_decided": {
        "en": ("About the deduction of {amount}", "{what_happens}"),
        "hi": ("{amount} की कटौती के बारे में", "{what_happens}"),
    },
    "week_issued": {
        "en": ("Your week: {amount}", "The statement is ready, the money is on its way to your bank."),
        "hi": ("आपका हफ़्ता: {amount}", "हिसाब तैयार है, पैसे आपके बैंक में आ रहे हैं।"),
    },
    "rider_waits": {
        "en": ("{rider} waits at your door until {until}", "Order {number}: open the app to say what to do."),
        "hi": ("{rider} {until} तक दरवाज़े पर रुकेंगे", "ऑर्डर {number}: ऐप खोलकर बताइए क्या करना है।"),
    },
    "pin_moved": {
        "en": ("The door of {number} was corrected", "The pin moved by {metres} m. Its rider sees the new place."),
        "hi": ("{number} का पता ठीक किया गया", "पिन {metres} मीटर खिसका। राइडर को नई जगह दिख रही है।"),
    },
    "incident_told": {
        "en": ("{kind}: {rider}", "A rider of {store} needs you. Look at once and say that you have seen it."),
        "hi": ("{kind}: {rider}", "{store} के राइडर को आपकी ज़रूरत है। तुरंत देखिए और बताइए कि देख लिया।"),
    },
    "trip_trouble": {
        "en": ("{rider}: {trouble}", "{store}. {what_to_do}"),
        "hi": ("{rider}: {trouble}", "{store}. {what_to_do}"),
    },
    "arrival_doubted": {
        "en": ("{rider} {says}", "{store}. {what_to_do}"),
        "hi": ("{rider} {says}", "{store}. {what_to_do}"),
    },
    "appeal_sent": {
        "en": ("{rider} appeals against the suspension", "{store}. Read it and answer: until then they cannot ride."),
        "hi": ("{rider} ने निलंबन के ख़िलाफ़ अपील की", "{store}. पढ़कर जवाब दीजिए: तब तक राइडर काम नहीं कर सकता।"),
    },
    "deduction_disputed": {
        "en": ("{rider} says no to a deduction", "{store}. Look again and decide: nothing is taken until then."),
        "hi": ("{rider} को एक कटौती मंज़ूर नहीं", "{store}. फिर देखकर तय कीजिए: तब तक कुछ नहीं कटेगा।"),
    },
    "bags_called_back": {
        "en": ("Bring {number} back to the store", "{reason} Your ride and the way back are paid."),
        "hi": ("{number} को दुकान वापस ले आइए", "{reason} आपका सफ़र और वापसी का रास्ता चुकाया जाएगा।"),
    },
    "bags_left": {
        "en": ("Bags of {number} stand in {store}", "Nobody took them back in time. Somebody has to look at them."),
        "hi": ("{number} के थैले {store} में रखे हैं", "समय पर किसी ने वापस नहीं लिए। किसी को देखना होगा।"),
    },
    "bags_outgrew": {
        "en": (
            "{number} is more than {rider} can carry",
            "It became {bags} bags in {store}. Somebody who can carry them is sought; see whether anybody can.",
        ),
        "hi": (
            "{number} {rider} के लिए ज़्यादा है",
            "{store} में {bags} थैले बने। ले जा सकने वाला राइडर खोजा जा रहा है; देखिए कोई है या नहीं।",
        ),
    },
    "chat_flagged": {
        "en": ("A message of {number} was flagged", "Read the chat and decide what to do."),
        "hi": ("{number} के एक संदेश की शिकायत", "चैट पढ़कर तय कीजिए क्या करना है।"),
    },
    "rescue_asked": {
        "en": ("{rider} needs your help", "Please ride there and take the bags over. The way is in the app."),
        "hi": ("{rider} को आपकी मदद चाहिए", "वहाँ जाकर थैले ले लीजिए। रास्ता ऐप में है।"),
    },
    "trip_grew": {
        "en": ("One more order from {store}", "It goes to the last door of your trip: {pay} · {bags}."),
        "hi": ("{store} से एक और ऑर्डर", "यह आपकी ट्रिप का आख़िरी दरवाज़ा है: {pay} · {bags}।"),
    },
    "question_told": {
        "en": ("{title}: {value}", "{before}{sentence}"),
        "hi": ("{title}: {value}", "{before}{sentence}"),
    },
    "watch_stopped": {
        "en": ("No longer watched: {title}", "{reason} It is not asked any more."),
        "hi": ("अब नज़र नहीं: {title}", "{reason} अब यह नहीं पूछा जाता।"),
    },
    "offer_made": {
        "en": ("A delivery from {store}", "{pay} · {distance} · {bags}"),
        "hi": ("{store} से एक डिलीवरी", "{pay} · {distance} · {bags}"),
    },
    "rider_verified": {
        "en": ("You can ride", "Your papers are in order. Go on duty, or book your first gig."),
        "hi": ("अब आप राइड कर सकते हैं", "आपके कागज़ात ठीक हैं। ड्यूटी शुरू करें या पहला गिग बुक करें।"),
    },
    "rider_unverified": {
        "en": ("We need a new paper", "No duty until we have it: {papers}. Send it in the app, under Me."),
        "hi": ("नया कागज़ चाहिए", "मिलने तक ड्यूटी नहीं: {papers}। ऐप में “मैं” में भेजें।"),
    },
    "paper_rejected": {
        "en": ("{paper}: please send it again", "{reason}"),
        "hi": ("{paper}: कृपया दोबारा भेजें", "{reason}"),
    },
    "paper_expiring": {
        "en": ("{paper} is good until {day}", "Send the new one in time, so that you can go on riding."),
        "hi": ("{paper} {day} तक मान्य है", "नया कागज़ समय पर भेजें, ताकि राइड चलती रहे।"),
    },
    "rider_suspended": {
        "en": ("Your account is paused", "{reason} {until} You can answer in the app, under Me."),
        "hi": ("आपका खाता रोका गया है", "{reason} {until} ऐप में “मैं” में जवाब दे सकते हैं।"),
    },
    "suspension_over": {
        "en": ("Your account is open again", "You can go on duty when you like."),
        "hi": ("आपका खाता फिर चालू है", "जब चाहें ड्यूटी शुरू करें।"),
    },
    "appeal_answered": {
        "en": ("We have answered your appeal", "{answer}"),
        "hi": ("आपकी अपील का जवाब आ गया", "{answer}"),
    },
    "gig_called_off": {
        "en": ("Your gig is called off", "{store}, {when}. {reason}"),
        "hi": ("आपका गिग रद्द हुआ", "{store}, {when}। {reason}"),
    },
}  # fmt: skip

_OTHER: tuple[Words, ...] = (
    Words("we_are_here", SMS, "en", "", "We deliver to you now, from {store}. You asked us to tell you, once."),
    Words("we_are_here", SMS, "hi", "", "अब {store} से आपके यहाँ भी डिलीवरी होती है। आपने एक बार बताने को कहा था।"),
    Words(
        "rider_suspended",
        SMS,
        "en",
        "",
        "Your rider account is paused. {reason} {until} You can answer in the app, under Me.",
    ),
    Words("rider_suspended", SMS, "hi", "", "आपका राइडर खाता रोका गया है। {reason} {until} ऐप में “मैं” में जवाब दे सकते हैं।"),
    Words("rider_unverified", SMS, "en", "", "No duty until you send a new paper: {papers}. In the app, under Me."),
    Words("rider_unverified", SMS, "hi", "", "नया कागज़ भेजने तक ड्यूटी नहीं: {papers}। ऐप में “मैं” में भेजें।"),
    Words("sign_in_code", SMS, "en", "", "{code} is your sign-in code, good for {minutes} minutes. Never share it."),
    Words("sign_in_code", SMS, "hi", "", "{code} आपका साइन-इन कोड है, {minutes} मिनट तक। किसी को न बताएँ।"),
    Words(
        "confirm_email",
        EMAIL,
        "en",
        "Is this your e-mail address?",
        "Hello {name},\n\nopen this link and we know that invoices reach you here:\n{url}\n\nYou did not give us this"
        " address? Then do nothing.",
    ),
    Words(
        "confirm_email",
        EMAIL,
        "hi",
        "क्या यह आपका ई-मेल है?",
        "नमस्ते {name},\n\nयह लिंक खोलिए, ताकि बिल आपको यहीं मिलें:\n{url}\n\nअगर यह पता आपने नहीं दिया था, तो कुछ न कीजिए।",
    ),
    Words("question_told", EMAIL, "en", "{title}: {value}", "{before}{sentence}\n\nThe answer as it was: {url}"),
    Words("question_told", EMAIL, "hi", "{title}: {value}", "{before}{sentence}\n\nउस समय का जवाब: {url}"),
    Words(
        "watch_stopped", EMAIL, "en", "No longer watched: {title}", "{reason} It is not asked any more.\n\nAsk: {url}"
    ),
    Words("watch_stopped", EMAIL, "hi", "अब नज़र नहीं: {title}", "{reason} अब यह नहीं पूछा जाता।\n\nपूछिए: {url}"),
    Words("order_undelivered", SMS, "en", "", "We couldn't hand over order {number}. {reason} Call us if you want it."),
    Words("order_undelivered", SMS, "hi", "", "ऑर्डर {number} नहीं दे सके। {reason} चाहिए तो हमें फ़ोन कीजिए।"),
    Words("deduction_told", SMS, "en", "", "{amount} are to be deducted: {reason} Wrong? Say so within 7 days."),
    Words("deduction_told", SMS, "hi", "", "{amount} की कटौती होनी है: {reason} ग़लत हो तो 7 दिन में बताइए।"),
    Words("recall_notice", SMS, "en", "", "Don't use {product} {lot} of order {number}: it was recalled. {reason}"),
    Words("recall_notice", SMS, "hi", "", "ऑर्डर {number} का {product} {lot} इस्तेमाल न करें: वापस मँगाया गया है। {reason}"),
    Words(
        "books_differ",
        EMAIL,
        "en",
        "The books differ: {count}",
        "The audit of {night} found {count} differences, among them:\n{first}\n\nmanage.py audit_stock and manage.py"
        " audit_ledger list all of them.",
    ),
    Words(
        "books_differ",
        EMAIL,
        "hi",
        "हिसाब में {count} फ़र्क़",
        "{night} की जाँच में {count} फ़र्क़ मिले, जैसे:\n{first}\n\nपूरी सूची manage.py audit_stock और manage.py audit_ledger"
        " दिखाते हैं।",
    ),
    Words(
        "order_delivered",
        EMAIL,
        "en",
        "Your order {number} was delivered",
        "Hello {name},\n\nyour order {number} from {store} was delivered at {delivered_at}.\nTotal: {total}, taxes"
        " included.\nInvoice: {invoice}\n\nIf something was missing or not right, open the order in the app and tell"
        " us.\n\nThank you!",
    ),
    Words(
        "order_delivered",
        EMAIL,
        "hi",
        "आपका ऑर्डर {number} पहुँच गया",
        "नमस्ते {name},\n\n{store} से आपका ऑर्डर {number} {delivered_at} पर पहुँच गया।\nकुल: {total}, टैक्स सहित।\n"
        "इनवॉइस: {invoice}\n\nकुछ कम या ख़राब हो तो ऐप में ऑर्डर खोलकर बताइए।\n\nधन्यवाद!",
    ),
)

# Sentences that become one of the words above: (one that fits, per language)
PHRASES: dict[str, dict[str, str]] = {
    "market_drop": {"en": "{price} on {platform}", "hi": "{platform} पर {price}"},
    "market_below": {"en": "now {price} on {platform}", "hi": "{platform} पर अब {price}"},
    "market_undercut": {"en": "{platform} asks {price}", "hi": "{platform} पर {price} में"},
    "market_gone": {"en": "sold out on {platform}", "hi": "{platform} पर ख़त्म"},
    "market_back": {"en": "back on {platform}", "hi": "{platform} पर फिर मिल रहा है"},
    "market_was": {"en": "It was {before} before.", "hi": "पहले {before} का था।"},
    "market_ours": {"en": "We ask {ours}.", "hi": "हमारे यहाँ {ours} का है।"},
    "market_price": {"en": "It costs {price}.", "hi": "दाम {price} है।"},
    "market_more": {"en": "{n} more changed the same way.", "hi": "{n} और में भी ऐसा ही बदला।"},
    "pay_rider": {"en": "Please keep {total} ready.", "hi": "कृपया {total} तैयार रखें।"},
    "refunded": {"en": "Refunded {amount}.", "hi": "{amount} लौटा दिए।"},
    "not_charged": {"en": "You don't pay for it.", "hi": "इसके पैसे नहीं लगेंगे।"},
    "not_charged_new_total": {
        "en": "You don't pay for it: the new sum is {total}.",
        "hi": "इसके पैसे नहीं लगेंगे: अब कुल {total} देने हैं।",
    },
    "same_price": {"en": "You pay the same.", "hi": "दाम वही रहेगा।"},
    "pays_less": {"en": "Your bill went down by {amount}.", "hi": "आपका बिल {amount} कम हो गया।"},
    "lot": {"en": "(lot {lot})", "hi": "(लॉट {lot})"},
    "it_was": {"en": "It was {was}. ", "hi": "पहले {was} था। "},
    "in_bank": {"en": "Banks may take a day to show it.", "hi": "बैंक में दिखने में एक दिन लग सकता है।"},
    "as_paid": {"en": "It goes back the way you paid.", "hi": "पैसा उसी तरह लौटेगा जैसे आपने चुकाया था।"},
    "in_wallet": {"en": "It is in your wallet.", "hi": "पैसे आपके वॉलेट में हैं।"},
    "because_cashback": {"en": "Your cashback has come.", "hi": "आपका कैशबैक आ गया।"},
    "because_referral": {"en": "For sharing the shop with a friend.", "hi": "दोस्त के साथ दुकान बाँटने के लिए।"},
    "because_goodwill": {"en": "From us: {reason}", "hi": "हमारी ओर से: {reason}"},
    "because_late": {"en": "Your order came late, sorry. {reason}", "hi": "आपका ऑर्डर देर से पहुँचा, माफ़ कीजिए। {reason}"},
    "spend_until": {"en": "Spend it by {day}.", "hi": "{day} तक ख़र्च कीजिए।"},
    "your_rider": {"en": "Your rider", "hi": "आपके राइडर"},
    "bag": {"en": "1 bag", "hi": "1 थैला"},
    "bags": {"en": "{bags} bags", "hi": "{bags} थैले"},
    "one_order": {"en": "1 order", "hi": "1 ऑर्डर"},
    "orders": {"en": "{n} orders", "hi": "{n} ऑर्डर"},
    "slow_accept": {"en": "Slowest: before the store begins", "hi": "सबसे धीमा: दुकान का शुरू करना"},
    "slow_queue": {"en": "Slowest: waiting for a picker", "hi": "सबसे धीमा: पिकर का इंतज़ार"},
    "slow_picking": {"en": "Slowest: picking", "hi": "सबसे धीमा: सामान चुनना"},
    "slow_packing": {"en": "Slowest: packing", "hi": "सबसे धीमा: पैक करना"},
    "slow_rider": {"en": "Slowest: waiting for a rider", "hi": "सबसे धीमा: राइडर का इंतज़ार"},
    "slow_handover": {"en": "Slowest: the rider to the shelf", "hi": "सबसे धीमा: राइडर का शेल्फ़ तक आना"},
    "slow_ride": {"en": "Slowest: the ride", "hi": "सबसे धीमा: सफ़र"},
    "slow_door": {"en": "Slowest: at the door", "hi": "सबसे धीमा: दरवाज़े पर"},
    "cash_soon": {"en": "Please hand some in soon.", "hi": "कुछ जल्दी जमा कर दीजिए।"},
    "cash_full": {
        "en": "That is the limit: until then you get paid orders only.",
        "hi": "सीमा पूरी हुई: तब तक सिर्फ़ पहले से चुकाए ऑर्डर मिलेंगे।",
    },
    "deduction_stays": {"en": "We looked again: it stays.", "hi": "हमने फिर देखा: कटौती रहेगी।"},
    "deduction_dropped": {"en": "It is dropped, nothing is taken.", "hi": "कटौती हटा दी गई, कुछ नहीं कटेगा।"},
    "suspended_until": {"en": "Until {day}.", "hi": "{day} तक।"},
    "you": {"en": "there", "hi": "जी"},
    "incident_sos": {"en": "SOS", "hi": "SOS"},
    "incident_accident": {"en": "Accident", "hi": "दुर्घटना"},
    "incident_vehicle": {"en": "Vehicle trouble", "hi": "गाड़ी ख़राब"},
    "incident_harassment": {"en": "Harassment", "hi": "परेशान किया जा रहा है"},
    "incident_spilled": {"en": "Spilled goods", "hi": "सामान गिर गया"},
    "incident_theft": {"en": "Theft", "hi": "चोरी"},
    "incident_other": {"en": "An incident", "hi": "कोई घटना"},
    "trouble_silent": {"en": "the phone is silent", "hi": "फ़ोन चुप है"},
    "trouble_off_route": {"en": "comes no nearer", "hi": "पास नहीं आ रहे"},
    "one_on_board": {
        "en": "1 order is on board. Call; if nobody answers, send another rider there.",
        "hi": "1 ऑर्डर उनके पास है। फ़ोन कीजिए; कोई न उठाए तो दूसरा राइडर भेजिए।",
    },
    "some_on_board": {
        "en": "{n} orders are on board. Call; if nobody answers, send another rider there.",
        "hi": "{n} ऑर्डर उनके पास हैं। फ़ोन कीजिए; कोई न उठाए तो दूसरा राइडर भेजिए।",
    },
    "none_on_board": {
        "en": "No bags are on board yet; somebody else is sought for the order.",
        "hi": "अभी कोई थैला उनके पास नहीं; ऑर्डर के लिए दूसरा राइडर खोजा जा रहा है।",
    },
    "says_store": {
        "en": "says to be at the store, the phone is {metres} m away",
        "hi": "कहते हैं दुकान पर हैं, फ़ोन {metres} मी दूर है",
    },
    "says_door": {
        "en": "says to be at the door, the phone is {metres} m away",
        "hi": "कहते हैं दरवाज़े पर हैं, फ़ोन {metres} मी दूर है",
    },
    "doubt_store": {
        "en": "Call if the bags have to wait; waiting is not paid before a position shows it.",
        "hi": "थैलों को रुकना पड़े तो फ़ोन कीजिए; जगह दिखने तक इंतज़ार का पैसा नहीं लगता।",
    },
    "doubt_door": {
        "en": "Call, or correct the pin if it is wrong.",
        "hi": "फ़ोन कीजिए, या पिन ग़लत हो तो ठीक कीजिए।",
    },
}


def defaults() -> Iterator[Words]:
    for code, languages in _SHORT.items():
        for language, (subject, body) in languages.items():
            for channel in (PUSH,) if code == "offer_made" else (INAPP,) if code in ONLY_IN_APP else (PUSH, INAPP):
                yield Words(code, channel, language, subject, body)
    yield from _OTHER
