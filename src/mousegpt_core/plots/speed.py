"""How the time is spread over slow and fast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mousegpt_core.plots.layout import (
    TEXT,
    WIDTH,
    add_axes,
    make_legend,
    new_figure,
    styled,
)
from mousegpt_core.plots.style import MUTED, group_colours
from mousegpt_core.stats.groups import order_groups
from mousegpt_core.stats.movement import SPEED_EDGES, Movement
from mousegpt_core.stats.shares import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ALONE = "#2f7fc1"


@styled
def plot_speed(movements: Sequence[Movement], subjects: Sequence[Subject]) -> Figure:
    """Draw the share of time at each speed: a thin line an animal, a thick one each treatment.

    Parameters
    ----------
    movements : sequence of Movement
        With `speed_shares`; others are left out.
    subjects : sequence of Subject
        The animals.
    """
    shares = _by_subject(movements)
    treatment = {one.key: one.treatment for one in subjects if one.key in shares}
    groups = order_groups(treatment.values())
    colours = group_colours(groups)
    legend = make_legend([(name, colours[name], "") for name in groups])
    figure = new_figure(legend.height + 2.75)
    legend.draw(figure)
    axes = add_axes(figure, 0.75, legend.height + 0.1, WIDTH - 1.05, 2.1, grid="y")
    middle = np.sqrt(SPEED_EDGES[1:] * SPEED_EDGES[:-1])
    alone = len(shares) == 1
    for name in [*groups, ""]:
        mine = [shares[key] for key, each in treatment.items() if each == name]
        colour = colours.get(name, _ALONE)
        for line in [] if alone else mine:
            axes.plot(middle, 100 * line, color=colour, linewidth=0.7, alpha=0.45)
        if mine:
            mean = np.mean(mine, axis=0)
            axes.plot(middle, 100 * mean, color=colour, linewidth=2.4)
            if alone:
                axes.fill_between(middle, 0, 100 * mean, color=colour, alpha=0.2, linewidth=0)
    axes.set_xscale("log")
    axes.set_xlim(SPEED_EDGES[0], SPEED_EDGES[-1])
    axes.set_xticks([0.1, 0.3, 1, 3, 10, 30, 100], ["≤ 0.1", "0.3", "1", "3", "10", "30", "≥ 100"])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter("{x:.4g} %")
    axes.set_xlabel("speed of the body centre (cm/s, logarithmic)", color=MUTED, fontsize=TEXT)
    axes.set_ylabel("share of the time", color=MUTED, fontsize=TEXT)
    axes.spines["left"].set_visible(False)
    axes.tick_params(left=False)
    return figure


def _by_subject(movements: Sequence[Movement]) -> Mapping[tuple[str, str], np.ndarray]:
    return {
        (one.recording, one.individual): np.asarray(one.speed_shares)
        for one in movements
        if len(one.speed_shares) == len(SPEED_EDGES) - 1
    }
