"""Ethogram: one row an animal, grouped by treatment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mousegpt_core.plots.layout import (
    SMALL,
    TEXT,
    WIDTH,
    add_axes,
    add_text,
    grouped,
    make_legend,
    new_figure,
    shorten,
    styled,
    subject_labels,
    text_width,
    time_unit,
)
from mousegpt_core.plots.style import BAND, MUTED, BehaviourKey
from mousegpt_core.stats.shares import Subject, dominant_behaviours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Parts a row is drawn in: finer than a screen shows, so a long study stays light.
_BINS = 1600
#: Picture lines of a row, the last of which stays empty.
_LINES = 8


@styled
def plot_ethogram(bouts: pd.DataFrame, subjects: Sequence[Subject], key: BehaviourKey) -> Figure:
    """Draw who did what, and when.

    Parameters
    ----------
    bouts : DataFrame
        Table `clips.BOUTS` of one scheme, folded by the key.
    subjects : sequence of Subject
        The rows.
    key : BehaviourKey
        Behaviours to draw.
    """
    from matplotlib.ticker import MaxNLocator

    shown = key.shown(bouts["behaviour_id"])
    legend = make_legend([(key.names[b], key.colours[b], "") for b in shown])
    labels = subject_labels(subjects)
    groups = grouped(subjects)
    left = 0.15 + min(2.2, max((text_width(text, SMALL) for text in labels.values()), default=0.5))
    row = 0.34 if len(subjects) <= 4 else 0.21 if len(subjects) <= 30 else 0.15
    heading = 0.27 if any(name for name, _ in groups) else 0.04
    height = legend.height + len(subjects) * row + len(groups) * heading + 0.55
    figure = new_figure(height)
    legend.draw(figure)
    longest = max((one.duration_s for one in subjects), default=1.0) or 1.0
    unit, seconds = time_unit(longest)
    top = legend.height
    for place, (name, part) in enumerate(groups):
        if name:
            count = len({one.animal for one in part})
            add_text(figure, 0.0, top + heading * 0.55, f"{name}  (n = {count})", bold=True)
        top += heading
        axes = add_axes(figure, left, top, WIDTH - left - 0.2, len(part) * row)
        _draw_rows(axes, bouts, part, key, shown, seconds)
        axes.set_xlim(0, longest / seconds)
        for number, one in enumerate(part):
            text = shorten(labels[one.key], left - 0.12, SMALL)
            add_text(figure, left - 0.08, top + (number + 0.5) * row, text, size=SMALL,
                     align="right", colour=MUTED)  # fmt: skip
        top += len(part) * row
        if place < len(groups) - 1:
            axes.tick_params(bottom=False, labelbottom=False)
            axes.spines["bottom"].set_visible(False)
        else:
            axes.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
            axes.set_xlabel(f"time in the recording ({unit})", color=MUTED, fontsize=TEXT)
    return figure


def _draw_rows(
    axes: Axes, bouts: pd.DataFrame, subjects: Sequence[Subject], key: BehaviourKey,
    shown: Sequence[str], seconds: float,
) -> None:  # fmt: skip
    from matplotlib.colors import to_rgba

    palette: npt.NDArray[Any] = np.zeros((len(shown) + 1, 4), dtype=np.uint8)
    for place, name in enumerate(shown):
        palette[place] = np.round(255 * np.array(to_rgba(key.colours[name])))
    for number, one in enumerate(subjects):
        if not one.duration_s > 0:
            continue
        axes.barh(number + 0.5 - 0.5 / _LINES, one.duration_s / seconds, color=BAND,
                  height=1 - 1 / _LINES)  # fmt: skip
        code = dominant_behaviours(bouts, one, bins=_BINS, behaviours=shown)
        line = palette[code]  # -1, nothing known, is the last colour: clear
        picture = np.repeat(line[None], _LINES, axis=0)
        picture[-1] = 0
        axes.imshow(
            picture, extent=(0, one.duration_s / seconds, number + 1, number), aspect="auto",
            interpolation="none", zorder=2,
        )  # fmt: skip
    axes.set_ylim(len(subjects), 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
