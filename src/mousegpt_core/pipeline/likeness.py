"""Moments like a moment: by what is told of them, by how the animal moves, or by both."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from mousegpt_core.analysis.search import like_by_movement, like_by_words, ranking
from mousegpt_core.describe.clip_quantities import UNITS, clip_quantities, column
from mousegpt_core.errors import DataError, StageMissingError, typed
from mousegpt_core.pipeline.recording_stages import evidence_of, recording_skeleton
from mousegpt_core.pipeline.searching import APART_S, Found, keep_ranking
from mousegpt_core.pipeline.study_stages import (
    all_described_clips,
    described_recordings,
    vectors_of,
)
from mousegpt_core.pipeline.work import Work
from mousegpt_core.study import Provenance, Recording

VERSION = 1
#: What of each clip was measured; made when first asked for.
STAGE = "quantities"
By = Literal["words", "movement", "both"]
#: A moment that no clip covers is that of the nearest clip, if it is so near (s).
_NEAR_S = 1.0


def search_like(
    work: Work,
    recording: str,
    moment: float,
    *,
    individual: str = "",
    by: By = "both",
    top: int = 5,
) -> Found:
    """The moments that are most like a moment.

    Parameters
    ----------
    work : Work
        On a study with embedded descriptions.
    recording : str
        Its id.
    moment : float
        Seconds on the recording's clock.
    individual : str
        Which animal; ``""`` = the first of which something is told.
    by : {"words", "movement", "both"}
        What must be alike: the descriptions (what a reader would call the same, wherever and
        however fast); the clips' measured quantities (speeds, angles, heights; posture and pace in
        numbers, of which words tell classes); or both, by the mean of the two scores: of the many
        clips that are told in the same words, first those that also move alike.
    top : int
        How many to give back; the full ranking is written as a csv.

    Returns
    -------
    Found
        As of `search_study`; scores are 0 to 1, and 1 = the same.

    Raises
    ------
    StageMissingError
        If the descriptions have not been embedded.
    DataError
        If nothing is told of this moment.
    """
    study = work.study
    study.recording(recording)
    clips = all_described_clips(study)
    row = _clip_at(clips, recording, moment, individual)
    scores = []
    if by in ("words", "both"):
        scores.append(like_by_words(vectors_of(study, clips), row))
    if by in ("movement", "both"):
        scores.append(like_by_movement(_quantities(work, clips), row))
    others = np.flatnonzero(np.arange(len(clips)) != row)
    score = np.mean(scores, axis=0)[others]
    rest = clips.iloc[others].reset_index(drop=True)
    name = f"like {clips['clip_id'][row]} {by}"
    kept = keep_ranking(study, name, ranking(score, rest, -1, 0.0))
    hits = ranking(score, rest, top, APART_S).to_dict("records")
    return Found([{str(k): v for k, v in hit.items()} for hit in hits], kept, "")


def _clip_at(clips: pd.DataFrame, recording: str, moment: float, individual: str) -> int:
    """Row of the clip that covers a moment, or is very near."""
    mine = clips[clips["recording"] == recording]
    if individual:
        mine = mine[mine["individual"].isin([individual, ""])]
    start, stop = mine["start_s"].to_numpy(), mine["stop_s"].to_numpy()
    away = np.maximum(np.maximum(start - moment, moment - stop), 0.0)
    inside = (start <= moment) & (moment < stop)
    away[~inside] += 1e-9
    if not len(mine) or away.min() > _NEAR_S:
        raise DataError(
            f"nothing is told of {individual or recording} at {moment:g} s",
            hint="choose a moment that has a description: `mousegpt export STUDY descriptions`",
        )
    return int(mine.index[int(np.argmin(away))])


def _quantities(work: Work, clips: pd.DataFrame) -> pd.DataFrame:
    """What was measured of each clip, in their order; NaN = not known."""
    tables = []
    for recording in described_recordings(work.study):
        run_quantities(work, recording)
        tables.append(recording.store.read_table(STAGE))
    measured = pd.concat([one for one in tables if len(one)]).set_index("clip_id")
    table: pd.DataFrame = measured.reindex(clips["clip_id"]).reset_index(drop=True)
    names = [column(quantity, "mean") for quantity in UNITS]
    speeds = [column(name, "mean") for name, unit in UNITS.items() if unit == "cm/s"]
    # Twice as fast is as different among slow animals as among fast ones.
    return table[names].assign(**{name: np.log1p(table[name].clip(lower=0)) for name in speeds})


def run_quantities(work: Work, recording: Recording) -> str:
    """Measure every clip of a recording; returns the result's key.

    Raises
    ------
    StageMissingError
        If the recording has no clips yet.
    """
    store = recording.store
    entries = {name: store.entry(name) for name in ("kinematics", "clips")}
    keys = {name: entry.key for name, entry in entries.items() if entry is not None}
    if len(keys) < len(entries):
        raise StageMissingError(
            f"{recording.id}: not analysed yet", hint=f"mousegpt run {typed(work.study.folder)}"
        )
    made = Provenance(STAGE, VERSION, {}, keys)

    def write() -> None:
        clips = store.read_table("clips")
        skeleton = recording_skeleton(work.study, recording)
        tables: list[pd.DataFrame] = []
        for evidence in evidence_of(recording, clips, skeleton):
            work.step(STAGE, recording.id, sum(len(one) for one in tables), len(clips))
            measured = clip_quantities(evidence)
            tables.append(measured.assign(clip_id=evidence.clips["clip_id"].to_numpy()))
        # A recording may be shorter than one clip.
        none = clips[["clip_id"]]
        store.write_table(made, pd.concat(tables, ignore_index=True) if tables else none)

    return work.make(store, made, write, recording=recording.id)
