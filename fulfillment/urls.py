"""Doors of fulfillment, mounted by blinkit.urls and blinkit.asgi."""

from __future__ import annotations

from typing import Any

from django.urls import path

from fulfillment import api, ws
from fulfillment.web import counts, packing, pick, queue, receiving, replenish, stock, totes, transfers, wastage

api_urls: list[Any] = [
    path("floor/stores/<str:code>/shift/start/", api.ShiftStartView.as_view()),
    path("floor/stores/<str:code>/shift/end/", api.ShiftEndView.as_view()),
    path("floor/stores/<str:code>/queue/", api.QueueView.as_view()),
    path("floor/stores/<str:code>/next/", api.NextView.as_view()),
    path("floor/stores/<str:code>/walk/", api.WalkView.as_view()),
    path("floor/tasks/<uuid:task_id>/", api.TaskView.as_view()),
    path("floor/tasks/<uuid:task_id>/scan/", api.ScanView.as_view()),
    path("floor/tasks/<uuid:task_id>/short/", api.ShortView.as_view()),
    path("floor/tasks/<uuid:task_id>/lines/<int:line_id>/substitutes/", api.InsteadView.as_view()),
    path("floor/tasks/<uuid:task_id>/substitute/", api.SubstituteView.as_view()),
    path("floor/tasks/<uuid:task_id>/undo/", api.UndoView.as_view()),
    path("floor/tasks/<uuid:task_id>/pack/", api.PackView.as_view()),
]

web_urls: list[Any] = [
    path("store/", queue.home, name="floor-home"),
    path("store/<str:code>/", queue.queue, name="floor-queue"),
    path("store/<str:code>/shift/", queue.shift, name="floor-shift"),
    path("store/<str:code>/next/", queue.next_order, name="floor-next"),
    path("store/<str:code>/mode/", queue.set_mode, name="floor-mode"),
    path("store/<str:code>/stock/", stock.stock, name="floor-stock"),
    path("store/<str:code>/stock/<str:sku>/", stock.change, name="floor-stock-change"),
    path("store/<str:code>/inbound/", receiving.expected, name="floor-inbound"),
    path("store/<str:code>/inbound/open/", receiving.open_one, name="floor-receipt-open"),
    path("store/<str:code>/inbound/<uuid:receipt_id>/", receiving.receipt, name="floor-receipt"),
    path("store/<str:code>/inbound/<uuid:receipt_id>/scan/", receiving.scan, name="floor-receipt-scan"),
    path("store/<str:code>/inbound/<uuid:receipt_id>/line/", receiving.line, name="floor-receipt-line"),
    path("store/<str:code>/inbound/<uuid:receipt_id>/take-back/", receiving.take_back, name="floor-receipt-back"),
    path("store/<str:code>/inbound/<uuid:receipt_id>/close/", receiving.close, name="floor-receipt-close"),
    path("store/<str:code>/putaway/", receiving.putaway, name="floor-putaway"),
    path("store/<str:code>/putaway/scan/", receiving.put_away, name="floor-putaway-scan"),
    path("store/<str:code>/differences/", receiving.differences, name="floor-differences"),
    path("store/<str:code>/differences/settle/", receiving.settle, name="floor-settle"),
    path("store/<str:code>/transfers/", transfers.transfers, name="floor-transfers"),
    path("store/<str:code>/transfers/new/", transfers.new, name="floor-transfer-new"),
    path("store/<str:code>/transfers/<uuid:transfer_id>/", transfers.transfer, name="floor-transfer"),
    path("store/<str:code>/transfers/<uuid:transfer_id>/ask/", transfers.ask, name="floor-transfer-ask"),
    path("store/<str:code>/transfers/<uuid:transfer_id>/send/", transfers.send, name="floor-transfer-send"),
    path("store/<str:code>/transfers/<uuid:transfer_id>/cancel/", transfers.cancel, name="floor-transfer-cancel"),
    path("store/<str:code>/counts/", counts.counts, name="floor-counts"),
    path("store/<str:code>/counts/find/", counts.find, name="floor-count-find"),
    path("store/<str:code>/counts/<uuid:task_id>/", counts.sheet, name="floor-count"),
    path("store/<str:code>/counts/<uuid:task_id>/save/", counts.count, name="floor-count-save"),
    path("store/<str:code>/counts/<uuid:task_id>/decide/", counts.decide, name="floor-count-decide"),
    path("store/<str:code>/wastage/", wastage.wastage, name="floor-wastage"),
    path("store/<str:code>/wastage/ask/", wastage.waste, name="floor-waste"),
    path("store/<str:code>/wastage/<uuid:waste_id>/photo/", wastage.photo, name="floor-waste-photo"),
    path("store/<str:code>/wastage/<uuid:waste_id>/decide/", wastage.decide, name="floor-waste-decide"),
    path("store/<str:code>/replenish/", replenish.replenish, name="floor-replenish"),
    path("store/<str:code>/replenish/order/", replenish.order, name="floor-replenish-order"),
    path("store/<str:code>/returned/<uuid:task_id>/", replenish.back, name="floor-returned"),
    path("store/<str:code>/returned/<uuid:task_id>/save/", replenish.receive_back, name="floor-returned-save"),
    path("store/<str:code>/tasks/<uuid:task_id>/", queue.on_task, name="floor-task"),
    path("store/<str:code>/back/<uuid:task_id>/", queue.came_back, name="floor-back"),
    path("store/<str:code>/walk/", pick.walk, name="floor-walk"),
    path("store/<str:code>/totes/", totes.choose, name="floor-totes"),
    path("store/<str:code>/totes/labels/", totes.labels, name="floor-tote-labels"),
    path("store/<str:code>/pick/<uuid:task_id>/", pick.pick, name="floor-pick"),
    path("store/<str:code>/pick/<uuid:task_id>/scan/", pick.scan, name="floor-scan"),
    path("store/<str:code>/pick/<uuid:task_id>/short/", pick.short, name="floor-short"),
    path("store/<str:code>/pick/<uuid:task_id>/substitute/", pick.substitute, name="floor-substitute"),
    path("store/<str:code>/pick/<uuid:task_id>/undo/", pick.undo, name="floor-undo"),
    path("store/<str:code>/pack/<uuid:task_id>/", packing.pack, name="floor-pack"),
    path("store/<str:code>/pack/<uuid:task_id>/close/", packing.close_bags, name="floor-close-bags"),
    path("store/<str:code>/pack/<uuid:task_id>/labels/", packing.labels, name="floor-labels"),
]

ws_urls: list[Any] = [
    path("stores/<str:code>/", ws.StoreConsumer.as_asgi()),
    path("stores/<str:code>/mine/", ws.WalkConsumer.as_asgi()),
]
