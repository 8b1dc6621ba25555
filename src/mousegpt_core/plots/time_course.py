"""Shares over time: the mean of each treatment with its 95 % interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mousegpt_core.plots.layout import (
    SMALL,
    WIDTH,
    add_axes,
    add_text,
    make_legend,
    new_figure,
    shorten,
    styled,
    time_unit,
)
from mousegpt_core.plots.style import MUTED, BehaviourKey, group_colours
from mousegpt_core.stats.groups import order_groups

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = npt.NDArray[Any]
_COLUMNS = 3
#: Number of windows from which each animal's line is smoothed, and over how many of them.
SMOOTHED_FROM, SMOOTHED_OVER = 30, 5


@styled
def plot_time_course(windows: pd.DataFrame, key: BehaviourKey, behaviours: Sequence[str]) -> Figure:
    """Draw how the shares of behaviours change, one panel a behaviour.

    Parameters
    ----------
    windows : DataFrame
        As `stats.windowed_shares` gives it.
    key : BehaviourKey
        Names; and colours, where there are no treatments.
    behaviours : sequence of str
        Panels in this order.
    """
    groups = order_groups(windows["treatment"])
    colours = group_colours(groups)
    legend = make_legend([(name, colours[name], "") for name in groups])
    columns = min(_COLUMNS, max(len(behaviours), 1))
    lines = -(-len(behaviours) // columns)
    panel, gap = 1.35, 0.72
    figure = new_figure(legend.height + lines * (panel + gap) + 0.1)
    legend.draw(figure)
    width = WIDTH / columns
    unit, seconds = time_unit(float(windows["window_s"].max()))
    for number, name in enumerate(behaviours):
        left = 0.45 + (number % columns) * width
        top = legend.height + (number // columns) * (panel + gap) + 0.28
        title = shorten(key.names[name], width - 0.5, SMALL + 1)
        add_text(figure, left - 0.4, top - 0.14, title, size=SMALL + 1, bold=True)
        axes = add_axes(figure, left, top, width - 0.65, panel, grid="y")
        part = windows[windows["behaviour_id"] == name]
        for group in groups or [""]:
            colour = colours.get(group, key.colours[name])
            _draw_line(axes, part[part["treatment"] == group], colour, seconds)
        _finish(axes, float(windows["window_s"].max() + windows["window_s"].min()) / seconds)
        if number + columns >= len(behaviours):
            axes.set_xlabel(unit, color=MUTED, fontsize=SMALL)
    return figure


def mean_interval(values: Array) -> tuple[Array, Array, Array]:
    """Mean over animals and its 95 % interval (Student's t) within 0-1; rows are animals.

    The interval is NaN with fewer than three animals.
    """
    from scipy.stats import t

    known = np.isfinite(values)
    count = known.sum(axis=0)
    mean = np.where(known, values, 0.0).sum(axis=0) / np.maximum(count, 1)
    mean = np.where(count > 0, mean, np.nan)
    square = np.where(known, (values - mean) ** 2, 0.0).sum(axis=0)
    error = np.sqrt(square / np.maximum(count - 1, 1) / np.maximum(count, 1))
    half = np.where(count >= 3, t.ppf(0.975, np.maximum(count - 1, 1)) * error, np.nan)
    return mean, np.clip(mean - half, 0, 1), np.clip(mean + half, 0, 1)


def smoothed(values: Array) -> Array:
    """Moving mean along the rows; at the ends, and beside NaN, over the windows that there are."""
    from scipy.ndimage import uniform_filter1d

    known = np.isfinite(values)
    total = uniform_filter1d(np.where(known, values, 0.0), SMOOTHED_OVER, mode="constant")
    count = uniform_filter1d(known.astype(np.float64), SMOOTHED_OVER, mode="constant")
    return np.where(known, np.clip(total / np.maximum(count, 1e-9), 0.0, 1.0), np.nan)


def _draw_line(axes: Axes, part: pd.DataFrame, colour: str, seconds: float) -> None:
    if part.empty:
        return
    wide = part.pivot_table(index="animal", columns="window_s", values="share", dropna=False)
    times = wide.columns.to_numpy(dtype=np.float64) / seconds
    values = wide.to_numpy(dtype=np.float64)
    if len(times) >= SMOOTHED_FROM:
        values = smoothed(values)
    mean, low, high = mean_interval(values)
    if np.isfinite(low).any():
        axes.fill_between(times, 100 * low, 100 * high, color=colour, alpha=0.2, linewidth=0)
    marker = "o" if len(times) <= 12 else ""
    axes.plot(times, 100 * mean, color=colour, linewidth=1.6, marker=marker, markersize=3.5)


def _finish(axes: Axes, longest: float) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_ylim(0, max(1.0, 1.03 * axes.get_ylim()[1]))
    axes.set_xlim(0, longest)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_formatter("{x:.4g} %")
    axes.spines["left"].set_visible(False)
    axes.tick_params(left=False)
