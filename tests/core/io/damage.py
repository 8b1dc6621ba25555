"""Damage to files as disks, transfers, table programs and attackers do it."""

from __future__ import annotations

import random
import struct

_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)
_SCRAPS = (
    b",", b";", b"\n", b"\r", b'"', b"x", b"nan", b"1e400", b"-1e39", b"\0", b"\xff",
    b"\xef\xbb\xbf", b"9" * 400, b"frame", b"nose_x,",
)  # fmt: skip


def damaged(whole: bytes, chance: random.Random, *, text: bool) -> bytes:
    """A copy of a file with one to eight places damaged; files of text change length, too."""
    data = bytearray(whole)
    for _ in range(chance.randint(1, chance.choice((1, 3, 8)))):
        _damage(data, chance, text=text)
        if not data:
            return b"1"
    return bytes(data)


def _damage(data: bytearray, chance: random.Random, *, text: bool) -> None:
    at = chance.randrange(len(data))
    kind = chance.choice(("flip", "flip", "number", "copy", "zero", "scrap", "delete", "cut"))
    if kind == "flip":
        data[at] = chance.randrange(256)
    elif kind == "number":
        size, order = chance.choice((1, 2, 4, 8)), chance.choice("<>")
        value = chance.choice(_EXTREMES) & (2 ** (8 * size) - 1)
        packed = struct.pack(order + {1: "B", 2: "H", 4: "I", 8: "Q"}[size], value)
        data[at : at + size] = packed[: len(data) - at]
    elif kind == "copy":
        length = chance.randint(1, 64)
        source = chance.randrange(len(data))
        piece = data[source : source + length]
        data[at : at + len(piece)] = piece[: len(data) - at]
    elif kind == "zero":
        length = min(chance.randint(1, 512), len(data) - at)
        data[at : at + length] = bytes(length)
    elif kind == "cut" and chance.random() < 0.3:
        del data[max(at, 1) :]
    elif text and kind == "scrap":
        data[at:at] = chance.choice(_SCRAPS)
    elif text and kind == "delete":
        del data[at : at + chance.randint(1, 30)]
