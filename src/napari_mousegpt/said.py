"""What is said of the clips of a recording, what speaks against it, and who corrected it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mousegpt_core.clips import SECTIONS
from mousegpt_core.errors import StageMissingError

if TYPE_CHECKING:
    from mousegpt_core.study import Recording, Study

#: What can be corrected.
FIELDS = (*SECTIONS, "label")
_SCORES = ("accuracy", "coherence", "relevance", "contradictions", "confidence")


@dataclass(frozen=True)
class Said:
    """What is said of one clip.

    Attributes
    ----------
    clip_id, recording, individual : str
        Which.
    start_s, stop_s : float
        When.
    texts : dict of str to str
        `FIELDS` to what is said.
    speaker : str
        Who said it, for people.
    scores : dict of str to float
        What is known of how good it is.
    against : tuple of str
        What contradicts it.
    why_dropped : str
        ``""`` = kept.
    edits : dict of str to str
        Corrected fields to who and when, and what was said before.
    """

    clip_id: str
    recording: str
    individual: str
    start_s: float
    stop_s: float
    texts: dict[str, str]
    speaker: str
    scores: dict[str, float] = field(default_factory=dict)
    against: tuple[str, ...] = ()
    why_dropped: str = ""
    edits: dict[str, str] = field(default_factory=dict)


class SaidClips:
    """All that is said of a recording, by time.

    Parameters
    ----------
    clips : DataFrame
        `curating.curated_clips` or, where nothing is judged, `curating.said_clips`.
    edits : DataFrame
        Edits of descriptions that stand.
    """

    def __init__(self, clips: pd.DataFrame, edits: pd.DataFrame) -> None:
        self._clips = clips.reset_index(drop=True)
        self._edits = edits
        ordered = self._clips.sort_values("start_s", kind="stable")
        self._by_animal: dict[str, tuple[NDArray[Any], ...]] = {
            str(animal): (
                one["start_s"].to_numpy(np.float64),
                one["stop_s"].to_numpy(np.float64),
                one.index.to_numpy(),
            )
            for animal, one in ordered.groupby("individual")
        }

    def __len__(self) -> int:
        return len(self._clips)

    def at(self, moment: float, individual: str) -> Said | None:
        """What is said of an animal (or of the scene) at a moment, s; None = nothing."""
        for animal in (individual, ""):
            if animal not in self._by_animal:
                continue
            starts, stops, rows = self._by_animal[animal]
            place = int(np.searchsorted(starts, moment + 1e-6, side="right")) - 1
            if place >= 0 and moment < stops[place]:
                return self._said(int(rows[place]))
        return None

    def _said(self, row: int) -> Said:
        clip = self._clips.iloc[row]
        scores = {name: float(clip[name]) for name in _SCORES if name in clip.index}
        protocol = f", protocol {clip['protocol']}" if clip["protocol"] else ""
        speaker = f"{clip['model'] or clip['describer']}{protocol}"
        return Said(
            str(clip["clip_id"]),
            str(clip["recording"]),
            str(clip["individual"]),
            float(clip["start_s"]),
            float(clip["stop_s"]),
            {name: str(clip[name]) for name in FIELDS},
            speaker,
            {name: score for name, score in scores.items() if np.isfinite(score)},
            tuple(part for part in str(clip.get("reason", "")).split("; ") if part),
            str(clip.get("why_dropped", "")),
            self._history(str(clip["clip_id"])),
        )

    def _history(self, clip_id: str) -> dict[str, str]:
        mine = self._edits[self._edits["target_id"] == clip_id]
        return {
            str(edit["field"]): f"{edit['who'] or 'somebody'}, {edit['when'][:16]}; before: "
            + (edit["old"] or "nothing")
            for edit in mine.to_dict("records")
        }


def read_said(recording: Recording) -> SaidClips | None:
    """What is said of a recording now; None = it is not described.

    Raises
    ------
    MouseGPTError
        If a file of the study cannot be read.
    """
    from mousegpt_core.pipeline.curating import curated_clips, said_clips

    try:
        try:
            clips = curated_clips(recording)
        except StageMissingError:  # thresholds are given, and nothing is judged yet
            clips = said_clips(recording)
    except StageMissingError:
        return None
    return SaidClips(clips, recording.log.edits("description"))


def read_judged(study: Study, show: int) -> dict[str, Any] | None:
    """How the descriptions stand, as `judging.summary`; None = they are not judged.

    Raises
    ------
    MouseGPTError
        If a file of the study cannot be read.
    """
    from mousegpt_core.pipeline.curating import is_judged
    from mousegpt_core.pipeline.judging import summary

    judged = [one for one in study.recordings.values() if is_judged(one)]
    return summary(study, judged, show=show) if judged else None


def scores_words(said: Said) -> str:
    """Scores of a description, for people."""
    tens = [f"{name} {said.scores[name]:.1f}" for name in _SCORES[:3] if name in said.scores]
    if "confidence" in said.scores:
        tens.append(f"confidence {said.scores['confidence']:.2f}")
    return ", ".join(tens)
