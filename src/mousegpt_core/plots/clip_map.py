"""The clips as dots: what is told alike lies together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mousegpt_core.plots.layout import WIDTH, add_axes, make_legend, new_figure, styled
from mousegpt_core.plots.style import OTHER, BehaviourKey

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Drawn as a picture within the figure, so that the page stays light.
_DPI = 170
_TALLEST = 5.6
_POINTS_AN_INCH = 72.0


@styled
def plot_map(places: pd.DataFrame, key: BehaviourKey) -> Figure:
    """Draw each clip at its place, in the colour of its behaviour.

    Parameters
    ----------
    places : DataFrame
        x and y (1 = about the distance of neighbouring clips), and behaviour_id.
    key : BehaviourKey
        Behaviours and their colours.
    """
    behaviour = key.fold(places)["behaviour_id"]
    shown = key.shown(behaviour)
    legend = make_legend([(key.names[each], key.colours[each], "") for each in shown])
    x, y = places["x"].to_numpy(dtype=np.float64), places["y"].to_numpy(dtype=np.float64)
    wide, high = max(np.ptp(x), 4.0) + 2, max(np.ptp(y), 4.0) + 2
    scale = min(WIDTH / wide, _TALLEST / high)
    figure = new_figure(legend.height + scale * high + 0.1)
    legend.draw(figure)
    axes = add_axes(figure, (WIDTH - scale * wide) / 2, legend.height, scale * wide, scale * high)
    colours = [key.colours.get(each, key.colours.get(OTHER, "#a3a3a3")) for each in behaviour]
    size = float(np.clip(0.9 * scale * _POINTS_AN_INCH, 1.2, 9.0))
    axes.scatter(x, y, s=size**2, c=colours, linewidths=0, rasterized=True)
    axes.set_xlim((x.min() + x.max() - wide) / 2, (x.min() + x.max() + wide) / 2)
    axes.set_ylim((y.min() + y.max() - high) / 2, (y.min() + y.max() + high) / 2)
    axes.set_axis_off()
    figure.set_dpi(_DPI)
    return figure
