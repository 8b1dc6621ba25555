"""Pictures of clips from the films of a study."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import pandas as pd

from mousegpt_core.errors import DataError, VideoError
from mousegpt_core.pipeline.correcting import corrected
from mousegpt_core.pipeline.filmed import FilmedView, open_view, views_with_films
from mousegpt_core.pipeline.recording_stages import pose_sources, pose_stage, primary_pose
from mousegpt_core.study import Recording, Study, View
from mousegpt_core.video import Image, encode_jpeg, still

_SIZE = (360, 270)
#: Views beside each other.
_VIEWS = 2
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
        self._films: dict[str, list[FilmedView]] = {}
        self.warnings: list[str] = []

    def covers(self, clip: pd.Series[Any]) -> bool:
        """Whether there is a film of this clip."""
        return bool(self._shown(clip))

    def frames(self, clip: pd.Series[Any]) -> dict[str, int]:
        """The frame in the middle of a clip by view; the first views that reach it."""
        return {filmed.view.name: number for filmed, number in self._shown(clip)}

    def take(self, clip: pd.Series[Any]) -> bytes | None:
        """The middle of a clip as its views show it, cut to the animal where its pixels are known.

        Parameters
        ----------
        clip : Series
            A row of `described_clips`.

        Returns
        -------
        bytes or None
            JPEG, with two views beside each other; None where there is no film of it.
        """
        recording, moment = self._study.recording(str(clip["recording"])), _moment(clip)
        pictures = []
        for filmed, number in self._shown(clip):
            points = self._pixels(recording, filmed.view.name, str(clip["individual"]), moment)
            try:
                picture = still(filmed.film, number, points, size=_SIZE)
            except VideoError as error:
                self.warnings.append(f"{recording.id}: {error.message}")
                continue
            pictures.append(_brightened(picture))
        return encode_jpeg(np.hstack(pictures), _QUALITY) if pictures else None

    def _shown(self, clip: pd.Series[Any]) -> list[tuple[FilmedView, int]]:
        recording = self._study.recording(str(clip["recording"]))
        counted = primary_pose(recording).view
        found: list[tuple[FilmedView, int]] = []
        for filmed in self._filmed(recording):
            number = filmed.number_at(_moment(clip))
            if filmed.view.name == counted:
                # The poses count this film's frames, whatever their clock says.
                middle = int(clip["start_frame"] + clip["stop_frame"] - 1) // 2
                number = middle if middle < len(filmed.film) else None
            if number is not None:
                found.append((filmed, number))
        return found[:_VIEWS]

    def _filmed(self, recording: Recording) -> list[FilmedView]:
        if recording.id not in self._films:
            views = views_with_films(recording.info)
            opened = (self._open(recording, view) for view in views)
            self._films[recording.id] = [one for one in opened if one is not None]
        return self._films[recording.id]

    def _open(self, recording: Recording, view: View) -> FilmedView | None:
        try:
            return open_view(recording, view, self._stack)
        except (DataError, VideoError) as error:
            self.warnings.append(f"{recording.id}: no pictures of {view.name}: {error.message}")
            return None

    def _pixels(
        self, recording: Recording, view: str, individual: str, moment: float
    ) -> np.ndarray[Any, Any] | None:
        """Keypoints in this view at this moment, in pixels; None where they are not known."""
        for source in pose_sources(recording):
            if source.view != view or recording.store.entry(pose_stage(source)) is None:
                continue
            read = recording.store.read_dataset(pose_stage(source))
            poses = corrected(recording, view, read)
            place = poses["position"].sel(individual=individual).sel(time=moment, method="nearest")
            points: np.ndarray[Any, Any] = place.transpose("keypoint", "space").values
            if source == primary_pose(recording):
                kinematics = recording.store.read_dataset("kinematics")
                seen = kinematics["measured"].sel(individual=individual)
                # Rows of frames that were dropped hold nothing: the row of this very pose.
                believed = seen.sel(time=float(place["time"]), method="nearest").reindex(
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
