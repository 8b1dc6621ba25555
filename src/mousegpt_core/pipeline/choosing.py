"""Which clip of a recording a person means: its number, its id, or a moment that it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mousegpt_core.errors import DataError, SettingsError
from mousegpt_core.pipeline.study_stages import refuse_empty
from mousegpt_core.pipeline.work import Work
from mousegpt_core.study import Recording


@dataclass(frozen=True)
class ClipChoice:
    """A clip as a person names it.

    Attributes
    ----------
    clip : str
        Number of the clip in its recording, from 1, or its id; the first, where nothing is said.
    recording : str
        By default that of the clip's id, else the first one.
    moment : float, optional
        In place of a clip: seconds on the recording's clock, which the clip shows.
    individual : str
        With a moment: of this animal, or of the scene; by default of any.
    """

    clip: str = ""
    recording: str = ""
    moment: float | None = None
    individual: str = ""

    def recording_in(self, work: Work) -> Recording:
        """The recording.

        Raises
        ------
        DataError
            If the study has none, or none of that name.
        """
        return work.study.recording(self.recording or recording_of(self.clip) or _first(work))

    def find(self, clips: pd.DataFrame, recording: str) -> tuple[str, list[str]]:
        """Id of the clip, and what there is to say of the choice.

        Parameters
        ----------
        clips : DataFrame
            Table `clips.CLIPS`: those that there are.
        recording : str
            Its id, for messages.

        Raises
        ------
        DataError
            If there is no clip of that number, or none at all of the animal.
        SettingsError
            If there is an animal and no moment, or a clip and a moment.
        """
        if self.moment is not None and self.clip:
            raise SettingsError(
                "a clip and a moment are given", hint="leave one of them out: --clip, --at"
            )
        if self.moment is not None:
            return self._at_moment(clips, self.moment, recording)
        if self.individual:
            raise SettingsError(
                f"the clip of {self.individual!r} is not clear without a moment",
                hint="give the moment, too: --at SECONDS; or the clip's id alone",
            )
        clip = self.clip or "1"
        if not clip.isdecimal():
            return clip, []
        if not 1 <= int(clip) <= len(clips):
            raise DataError(
                f"recording {recording} has no clip {clip}",
                expected=f"1 to {len(clips)}" if len(clips) else "no clips: it is shorter than one",
                hint="choose a number of a clip, or another protocol",
            )
        return str(clips["clip_id"].iloc[int(clip) - 1]), []

    def _at_moment(
        self, clips: pd.DataFrame, moment: float, recording: str
    ) -> tuple[str, list[str]]:
        if self.individual:
            clips = clips[clips["individuals"].isin([self.individual, ""])]
        if clips.empty:
            raise DataError(
                f"recording {recording} has no clip"
                + (f" of {self.individual!r}" if self.individual else ""),
                hint="choose another animal, or another protocol",
            )
        starts, stops = clips["start_s"].to_numpy(), clips["stop_s"].to_numpy()
        # Moments that were written with six digits still find their own clip.
        away = np.maximum(np.maximum(starts - moment - 1e-6, moment + 1e-6 - stops), 0.0)
        row = clips.iloc[int(np.argmin(away))]
        notes = []
        if away.min() > 0:
            notes.append(
                f"No clip of this protocol shows {moment:.2f} s; the nearest one is shown, "
                f"{row['start_s']:.2f} to {row['stop_s']:.2f} s."
            )
        return str(row["clip_id"]), notes


def place_of(clips: pd.DataFrame, clip_id: str) -> dict[str, Any]:
    """Where a clip of a table is: clip_id, recording, individual, start_s, stop_s."""
    (row,) = clips[clips["clip_id"] == clip_id].to_dict("records")
    return {
        "clip_id": clip_id,
        "recording": str(row["recording"]),
        "individual": str(row["individuals"]),
        "start_s": float(row["start_s"]),
        "stop_s": float(row["stop_s"]),
    }


def recording_of(clip: str) -> str:
    """The recording that a clip's id names; ``""`` where it is no id."""
    return clip.partition("@")[0].partition("/")[0] if "@" in clip else ""


def _first(work: Work) -> str:
    refuse_empty(work.study)
    return next(iter(work.study.recordings))
