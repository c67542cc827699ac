"""Doors of dashboard, mounted by blinkit.urls and blinkit.asgi."""

from __future__ import annotations

from typing import Any

from django.urls import path

from dashboard import api
from dashboard.web import ask, ask_public, board, claims, demand, desk, incidents, kept, market, promises, recalls, road
from dashboard.ws import OpsConsumer

api_urls: list[Any] = [
    path("query/", api.QueryView.as_view(), name="api-query"),
    path("query/suggest/", api.SuggestView.as_view(), name="api-query-suggest"),
    path("query/feedback/", api.FeedbackView.as_view(), name="api-query-feedback"),
    path("query", api.QueryAlias.as_view()),
    path("query/suggest", api.SuggestAlias.as_view()),
    path("query/feedback", api.FeedbackAlias.as_view()),
]
web_urls: list[Any] = [
    path("ops/", board.board, name="ops-board"),
    path("ops/ask/", ask.ask, name="ops-ask"),
    path("ops/ask/suggest/", ask.suggest, name="ops-ask-suggest"),
    path("ops/ask/change/", ask.change, name="ops-ask-change"),
    path("ops/ask/answer.csv", ask.export_csv, name="ops-ask-csv"),
    path("ops/ask/answer.xlsx", ask.export_excel, name="ops-ask-excel"),
    path("ops/ask/feedback/", ask.feedback, name="ops-ask-feedback"),
    path("ops/ask/save/", ask.save, name="ops-ask-save"),
    path("ops/ask/watch/", ask.watch, name="ops-ask-watch"),
    path("ops/ask/saved/<uuid:saved_id>/", ask.open_saved, name="ops-ask-saved"),
    path("ops/ask/saved/<uuid:saved_id>/share/", ask.share, name="ops-ask-share"),
    path("ops/ask/saved/<uuid:saved_id>/delete/", ask.delete, name="ops-ask-delete"),
    path("ops/ask/watches/<uuid:watch_id>/stop/", ask.stop_watch, name="ops-ask-stop"),
    path("ops/ask/alerts/<int:alert_id>/", ask.alert, name="ops-ask-alert"),
    path("compare/ask/", ask_public.ask, name="compare-ask"),
    path("compare/ask/suggest/", ask_public.suggest, name="compare-ask-suggest"),
    path("compare/ask/change/", ask_public.change, name="compare-ask-change"),
    path("ops/riders/", board.riders, name="ops-riders"),
    path("ops/demand/", demand.demand, name="ops-demand"),
    path("ops/demand/cells.csv", demand.demand_csv, name="ops-demand-csv"),
    path("ops/demand/tell/", demand.tell, name="ops-demand-tell"),
    path("ops/stores/<str:code>/", board.store, name="ops-store"),
    path("ops/stores/<str:code>/mode/", board.set_mode, name="ops-store-mode"),
    path("ops/orders/", desk.order_list, name="ops-orders"),
    path("ops/orders/<uuid:order_id>/", desk.order, name="ops-order"),
    path("ops/orders/<uuid:order_id>/cancel/", desk.cancel, name="ops-order-cancel"),
    path("ops/orders/<uuid:order_id>/assign/", desk.assign, name="ops-order-assign"),
    path("ops/promises/", promises.promises, name="ops-promises"),
    path("ops/promises/kept/", kept.kept, name="ops-kept"),
    path("ops/promises/kept.csv", kept.kept_csv, name="ops-kept-csv"),
    path("ops/market/", market.watch, name="ops-market"),
    path("ops/market/<slug:what>.csv", market.file, name="ops-market-csv"),
    path("ops/claims/", claims.queue, name="ops-claims"),
    path("ops/claims/<uuid:claim_id>/", claims.claim, name="ops-claim"),
    path("ops/claims/<uuid:claim_id>/decide/", claims.decide, name="ops-claim-decide"),
    path("ops/recalls/", recalls.search, name="ops-recalls"),
    path("ops/recalls/begin/", recalls.begin, name="ops-recall-begin"),
    path("ops/recalls/<int:recall_id>/", recalls.recall, name="ops-recall"),
    path("ops/recalls/<int:recall_id>/tell/", recalls.tell, name="ops-recall-tell"),
    path("ops/recalls/<int:recall_id>/end/", recalls.end, name="ops-recall-end"),
    path("ops/recalls/<int:recall_id>/orders.csv", recalls.export, name="ops-recall-csv"),
    path("ops/orders/<uuid:order_id>/unassign/", desk.unassign, name="ops-order-unassign"),
    path("ops/orders/<uuid:order_id>/road/", road.panel, name="ops-order-road"),
    path("ops/orders/<uuid:order_id>/wait/", road.set_wait, name="ops-order-wait"),
    path("ops/orders/<uuid:order_id>/pin/", road.move_pin, name="ops-order-pin"),
    path("ops/orders/<uuid:order_id>/chat/", road.chat, name="ops-order-chat"),
    path("ops/orders/<uuid:order_id>/chat/settle/", road.settle, name="ops-order-chat-settle"),
    path("ops/sos/", incidents.ringing, name="ops-sos"),
    path("ops/incidents/", incidents.incident_list, name="ops-incidents"),
    path("ops/incidents/<uuid:incident_id>/", incidents.incident, name="ops-incident"),
    path("ops/incidents/<uuid:incident_id>/see/", incidents.see, name="ops-incident-see"),
    path("ops/incidents/<uuid:incident_id>/take/", incidents.take, name="ops-incident-take"),
    path("ops/incidents/<uuid:incident_id>/note/", incidents.note, name="ops-incident-note"),
    path("ops/incidents/<uuid:incident_id>/resolve/", incidents.resolve, name="ops-incident-resolve"),
    path("ops/incidents/<uuid:incident_id>/give-away/", incidents.give_away, name="ops-incident-give-away"),
    path("ops/incidents/<uuid:incident_id>/rescue/", incidents.rescue, name="ops-incident-rescue"),
    path("ops/incidents/<uuid:incident_id>/call-off/", incidents.call_off, name="ops-incident-call-off"),
]
ws_urls: list[Any] = [path("ops/", OpsConsumer.as_asgi())]
