"""Figures measured in inches from the top left, and what they have in common."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from mousegpt_core.plots.style import GRID, INK, MUTED
from mousegpt_core.stats.groups import order_groups
from mousegpt_core.stats.shares import Subject

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = ParamSpec("P")
R = TypeVar("R")

#: Width of every figure, inches, and sizes of text, points.
WIDTH = 9.2
TEXT, SMALL = 9.0, 8.0
_LEGEND_ROW = 0.23
_SETTINGS: Any = {
    "font.family": "DejaVu Sans",
    "font.size": TEXT,
    "text.parse_math": False,
    "text.usetex": False,
    "axes.unicode_minus": True,
    "axes.linewidth": 0.8,
    "axes.formatter.use_mathtext": False,
    "axes.formatter.useoffset": False,
    "path.simplify": True,
    "path.simplify_threshold": 0.2,
    "svg.fonttype": "none",
    "svg.hashsalt": "mousegpt",
    "svg.image_inline": True,
    "image.composite_image": False,
    "figure.dpi": 100,
}


@contextmanager
def style_context() -> Iterator[None]:
    """Settings of all figures, whatever the user's own are; the user's are back afterwards."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        # Letters that the measuring font lacks are drawn by the browser's fonts.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        yield


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """Run a function that draws within `style_context`."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with style_context():
            return function(*args, **kwargs)

    return wrapper


def new_figure(height: float) -> Figure:
    """A transparent figure of `WIDTH` x `height` inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height))
    figure.patch.set_visible(False)
    return figure


def add_axes(
    figure: Figure, left: float, top: float, width: float, height: float, *, grid: str = ""
) -> Axes:
    """Axes at a place in inches from the top left, without a box; grid along ``"x"``, ``"y"``."""
    total_width, total_height = figure.get_size_inches()
    axes = figure.add_axes(
        (
            left / total_width,
            1.0 - (top + height) / total_height,
            width / total_width,
            height / total_height,
        )
    )
    axes.patch.set_visible(False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("bottom", "left"):
        axes.spines[side].set_color(MUTED)
    axes.tick_params(colors=MUTED, labelsize=SMALL, length=3, width=0.8)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(visible=True, axis="x" if grid == "x" else "y", color=GRID, linewidth=0.8)
    return axes


def add_text(
    figure: Figure, left: float, top: float, text: str, *, colour: str = INK, size: float = TEXT,
    bold: bool = False, align: str = "left",
) -> None:  # fmt: skip
    """Text whose middle is at a height in inches from the top."""
    width, height = figure.get_size_inches()
    figure.text(
        left / width, 1.0 - top / height, text, color=colour, fontsize=size, ha=align,
        va="center_baseline", fontweight="bold" if bold else "normal",
    )  # fmt: skip


def text_width(text: str, size: float = TEXT, *, bold: bool = False) -> float:
    """Width of a text in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    width, _, _ = text_to_path.get_text_width_height_descent(text or " ", font, ismath=False)
    return float(width) / 72.0


def shorten(text: str, width: float, size: float = TEXT) -> str:
    """The text, cut with an ellipsis so that it fits into a width in inches."""
    if text_width(text, size) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        fits = text_width(text[:middle].rstrip() + "…", size) <= width
        low, high = (middle, high) if fits else (low, middle - 1)
    return text[:low].rstrip() + "…"


@dataclass(frozen=True)
class Legend:
    """Entries in rows that fit the figure: (text, colour, marker or "" for a square)."""

    rows: tuple[tuple[tuple[float, str, str, str], ...], ...]

    @property
    def height(self) -> float:
        """Inches it takes, with some air below."""
        return len(self.rows) * _LEGEND_ROW + (0.12 if self.rows else 0.0)

    def draw(self, figure: Figure, top: float = 0.0) -> None:
        """Draw it from a height in inches from the top."""
        from matplotlib.lines import Line2D

        width, height = figure.get_size_inches()
        for number, row in enumerate(self.rows):
            middle = top + (number + 0.5) * _LEGEND_ROW
            for left, text, colour, marker in row:
                figure.add_artist(
                    Line2D(
                        [(left + 0.07) / width], [1.0 - middle / height], marker=marker or "s",
                        color=colour, markersize=7.5 if not marker else 6.5, linestyle="none",
                        markeredgewidth=0,
                    )
                )  # fmt: skip
                add_text(figure, left + 0.2, middle, text, size=SMALL + 0.5)


def make_legend(entries: Sequence[tuple[str, str, str]], *, left: float = 0.0) -> Legend:
    """Lay out (text, colour, marker) entries in as many rows as they need."""
    rows: list[list[tuple[float, str, str, str]]] = []
    place = WIDTH
    for text, colour, marker in entries:
        label = shorten(text, WIDTH - left - 0.3, SMALL + 0.5)
        need = 0.2 + text_width(label, SMALL + 0.5) + 0.22
        if place + need > WIDTH + 0.2 or not rows:
            rows.append([])
            place = left
        rows[-1].append((place, label, colour, marker))
        place += need
    return Legend(tuple(tuple(row) for row in rows))


def grouped(subjects: Sequence[Subject]) -> list[tuple[str, list[Subject]]]:
    """Subjects by treatment, controls first, those without one last."""
    groups = [*order_groups(one.treatment for one in subjects), ""]
    split = [(name, [one for one in subjects if one.treatment == name]) for name in groups]
    return [(name, part) for name, part in split if part]


def subject_labels(subjects: Sequence[Subject]) -> dict[tuple[str, str], str]:
    """The animal's name, with the recording where an animal has several."""
    count: dict[str, int] = {}
    for one in subjects:
        count[one.animal] = count.get(one.animal, 0) + 1
    return {
        one.key: one.animal if count[one.animal] == 1 else f"{one.animal} · {one.recording}"
        for one in subjects
    }


def time_unit(duration_s: float) -> tuple[str, float]:
    """Name and seconds of the unit in which a stretch of time is told."""
    if duration_s <= 180:
        return "seconds", 1.0
    return ("minutes", 60.0) if duration_s <= 4 * 3600 else ("hours", 3600.0)
