"""Shares of time: a stacked bar for each animal and the mean of each treatment."""

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
    make_legend,
    new_figure,
    shorten,
    styled,
    text_width,
)
from mousegpt_core.plots.style import INK, MUTED, PAPER, BehaviourKey, text_on
from mousegpt_core.stats.groups import order_groups

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = npt.NDArray[Any]


@styled
def plot_shares(shares: pd.DataFrame, key: BehaviourKey) -> Figure:
    """Draw how each animal, and each treatment in the mean, spends its time.

    Parameters
    ----------
    shares : DataFrame
        As `stats.behaviour_shares` gives it, of bouts folded by the key.
    key : BehaviourKey
        Behaviours to draw.
    """
    wide = shares.pivot(index="animal", columns="behaviour_id", values="share")
    shown = key.shown(wide.columns)
    wide = wide[shown].fillna(0.0)
    treatment = dict(zip(shares["animal"], shares["treatment"], strict=True))
    rows = _rows(wide, treatment)
    legend = make_legend([(key.names[b], key.colours[b], "") for b in shown])
    left = 0.15 + min(2.4, max((text_width(r[0], TEXT, bold=r[2]) for r in rows), default=0.5))
    height = sum(row[3] for row in rows)
    figure = new_figure(legend.height + height + 0.5)
    legend.draw(figure)
    axes = add_axes(figure, left, legend.height, WIDTH - left - 0.15, height, grid="x")
    _draw(axes, rows, [key.colours[name] for name in shown], left)
    axes.set_ylim(height, 0)
    most = max(1.0, max((float(row[1].sum()) for row in rows), default=1.0))
    axes.set_xlim(0, 100 * most)
    axes.set_xlabel("share of the observed time (%)", color=MUTED, fontsize=TEXT)
    axes.spines["left"].set_visible(False)
    axes.tick_params(left=False)
    return figure


def _rows(
    wide: pd.DataFrame, treatment: dict[str, str]
) -> list[tuple[str, Array, bool, float, float]]:
    """(label, shares, is a mean, height of the row, thickness of the bar) from the top down."""
    groups = order_groups(treatment.values())
    thin = 0.2 if len(wide) <= 40 else 0.13
    rows: list[tuple[str, Array, bool, float, float]] = []
    for name in [*groups, ""]:
        mine = [animal for animal in wide.index if treatment.get(animal, "") == name]
        if not mine:
            continue
        values = wide.loc[mine].to_numpy(dtype=np.float64)
        if name:
            rows.append((f"{name} (mean of {len(mine)})", values.mean(axis=0), True, 0.42, 0.3))
        single = len(wide) <= 3
        for animal, share in zip(mine, values, strict=True):
            rows.append(
                (
                    str(animal),
                    share,
                    single,
                    0.4 if single else thin,
                    0.28 if single else thin * 0.78,
                )
            )
        label, share, bold, height, thick = rows[-1]
        rows[-1] = (label, share, bold, height + (0.14 if name else 0.0), thick)
    return rows


def _draw(
    axes: Axes, rows: Sequence[tuple[str, Array, bool, float, float]], colours: Sequence[str],
    left: float,
) -> None:  # fmt: skip
    top = 0.0
    places = []
    for _, share, told, height, thick in rows:
        middle = top + (0.42 if told and height > 0.41 else min(height, 0.4)) / 2
        places.append(middle)
        starts = 100 * np.concatenate([[0.0], np.cumsum(share)[:-1]])
        axes.barh(
            middle, 100 * share, left=starts, height=thick, color=colours, edgecolor=PAPER,
            linewidth=0.6,
        )  # fmt: skip
        for start, value, colour in zip(starts, share, colours, strict=True):
            if told and value >= 0.045:
                axes.text(
                    start + 50 * value, middle, f"{100 * value:.0f}", ha="center",
                    va="center_baseline", color=text_on(colour), fontsize=SMALL - 0.5,
                )  # fmt: skip
        top += height
    axes.set_yticks(places, [shorten(row[0], left - 0.12, TEXT) for row in rows])
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_color(INK if row[2] else MUTED)
        label.set_fontweight("bold" if row[2] and len(rows) > 3 else "normal")
        label.set_fontsize(SMALL + 0.5 if row[2] else SMALL)
