"""Ways through the arena, coloured by behaviour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mousegpt_core.plots.layout import (
    SMALL,
    WIDTH,
    add_axes,
    add_text,
    grouped,
    make_legend,
    new_figure,
    shorten,
    styled,
    subject_labels,
)
from mousegpt_core.plots.style import INK, MUTED, OTHER, BehaviourKey
from mousegpt_core.stats.shares import Subject, bouts_of, codes_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = npt.NDArray[Any]

#: Points in the whole figure, so that the page stays light.
_MOST_POINTS = 16_000
#: Half the width of a panel is at least this, lest the tremor of a still animal fills it.
_LEAST_REACH_CM = 5.0
_MOST_PANELS = 12


@dataclass(frozen=True, eq=False)
class Track:
    """The way of one animal in one recording.

    Attributes
    ----------
    recording, individual : str
        Whose.
    times : array of shape (time,)
        Seconds on the recording's clock, rising.
    centre : array of shape (time, 2)
        Body centre in cm; NaN = not seen.
    outline : array of shape (corners, 2), optional
        The arena's wall in cm, as a closed line; None = not known.
    y_down : bool
        Whether y points down, as in pictures.
    """

    recording: str
    individual: str
    times: Array
    centre: Array
    outline: Array | None = None
    y_down: bool = True


@styled
def plot_trajectories(
    tracks: Sequence[Track], bouts: pd.DataFrame, subjects: Sequence[Subject], key: BehaviourKey
) -> Figure:
    """Draw where the animals went: a panel for each, or with many for each treatment.

    Parameters
    ----------
    tracks : sequence of Track
        Ways; those of no subject are left out.
    bouts : DataFrame
        Table `clips.BOUTS`, folded by the key.
    subjects : sequence of Subject
        The animals.
    key : BehaviourKey
        Behaviours and their colours.
    """
    by_key = {(track.recording, track.individual): track for track in tracks}
    known = [one for one in subjects if _has_points(by_key.get(one.key))]
    panels = _panels(known)
    shown = key.shown(bouts["behaviour_id"])
    legend = make_legend([(key.names[b], key.colours[b], "") for b in shown])
    columns = min(4, max(len(panels), 2))
    width = WIDTH / columns
    size = min(width - 0.2, 3.4)
    lines = -(-len(panels) // columns)
    figure = new_figure(legend.height + lines * (size + 0.42) + 0.3)
    legend.draw(figure)
    reach = max((_reach(by_key[one.key]) for one in known), default=1.0)
    most = max(_MOST_POINTS // max(len(known), 1), 60)
    for number, (title, part) in enumerate(panels):
        left = (number % columns) * width
        top = legend.height + (number // columns) * (size + 0.42)
        add_text(figure, left + size / 2, top + 0.13, shorten(title, width - 0.1, SMALL + 0.5),
                 size=SMALL + 0.5, align="center")  # fmt: skip
        axes = add_axes(figure, left, top + 0.28, size, size)
        for one in part:
            _draw_track(axes, by_key[one.key], bouts_of(bouts, one), shown, key, most, reach)
        axes.set_axis_off()
    _draw_scale(figure, legend.height + lines * (size + 0.42) + 0.1, size, reach)
    return figure


def _panels(subjects: Sequence[Subject]) -> list[tuple[str, list[Subject]]]:
    groups = grouped(subjects)
    if len(subjects) > _MOST_PANELS and len(groups) > 1:
        return [(f"{name or 'no treatment'} (n = {len(part)})", part) for name, part in groups]
    labels = subject_labels(subjects)
    each = [(one, name) for name, part in groups for one in part][: 2 * _MOST_PANELS]
    return [
        (f"{labels[one.key]} · {name}" if name else labels[one.key], [one]) for one, name in each
    ]


def _has_points(track: Track | None) -> bool:
    return track is not None and bool(np.isfinite(track.centre).all(axis=1).sum() > 1)


def _frame(track: Track) -> tuple[Array, float]:
    """Middle and half width of what is drawn of a track, cm; a lost point does not widen it."""
    points = track.centre[np.isfinite(track.centre).all(axis=1)]
    if track.outline is not None and len(track.outline):
        low, high = track.outline.min(axis=0), track.outline.max(axis=0)
        low = np.minimum(low, np.quantile(points, 0.001, axis=0))
        high = np.maximum(high, np.quantile(points, 0.999, axis=0))
    else:
        low, high = np.quantile(points, (0.001, 0.999), axis=0)
    return (low + high) / 2, float(np.max(high - low)) / 2


def _reach(track: Track) -> float:
    return max(1.06 * _frame(track)[1], _LEAST_REACH_CM)


def _draw_track(
    axes: Axes, track: Track, part: pd.DataFrame, shown: Sequence[str], key: BehaviourKey,
    most: int, reach: float,
) -> None:  # fmt: skip
    step = max(1, -(-len(track.times) // most))
    middle, _ = _frame(track)
    way = track.centre[::step] - middle
    code = _behaviour_at(track.times[::step], part, shown)
    sign = -1.0 if track.y_down else 1.0
    if track.outline is not None and len(track.outline):
        wall = np.concatenate([track.outline, track.outline[:1]]) - middle
        axes.plot(wall[:, 0], sign * wall[:, 1], color=MUTED, linewidth=1.0)
    before = np.concatenate([[-2], code[:-1]])
    for place in range(-1, len(shown)):
        mine = (code == place) | (before == place)
        if not (code == place).any():
            continue
        line = np.where(mine[:, None], way, np.nan)
        colour = key.colours[shown[place]] if place >= 0 else key.colours.get(OTHER, "#a3a3a3")
        axes.plot(line[:, 0], sign * line[:, 1], color=colour, linewidth=0.9, alpha=0.85,
                  solid_capstyle="round", solid_joinstyle="round")  # fmt: skip
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)


def _behaviour_at(times: Array, part: pd.DataFrame, shown: Sequence[str]) -> Array:
    """Index of the behaviour at each time, -1 = none."""
    if part.empty:
        return np.full(len(times), -1)
    start = part["start_s"].to_numpy(dtype=np.float64)
    stop = part["stop_s"].to_numpy(dtype=np.float64)
    bout = np.searchsorted(start, times, side="right") - 1
    inside = (bout >= 0) & (times < stop[np.maximum(bout, 0)])
    result: Array = np.where(inside, codes_of(part, shown)[np.maximum(bout, 0)], -1)
    return result


def _draw_scale(figure: Figure, top: float, size: float, reach: float) -> None:
    from matplotlib.lines import Line2D

    wanted = 0.5 * reach
    length = max((s for s in (0.5, 1, 2, 5, 10, 20, 50, 100, 200) if s <= wanted), default=0.5)
    inches = length / (2 * reach) * size
    width, height = figure.get_size_inches()
    y = 1.0 - top / height
    figure.add_artist(Line2D([0.02, 0.02 + inches / width], [y, y], color=INK, linewidth=2.0))
    add_text(figure, 0.02 * width + inches + 0.1, top, f"{length:g} cm", size=SMALL, colour=MUTED)
