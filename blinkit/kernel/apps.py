from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "blinkit.kernel"
    label = "kernel"
    verbose_name = "Kernel"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from blinkit.kernel import signals  # noqa: F401  # connects itself
