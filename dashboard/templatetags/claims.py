"""Claims in templates."""

from __future__ import annotations

from django import template

from blinkit.kernel.words import said
from dashboard.claim_words import rule_words

register = template.Library()


@register.filter
def claim_rule(rule: str) -> str:
    """Why a claim was decided so, or waits, in the reader's language."""
    return said(rule_words(rule))
