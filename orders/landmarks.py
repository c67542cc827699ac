"""How the part of an address text that is a landmark is told from a neighbourhood; pure."""

from __future__ import annotations

BEGINNINGS = (
    "near ", "nr ", "nr. ", "opposite ", "opp ", "opp.", "behind ", "beside ", "next to ", "above ", "below ",
    "in front of ", "across ", "adjacent ", "close to ",
)  # fmt: skip
ENDINGS = ("के पास", "के सामने", "के पीछे", "के बगल में", "के ऊपर", "के नीचे", "के नज़दीक")


def is_landmark(part: str) -> bool:
    return part.lower().startswith(BEGINNINGS) or part.endswith(ENDINGS)


def as_landmark(text: str) -> str:
    """A landmark as one part of an address text, known as such: "Blue gate, 2nd floor" is "near Blue gate; 2nd floor".

    Empty when there is none.
    """
    part = "; ".join(filter(None, (piece.strip() for piece in text.split(","))))
    return part if not part or is_landmark(part) else f"near {part}"
