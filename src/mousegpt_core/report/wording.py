"""Numbers and lists in words."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence


def listed(parts: Sequence[str]) -> str:
    """``"a, b and c"``."""
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + " and " + parts[-1]


def plural(count: int, word: str, many: str = "") -> str:
    """``"1 animal"``, ``"12 animals"``."""
    return f"{count:,} {word if count == 1 else many or word + 's'}".replace(",", "\u202f")


def length_of_time(seconds: float) -> str:
    """``"45 s"``, ``"20 min"``, ``"3 h 12 min"``."""
    if not math.isfinite(seconds):
        return "–"
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        short = round(seconds / 60, 1)
        return f"{short:g} min" if seconds < 600 else f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def clock(seconds: float) -> str:
    """A moment as ``"12:05.3"`` (minutes, seconds)."""
    if not math.isfinite(seconds):
        return "–"
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    return f"{minutes}:{rest / 10:04.1f}"


def number(value: float, digits: int = 2) -> str:
    """A number with so many significant digits, without an exponent; ``"–"`` if not known."""
    if not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{places}f}"


def tied(text: str) -> str:
    """The text with spaces that do not break inside ``p = .02``, ``n = 4`` and ``31 %``."""
    text = re.sub(r"\b([pn]) ([=<]) (?=[.\d])", "\\1\u00a0\\2\u00a0", text)
    return re.sub(r"(?<=\d) (?=%)", "\u00a0", text)


def sentence(text: str) -> str:
    """The text with a capital at its head and a full stop at its end."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?…" else ".")
