"""What follows what, as a table of shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mousegpt_core.plots.heatmap import draw_heatmap
from mousegpt_core.plots.layout import styled
from mousegpt_core.plots.style import BehaviourKey

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def plot_transitions(shares: pd.DataFrame, key: BehaviourKey) -> Figure:
    """Draw after which behaviour which one follows.

    Parameters
    ----------
    shares : DataFrame
        As `stats.transition_shares` gives it, of bouts folded by the key.
    key : BehaviourKey
        Names and order.
    """
    shown = key.shown(shares.index)
    names = [key.names[name] for name in shown]
    values = shares.loc[shown, shown].to_numpy(dtype=np.float64)
    return draw_heatmap(
        values,
        names,
        names,
        row_title="after ...",
        column_title="... comes next (% of the times)",
        top_share=max(0.4, float(np.nan_to_num(values).max(initial=0.0))),
    )
