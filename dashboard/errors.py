"""Refusals the screens can give."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from blinkit.kernel.errors import Conflict, NotFound


class QuestionNotFound(NotFound):
    code = "question-not-found"
    default_detail = _("This question is not kept here, or it is somebody else's.")


class TooManySaved(Conflict):
    code = "too-many-questions"
    default_detail = _("You keep too many questions. Delete some first.")


class NothingToWatch(Conflict):
    code = "nothing-to-watch"
    default_detail = _("This answer has no figure to watch.")
