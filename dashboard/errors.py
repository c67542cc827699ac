"""Refusals of Ask and the screens."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from blinkit.kernel.errors import Conflict, Invalid, NotAllowed, NotFound, Unavailable


class AskOff(Unavailable):
    code = "ask-off"
    default_detail = _("Questions can't be answered just now: their part of the database is not there.")


class AskBusy(Unavailable):
    code = "ask-busy"
    default_detail = _("Many questions are being answered just now. Ask again in a moment.")


class TooMuch(Invalid):
    code = "ask-too-much"
    default_detail = _("That would look at too much at once. Narrow it: a platform, a store, a category or fewer days.")


class NoQuestion(Invalid):
    code = "ask-unreadable"
    default_detail = _("This is no question that can be read. Ask in a sentence of up to 500 letters.")


class MayNotAsk(NotAllowed):
    code = "ask-not-allowed"
    default_detail = _("That can't be asked here.")


class QuestionNotFound(NotFound):
    code = "question-not-found"
    default_detail = _("This question is not kept here, or it is somebody else's.")


class TooManySaved(Conflict):
    code = "too-many-questions"
    default_detail = _("You keep too many questions. Delete some first.")


class NothingToWatch(Conflict):
    code = "nothing-to-watch"
    default_detail = _("This answer has no figure to watch.")
