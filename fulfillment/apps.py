from django.apps import AppConfig


class FulfillmentConfig(AppConfig):
    name = "fulfillment"
    verbose_name = "Store floor"
    default_auto_field = "django.db.models.BigAutoField"
