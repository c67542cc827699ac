"""What riders say about a door, for the next rider. Nobody else sees who said it."""

from __future__ import annotations

from django.db import models

from delivery.models import Rider, Stop


class DropRating(models.Model):
    """One rider about one door, once, to be changed for a while."""

    stop = models.OneToOneField(Stop, on_delete=models.CASCADE, primary_key=True, related_name="drop_rating")
    rider = models.ForeignKey(Rider, on_delete=models.CASCADE, related_name="drop_ratings")
    place = models.CharField(max_length=64, db_index=True, help_text="Customer and place to some ten metres")
    is_easy = models.BooleanField()
    tags = models.JSONField(default=list, help_text="Codes of delivery.services.drops.TAGS")
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()
