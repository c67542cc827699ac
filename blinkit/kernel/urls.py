from typing import Any

from django.urls import path

from blinkit.kernel import health, observed

api_urls: list[Any] = []
ws_urls: list[Any] = []
web_urls: list[Any] = [
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("metrics", observed.metrics_json, name="metrics"),
    path("metrics/prometheus", observed.metrics_prometheus, name="metrics-prometheus"),
]
