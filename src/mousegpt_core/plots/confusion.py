"""Where the labels agree with a human's, and what is taken for what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mousegpt_core.plots.heatmap import draw_heatmap
from mousegpt_core.plots.layout import styled
from mousegpt_core.plots.style import readable_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def plot_confusion(labels: Sequence[str], matrix: npt.ArrayLike) -> Figure:
    """Draw a confusion matrix, each row in per cent of the human's label.

    Parameters
    ----------
    labels : sequence of str
        Classes; those that never occur in the truth get no row.
    matrix : array of shape (classes, classes)
        Frames by true (row) and predicted (column) class.
    """
    counts = np.asarray(matrix, dtype=np.float64)
    total = counts.sum(axis=1)
    rows = np.flatnonzero(total > 0)
    names = [readable_name(name) for name in labels]
    values = counts[rows] / total[rows, None]
    return draw_heatmap(
        values,
        [names[row] for row in rows],
        names,
        row_title="the human said",
        column_title="the computer said (% of the human's frames)",
    )
