"""Ways of asking a model beside each other: how well each agrees with a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

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
from mousegpt_core.plots.style import INK, MUTED, behaviour_colours, readable_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LEFT, _ROW, _TOP, _FOOT = 3.6, 0.36, 0.75, 0.85


@styled
def plot_ablation(
    rows: Sequence[Mapping[str, Any]], labels: Sequence[str], drawn_over: str
) -> Figure:
    """Draw macro-F1 with its 95 % interval, and F1 of each class, a row a variant.

    Parameters
    ----------
    rows : sequence of mapping
        ``variant``, ``macro_f1``, ``f1`` (by class) and ``interval``, as `ablate_study` gives them.
    labels : sequence of str
        The classes.
    drawn_over : str
        What the intervals are drawn over.
    """
    figure = new_figure(_TOP + _ROW * len(rows) + _FOOT)
    axes = add_axes(figure, _LEFT, _TOP, WIDTH - _LEFT - 0.3, _ROW * len(rows), grid="x")
    colours = behaviour_colours(labels)
    entries = [("macro-F1", INK, "D"), *((readable_name(n), colours[n], "o") for n in labels)]
    legend = make_legend(entries, left=_LEFT)
    legend.draw(figure, 0.1)
    for place, row in enumerate(rows):
        for name in labels:
            if name in row["f1"]:
                axes.plot(row["f1"][name], place, "o", color=colours[name], markersize=5, alpha=0.8)
        if "macro_f1" in row["interval"]:
            axes.plot(row["interval"]["macro_f1"], [place, place], color=INK, linewidth=1.6)
        axes.plot(row["macro_f1"], place, "D", color=INK, markersize=6)
        middle = _TOP + _ROW * (place + 0.5)
        add_text(figure, 0.05, middle, shorten(str(row["variant"]), _LEFT - 0.2, SMALL), size=SMALL)
    axes.set_xlim(0, 1)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks([])
    foot = _TOP + _ROW * len(rows) + 0.5
    words = f"F1 against a person; lines: 95 % intervals of macro-F1, drawn over {drawn_over}"
    add_text(figure, 0.05, foot, words, colour=MUTED, size=SMALL)
    return figure
