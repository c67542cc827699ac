from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "blinkit.demo"
    label = "demo"
    verbose_name = "Demo city"
