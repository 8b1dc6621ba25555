"""Pictures of clips from the films of a study."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import pandas as pd

from mousegpt_core.errors import DataError, VideoError
from mousegpt_core.pipeline.recording_stages import pose_stage, primary_pose
from mousegpt_core.study import Recording, Study
from mousegpt_core.video import Film
from mousegpt_core.video.film import Image
from mousegpt_core.video.stills import encode_jpeg, still

_SIZE = (360, 270)
_QUALITY = 78
#: Pictures of dark rooms are made brighter, at most by this factor.
_BRIGHTER = 2.5


class Stills:
    """Takes pictures; each film is opened once.

    Parameters
    ----------
    study : Study
        The study.
    stack : ExitStack
        Closes the films.
    """

    def __init__(self, study: Study, stack: ExitStack) -> None:
        self._study = study
        self._stack = stack
        self._films: dict[str, tuple[str, Film] | None] = {}
        self.warnings: list[str] = []

    def covers(self, clip: pd.Series[Any]) -> bool:
        """Whether there is a film of this clip."""
        opened = self._film(str(clip["recording"]))
        return opened is not None and self._number(clip, *opened) is not None

    def take(self, clip: pd.Series[Any]) -> bytes | None:
        """A picture of the middle of a clip, cut to the animal where its pixels are known.

        Parameters
        ----------
        clip : Series
            A row of `described_clips`.

        Returns
        -------
        bytes or None
            JPEG; None where there is no film of it.
        """
        if not self.covers(clip):
            return None
        id = str(clip["recording"])
        opened = self._film(id)
        if opened is None:
            return None
        view, film = opened
        number = self._number(clip, view, film)
        if number is None:
            return None
        recording, moment = self._study.recording(id), _moment(clip)
        points = self._pixels(recording, view, str(clip["individual"]), moment)
        try:
            picture = still(film, number, points, size=_SIZE)
        except VideoError as error:
            self.warnings.append(f"{id}: {error.message}")
            return None
        return encode_jpeg(_brightened(picture), _QUALITY)

    def _number(self, clip: pd.Series[Any], view: str, film: Film) -> int | None:
        """The film's frame in the middle of a clip; None where the film does not reach it."""
        if primary_pose(self._study.recording(str(clip["recording"]))).view == view:
            # The poses count this film's frames, whatever their clock says.
            number = int(clip["start_frame"] + clip["stop_frame"] - 1) // 2
            return number if number < len(film) else None
        moment = _moment(clip)
        return film.number_at(moment) if moment < film.times[-1] else None

    def _film(self, id: str) -> tuple[str, Film] | None:
        if id not in self._films:
            self._films[id] = self._open(self._study.recording(id))
        return self._films[id]

    def _open(self, recording: Recording) -> tuple[str, Film] | None:
        for view in recording.info.views:
            for file in view.films:
                try:
                    film = Film(recording.resolve(file.path))
                except (DataError, VideoError) as error:
                    self.warnings.append(
                        f"{recording.id}: no pictures of {view.name}: {error.message}"
                    )
                    continue
                return view.name, self._stack.enter_context(film)
        return None

    def _pixels(
        self, recording: Recording, view: str, individual: str, moment: float
    ) -> np.ndarray[Any, Any] | None:
        """Keypoints in this view at this moment, in pixels; None where they are not known."""
        for source in recording.info.poses:
            if source.view != view or recording.store.entry(pose_stage(source)) is None:
                continue
            poses = recording.store.read_dataset(pose_stage(source))
            place = poses["position"].sel(individual=individual).sel(time=moment, method="nearest")
            points: np.ndarray[Any, Any] = place.transpose("keypoint", "space").values
            if source == primary_pose(recording):
                kinematics = recording.store.read_dataset("kinematics")
                seen = kinematics["measured"].sel(individual=individual)
                believed = seen.sel(time=moment, method="nearest").reindex(
                    keypoint=poses["keypoint"].values, fill_value=False
                )
                points = np.where(believed.values[:, None], points, np.nan)
            return points if np.isfinite(points).any() else None
        return None


@contextmanager
def stills_of(study: Study) -> Iterator[Stills]:
    """Pictures of a study's clips; the films are closed at the end."""
    with ExitStack() as stack:
        yield Stills(study, stack)


def _brightened(picture: Image) -> Image:
    """The picture with its brightest spots nearly white, if it is dark."""
    bright = float(np.percentile(picture, 99))
    factor = float(np.clip(230.0 / max(bright, 1.0), 1.0, _BRIGHTER))
    brighter: Image = np.minimum(picture * factor, 255.0).astype(np.uint8)
    return brighter


def _moment(clip: pd.Series[Any]) -> float:
    return float(clip["start_s"] + clip["stop_s"]) / 2
