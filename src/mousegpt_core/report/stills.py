"""Pictures inside the page."""

from __future__ import annotations

import base64
from collections.abc import Sequence

#: Bytes of pictures in a page, so that it can be sent by mail.
BUDGET = 3_000_000

_KINDS = {b"\xff\xd8\xff": "jpeg", b"\x89PNG\r\n\x1a\n": "png"}


def data_uri(picture: bytes | None) -> str:
    """A JPEG or PNG as ``data:`` address; ``""`` for anything else."""
    if not picture:
        return ""
    for magic, kind in _KINDS.items():
        if picture.startswith(magic):
            return f"data:image/{kind};base64,{base64.b64encode(picture).decode('ascii')}"
    return ""


def within_budget(
    pictures: Sequence[Sequence[bytes | None]], budget: int = BUDGET
) -> list[list[bytes | None]]:
    """Leave pictures out so that all fit: the first of each behaviour come before the second.

    Parameters
    ----------
    pictures : sequence of sequences of bytes
        Pictures of each behaviour, the best first.
    budget : int
        Bytes as written in base64.
    """
    kept: list[list[bytes | None]] = [[None] * len(row) for row in pictures]
    longest = max((len(row) for row in pictures), default=0)
    left = budget
    for place in range(longest):
        for number, row in enumerate(pictures):
            picture = row[place] if place < len(row) else None
            if picture is None:
                continue
            size = 4 * -(-len(picture) // 3)
            if size <= left:
                kept[number][place] = picture
                left -= size
    return kept
