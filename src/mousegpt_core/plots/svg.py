"""From a figure to SVG text that is the same every time and fits into a page."""

from __future__ import annotations

import re
from html import escape
from io import StringIO
from typing import TYPE_CHECKING

from mousegpt_core.plots.layout import style_context
from mousegpt_core.plots.style import BAND, GRID, INK, MUTED, PAPER

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_VARIABLES = {INK: "ink", MUTED: "muted", GRID: "grid", BAND: "band", PAPER: "paper"}
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")
_PLACES = re.compile(r'(?<= d=")[^"]*|(?<= x=")[^"]*|(?<= y=")[^"]*')
_FONT = re.compile(r"(font: (?:(?:bold|\d+) )?[\d.]+px) [^;\"]*")


def to_svg(
    figure: Figure, *, name: str = "", title: str = "", description: str = "", themed: bool = False
) -> str:
    """Write a figure as an ``<svg>`` element: text as text, no date, no random ids.

    Parameters
    ----------
    figure : Figure
        As the functions of `plots` give it.
    name : str
        Put before every id, so that several figures can stand in one page: letters and hyphens.
    title, description : str
        What readers who do not see the figure are told.
    themed : bool
        For a page: ink and paper become the CSS variables ``--fig-ink``, ``--fig-muted``,
        ``--fig-grid``, ``--fig-band``, ``--fig-paper``; the size follows the page.

    Returns
    -------
    str
    """
    stream = StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with style_context():
        figure.savefig(stream, format="svg", transparent=True, metadata=nothing)
    text = stream.getvalue()
    text = text[text.index("<svg") :].strip()
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = _PLACES.sub(lambda part: _LONG_NUMBER.sub(_rounded, part[0]), text)
    text = _FONT.sub(r"\1 var(--fig-font, sans-serif)" if themed else r"\1 sans-serif", text)
    text = _with_own_ids(text, name)
    if themed:
        for colour, variable in _VARIABLES.items():
            text = text.replace(colour, f"var(--fig-{variable}, {colour})")
        text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
        text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = re.sub(r"\n\s*", "\n", text)
    return _with_words(text, title, description)


def _rounded(number: re.Match[str]) -> str:
    text = f"{float(number[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _with_own_ids(text: str, name: str) -> str:
    """Only ids that something refers to are kept, with the figure's name before them."""
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', text))
    prefix = f"{name}-" if name else ""

    def keep(match: re.Match[str]) -> str:
        return f' id="{prefix}{match[1]}"' if match[1] in used else ""

    text = re.sub(r' id="([^"]*)"', keep, text)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{prefix}", text)


def _with_words(text: str, title: str, description: str) -> str:
    words = f"<title>{escape(title)}</title>" if title else ""
    words += f"<desc>{escape(description)}</desc>" if description else ""
    label = f' aria-label="{escape(title)}"' if title else ""
    head, rest = text.split(">", 1)
    return f'{head} role="img"{label}>{words}{rest}'
