from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from accounts.handlers import browser_signed_in

        user_logged_in.connect(browser_signed_in, dispatch_uid="accounts.browser_signed_in")
