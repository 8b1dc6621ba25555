"""Shares of time: a stacked bar for each animal and the mean of each treatment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    rows, height = _rows(wide, treatment)
    legend = make_legend([(key.names[b], key.colours[b], "") for b in shown])
    left = 0.15 + min(2.4, max((text_width(row.label, TEXT) for row in rows), default=0.5))
    figure = new_figure(legend.height + height + 0.5)
    legend.draw(figure)
    axes = add_axes(figure, left, legend.height, WIDTH - left - 0.2, height, grid="x")
    _draw(axes, rows, [key.colours[name] for name in shown], left)
    axes.set_ylim(height, 0)
    most = max(1.0, max((float(row.share.sum()) for row in rows), default=1.0))
    axes.set_xlim(0, 100 * most)
    axes.set_xlabel("share of the observed time (%)", color=MUTED, fontsize=TEXT)
    axes.spines["left"].set_visible(False)
    axes.tick_params(left=False)
    return figure


@dataclass(frozen=True, eq=False)
class _Row:
    """A bar: its name, shares, inches from the top to its middle, whether its shares are told."""

    label: str
    share: Array
    middle: float
    thickness: float
    told: bool


def _rows(wide: pd.DataFrame, treatment: dict[str, str]) -> tuple[list[_Row], float]:
    """The bars from the top down, and the height they need."""
    few = len(wide) <= 3
    step = 0.4 if few else 0.2 if len(wide) <= 40 else 0.13
    rows: list[_Row] = []
    top = 0.0
    for name in [*order_groups(treatment.values()), ""]:
        mine = [animal for animal in wide.index if treatment.get(animal, "") == name]
        if not mine:
            continue
        values = wide.loc[mine].to_numpy(dtype=np.float64)
        top += 0.14 if rows else 0.0
        if name and len(mine) > 1:
            label = f"{name} (mean of {len(mine)})"
            rows.append(_Row(label, values.mean(axis=0), top + 0.2, 0.3, told=True))
            top += 0.4
        for animal, share in zip(mine, values, strict=True):
            label = f"{animal} · {name}" if name and len(mine) == 1 else str(animal)
            rows.append(_Row(label, share, top + step / 2, 0.76 * step, told=few))
            top += step
    return rows, top


def _draw(axes: Axes, rows: Sequence[_Row], colours: Sequence[str], left: float) -> None:
    for row in rows:
        starts = 100 * np.concatenate([[0.0], np.cumsum(row.share)[:-1]])
        axes.barh(
            row.middle, 100 * row.share, left=starts, height=row.thickness, color=colours,
            edgecolor=PAPER, linewidth=0.6,
        )  # fmt: skip
        for start, value, colour in zip(starts, row.share, colours, strict=True):
            if row.told and value >= 0.045:
                axes.text(
                    start + 50 * value, row.middle, f"{100 * value:.0f}", ha="center",
                    va="center_baseline", color=text_on(colour), fontsize=SMALL - 0.5,
                )  # fmt: skip
    labels = [shorten(row.label, left - 0.12, TEXT) for row in rows]
    axes.set_yticks([row.middle for row in rows], labels)
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_color(INK if row.told else MUTED)
        label.set_fontsize(SMALL + 0.5 if row.told else SMALL)
