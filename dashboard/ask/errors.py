"""Why a question is not answered: each message is a sentence for the asker."""

from __future__ import annotations

from blinkit.kernel.said import Said


class CannotCompile(Exception):
    """The query asks for what the layer does not have, or allow. `code` is for programs: unknown, not-allowed,
    not-together, wrong-value, too-long."""

    def __init__(self, code: str, sentence: Said) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class Fenced(Exception):
    """The second fence does not let this statement pass; the message says what is wrong with it."""
