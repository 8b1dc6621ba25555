"""A table of shares as shades of one colour, with the numbers in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mousegpt_core.plots.layout import SMALL, TEXT, WIDTH, add_axes, new_figure, shorten, text_width
from mousegpt_core.plots.style import BAND, INK, MUTED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHADE = (0x2F / 255, 0x7F / 255, 0xC1 / 255)
_LONGEST = 2.0
#: Shades from here on are dark enough for white numbers, on light and on dark paper.
_STRONG = 0.7


def draw_heatmap(
    values: npt.NDArray[Any], rows: Sequence[str], columns: Sequence[str], *,
    row_title: str, column_title: str, top_share: float = 1.0, least: float = 0.005,
) -> Figure:  # fmt: skip
    """Draw shares (0-1) as a table; NaN stays grey.

    Parameters
    ----------
    values : array of shape (rows, columns)
        Shares 0-1.
    rows, columns : sequence of str
        Their names.
    row_title, column_title : str
        What they are.
    top_share : float
        The share that gets the full colour.
    least : float
        Smaller shares get no number.
    """
    longest = max((text_width(name, SMALL) for name in [*rows, *columns]), default=0.5)
    longest = min(longest, _LONGEST)
    left = max(longest, text_width(row_title, TEXT)) + 0.15
    slope = 0.62  # sine of the slant of the column names
    top = 0.4 + longest * slope + 0.1
    room = WIDTH - left - longest * 0.8 - 0.1
    cell_width = min(room / max(len(columns), 1), 0.85)
    cell_height = min(0.36, cell_width)
    width, height = cell_width * len(columns), cell_height * len(rows)
    figure = new_figure(top + height + 0.1)
    axes = add_axes(figure, left, top, width, height)
    axes.imshow(_picture(values / top_share), aspect="auto", interpolation="none", zorder=1)
    axes.set_facecolor(BAND)
    axes.patch.set_visible(True)
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value) and value >= least:
            strong = value / top_share > _STRONG
            axes.text(column, row, f"{100 * value:.0f}", ha="center", va="center_baseline",
                      fontsize=SMALL, color="#ffffff" if strong else INK)  # fmt: skip
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xticks(range(len(columns)), [shorten(n, _LONGEST, SMALL) for n in columns],
                    rotation=38, ha="left", rotation_mode="anchor")  # fmt: skip
    axes.set_yticks(range(len(rows)), [shorten(n, _LONGEST, SMALL) for n in rows])
    axes.tick_params(length=0, labelcolor=INK)
    for spine in axes.spines.values():
        spine.set_visible(False)
    total_width, total_height = figure.get_size_inches()
    figure.text(left / total_width, 1 - 0.15 / total_height, column_title, color=MUTED,
                fontsize=TEXT, ha="left", va="center_baseline")  # fmt: skip
    figure.text((left - 0.06) / total_width, 1 - (top - 0.12) / total_height, row_title,
                color=MUTED, fontsize=TEXT, ha="right", va="center_baseline")  # fmt: skip
    return figure


def _picture(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    picture = np.zeros((*values.shape, 4))
    picture[..., :3] = _SHADE
    picture[..., 3] = np.clip(np.nan_to_num(values), 0, 1) ** 0.8
    return picture
