"""The films of a recording, each with the times of its frames."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.pipeline.clocks import view_clock
from mousegpt_core.study import Recording, RecordingInfo, View
from mousegpt_core.video import NO_FRAME, FilmLike, frames_at, open_film


@dataclass(frozen=True)
class FilmedView:
    """A view with its film, and when each frame was taken on the recording's clock."""

    view: View
    film: FilmLike
    times: NDArray[np.float64]
    period: float

    def number_at(self, moment: float) -> int | None:
        """The frame that shows a moment; None where there is none."""
        number = int(frames_at([moment], self.times, period=self.period)[0])
        return None if number == NO_FRAME else number


def views_with_films(info: RecordingInfo) -> list[View]:
    """Views that have a film, the main one first; fluorescence only where there is no other."""
    filmed = [view for view in info.views if view.shown is not None]
    ordinary = [view for view in filmed if view.shown and not view.shown.is_fluorescence]
    return sorted(ordinary or filmed, key=lambda view: view != info.main_view)


def open_view(recording: Recording, view: View, stack: ExitStack) -> FilmedView:
    """Open the film of a view that has one; `stack` closes it.

    Raises
    ------
    DataError, VideoError
        If the film or its timestamps cannot be read.
    """
    path = recording.resolve(view.films[0].path if view.shown is None else view.shown.path)
    film = stack.enter_context(open_film(path, fps=view.fps))
    clock = view_clock(view, film.fps, recording.resolve)
    times = clock.at(np.arange(len(film)))
    return FilmedView(view, film, times[np.isfinite(times)], 1 / clock.fps)
