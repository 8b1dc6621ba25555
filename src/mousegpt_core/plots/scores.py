"""How the scores of descriptions lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mousegpt_core.plots.layout import TEXT, WIDTH, add_axes, add_text, new_figure, styled
from mousegpt_core.plots.style import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BAR, _LIMIT = "#2f7fc1", "#d9541e"
_LEFT, _GAP, _HEIGHT = 0.75, 0.45, 1.5


@styled
def plot_scores(
    counts: Mapping[str, Sequence[int]],
    tops: Mapping[str, float],
    thresholds: Mapping[str, float],
) -> Figure:
    """Draw a histogram of each score, in shares of the descriptions that have it.

    Parameters
    ----------
    counts : mapping of str to sequence of int
        At least one; score to its counts in equal bins from 0 on.
    tops : mapping of str to float
        Highest value of each score.
    thresholds : mapping of str to float
        Of scores that have one.
    """
    width = (WIDTH - _LEFT - 0.3 - _GAP * (len(counts) - 1)) / len(counts)
    figure = new_figure(_HEIGHT + 0.85)
    for place, (name, values) in enumerate(counts.items()):
        left = _LEFT + place * (width + _GAP)
        add_text(figure, left, 0.12, name, colour=INK, bold=True)
        axes = add_axes(figure, left, 0.3, width, _HEIGHT, grid="y")
        edges = np.linspace(0, tops[name], len(values) + 1)
        shares = 100 * np.asarray(values) / max(sum(values), 1)
        axes.bar(edges[:-1], shares, width=np.diff(edges) * 0.9, align="edge", color=_BAR)
        if name in thresholds:
            axes.axvline(thresholds[name], color=_LIMIT, linewidth=1.4, linestyle="--")
        axes.set_xlim(0, tops[name])
        axes.set_ylim(0, 100)
        axes.set_xlabel("score", color=MUTED, fontsize=TEXT)
        if place == 0:
            axes.set_ylabel("% of descriptions", color=MUTED, fontsize=TEXT)
    return figure
