from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "blinkit.kernel"
    label = "kernel"
    verbose_name = "Kernel"
