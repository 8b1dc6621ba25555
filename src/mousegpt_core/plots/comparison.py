"""Group comparison: every animal as a dot, the median and its 95 % interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
)
from mousegpt_core.plots.style import INK, MARKERS, MUTED, PAPER, group_colours
from mousegpt_core.stats.compare import Comparison
from mousegpt_core.stats.groups import order_groups
from mousegpt_core.stats.words import say_p

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = npt.NDArray[Any]
_COLUMNS = 4


@styled
def plot_comparison(
    shares: pd.DataFrame, comparisons: Sequence[Comparison], names: Mapping[str, str],
    *, most: int = 12, alpha: float = 0.05, seed: int = 0,
) -> Figure:  # fmt: skip
    """Draw the groups beside each other, one panel a behaviour, clearest differences first.

    Parameters
    ----------
    shares : DataFrame
        As `stats.behaviour_shares` gives it.
    comparisons : sequence of Comparison
        Of the same behaviours; the order of the panels is theirs by corrected p-value.
    names : mapping of str to str
        Names of behaviours.
    most : int
        Number of panels.
    alpha : float
        Below it a p-value is printed bold.
    seed : int
        Of the bootstrap of the medians.
    """
    groups = order_groups(shares["treatment"])
    chosen = sorted(comparisons, key=_clearest)[:most]
    colours = group_colours(groups)
    count = shares.groupby("treatment")["animal"].nunique()
    legend = make_legend(
        [
            (f"{name} (n = {count[name]})", colours[name], _marker(i))
            for i, name in enumerate(groups)
        ]
    )
    lines = -(-len(chosen) // _COLUMNS)
    panel, gap = 1.45, 0.62
    figure = new_figure(legend.height + lines * (panel + gap) + 0.05)
    legend.draw(figure)
    width = (WIDTH - 0.05) / _COLUMNS
    for number, one in enumerate(chosen):
        left = 0.42 + (number % _COLUMNS) * width
        top = legend.height + (number // _COLUMNS) * (panel + gap) + 0.42
        part = shares[shares["behaviour_id"] == one.measure]
        title = shorten(names.get(one.measure, one.measure), width - 0.15, SMALL + 1)
        clear = one.p_corrected < alpha
        add_text(figure, left - 0.38, top - 0.31, title, size=SMALL + 1, bold=True)
        said = say_p(one.p_corrected) + (" *" if clear else "")
        add_text(figure, left - 0.38, top - 0.14, said, size=SMALL, bold=clear,
                 colour=INK if clear else MUTED)  # fmt: skip
        axes = add_axes(figure, left, top, width - 0.55, panel - 0.05, grid="y")
        _draw_panel(axes, part, groups, colours, seed)
    return figure


def _clearest(one: Comparison) -> tuple[float, float]:
    p = one.p_corrected if np.isfinite(one.p_corrected) else 2.0
    return p, -max(one.medians, default=0.0)


def _marker(place: int) -> str:
    return MARKERS[place % len(MARKERS)]


def _draw_panel(
    axes: Axes, part: pd.DataFrame, groups: Sequence[str], colours: Mapping[str, str], seed: int
) -> None:
    for place, name in enumerate(groups):
        values = 100 * part.loc[part["treatment"] == name, "share"].to_numpy(dtype=np.float64)
        values = np.sort(values[np.isfinite(values)])
        if not len(values):
            continue
        axes.plot(
            place + spread(values), values, linestyle="none", marker=_marker(place), markersize=5,
            color=colours[name], markeredgecolor=PAPER, markeredgewidth=0.6, alpha=0.9, zorder=3,
            clip_on=False,
        )  # fmt: skip
        if len(values) >= 3:
            low, high = median_interval(values, seed=seed)
            axes.vlines(place + 0.34, low, high, color=INK, linewidth=1.2)
            axes.hlines(np.median(values), place + 0.24, place + 0.44, color=INK, linewidth=2.2)
    axes.set_xlim(-0.5, len(groups) - 0.3)
    axes.set_xticks([])
    axes.set_ylim(bottom=0, top=max(axes.get_ylim()[1] * 1.06, 1.0))
    axes.yaxis.set_major_locator(_few_ticks())
    axes.yaxis.set_major_formatter("{x:.4g} %")
    axes.spines["left"].set_visible(False)
    axes.tick_params(left=False)


def _few_ticks() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(4, steps=[1, 2, 2.5, 5, 10])


def spread(values: Array) -> Array:
    """Small steps aside, so that equal values lie beside each other; values must rise."""
    if len(values) < 2:
        return np.zeros(len(values))
    near = max(float(values[-1] - values[0]), 1e-9) / 12
    steps = np.zeros(len(values))
    run = 0
    for place in range(1, len(values)):
        run = run + 1 if values[place] - values[place - 1] < near else 0
        steps[place] = 0.11 * ((run + 1) // 2) * (1 if run % 2 else -1)
    result: Array = np.clip(steps, -0.33, 0.22)
    return result


def median_interval(values: Array, *, seed: int, rounds: int = 2000) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the median."""
    rng = np.random.default_rng(seed)
    drawn = np.median(rng.choice(values, (rounds, len(values))), axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)
