"""The descriptions of a study judged, and how they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mousegpt_core.describe.judging import CRITERIA, KINEMATIC, CurationSettings
from mousegpt_core.pipeline.curating import FOUND, curated_clips, curation_of, run_judgements
from mousegpt_core.pipeline.judging_by_model import judge_by_model
from mousegpt_core.pipeline.study_stages import refuse_empty
from mousegpt_core.pipeline.work import Work
from mousegpt_core.settings import content_hash
from mousegpt_core.study import Recording, Study

#: Highest value of each score, and bins of a histogram.
_TOPS = {**dict.fromkeys(CRITERIA, 10.0), "contradictions": 1.0, "confidence": 1.0}
_BINS = 10


def curate_study(
    work: Work,
    *,
    judge: str = KINEMATIC,
    only: Sequence[str] | None = None,
    thresholds: Mapping[str, Any] | None = None,
    show: int = 3,
    **orders: Any,
) -> dict[str, Any]:
    """Judge a study's descriptions, and tell how they stand.

    Whoever judges, contradictions to the kinematics are found, too.

    Parameters
    ----------
    work : Work
        The study at work.
    judge : str
        ``"kinematic"``, or a describer whose model judges.
    only : sequence of str, optional
        Ids of recordings.
    thresholds : mapping, optional
        Values for ``[curation]``, which are written into study.toml first.
    show : int
        How many of the best and of the worst are told.
    **orders
        As in `judge_by_model`, where a model judges.

    Returns
    -------
    dict
        As `summary`, and ``failed``: id to why; where a model judges, ``asked``: as
        `judge_by_model`. With ``dry_run`` only the latter.

    Raises
    ------
    SettingsError
        If a threshold is not possible.
    """
    refuse_empty(work.study)
    told: dict[str, Any] = {}
    if judge != KINEMATIC:
        told["asked"] = judge_by_model(work, judge=judge, only=only, **orders)
        if orders.get("dry_run"):
            return told
    name = told["asked"]["judge"] if told else KINEMATIC
    if thresholds:
        set_thresholds(work.study, {"judge": name, **thresholds})
    chosen = work.chosen(only)
    judged = work.each(chosen, lambda recording: run_judgements(work, recording))
    recordings = [recording for recording in chosen if recording.id in judged]
    told |= summary(work.study, recordings, judge=name, show=show)
    return {**told, "failed": work.failures}


def set_thresholds(study: Study, values: Mapping[str, Any]) -> None:
    """Write values of ``[curation]`` into study.toml, if they are possible."""
    CurationSettings.parse({**study.section("curation"), **values}, source="thresholds")
    known = CurationSettings.parse(dict(values), source="thresholds")
    study.set_section("curation", **{name: getattr(known, name) for name in values})


def summary(
    study: Study, recordings: Sequence[Recording], *, judge: str = "", show: int = 3
) -> dict[str, Any]:
    """How the judged descriptions of some recordings stand.

    Parameters
    ----------
    study : Study
        The study.
    recordings : sequence of Recording
        Judged by kinematics.
    judge : str
        Whose scores are told; by default that of ``[curation]``.
    show : int
        How many of the best and of the worst are told.

    Returns
    -------
    dict
        ``judge``, ``thresholds``; ``recordings``: id to clips, judged, kept, dropped, edited, and
        the same of ``all``; ``histogram``: score to its counts in tenths of its range, the last
        with its upper end; ``contradictions``: claim to how many descriptions it is false in;
        ``best`` and ``worst``: clips with scores, sentence and reason.
    """
    settings = curation_of(study)
    tables = [curated_clips(each, judge) for each in recordings]
    clips = pd.concat(tables, ignore_index=True)
    found = pd.concat([each.store.read_table(FOUND) for each in recordings], ignore_index=True)
    counts = {str(id): _counts(part) for id, part in clips.groupby("recording", sort=False)}
    return {
        "judge": judge or settings.judge,
        "thresholds": settings.thresholds,
        "recordings": counts,
        "all": _counts(clips),
        "histogram": {name: _histogram(clips[name], top) for name, top in _TOPS.items()},
        "contradictions": found.groupby("claim")["answer_id"].nunique().sort_values().to_dict(),
        **_extremes(clips, show),
    }


def _counts(clips: pd.DataFrame) -> dict[str, int]:
    judged = clips[list(CRITERIA)].notna().any(axis=1)
    kept = int(clips["kept"].sum())
    return {
        "clips": len(clips),
        "judged": int(judged.sum()),
        "kept": kept,
        "dropped": len(clips) - kept,
        "edited": int(clips["edited"].sum()),
    }


def _histogram(values: pd.Series[Any], top: float) -> list[int]:
    known = values.to_numpy(dtype=np.float64)
    counts, _ = np.histogram(known[np.isfinite(known)], bins=_BINS, range=(0.0, top))
    return [int(count) for count in counts]


def _extremes(clips: pd.DataFrame, show: int) -> dict[str, list[dict[str, Any]]]:
    """The best and the worst clips, of different sentences."""
    scored = clips.assign(mean=clips[list(CRITERIA)].mean(axis=1)).dropna(subset="mean")
    # By a hash where scores are equal, so that not all are of the first minute.
    scored["place"] = [content_hash(clip_id) for clip_id in scored["clip_id"]]
    ranked = scored.sort_values(["mean", "place"]).drop_duplicates(["overall", "mean"])
    middle = (len(ranked) + 1) // 2
    half = ranked.iloc[:middle], ranked.iloc[middle:].iloc[::-1]
    return {
        name: [
            {
                "clip_id": row["clip_id"],
                "recording": row["recording"],
                "individual": row["individual"],
                "start_s": row["start_s"],
                "stop_s": row["stop_s"],
                **{each: row[each] for each in (*CRITERIA, "contradictions")},
                "sentence": row["overall"] or row["label"],
                "reason": row["reason"],
                "kept": bool(row["kept"]),
            }
            for row in part.head(show).to_dict("records")
        ]
        for name, part in zip(("worst", "best"), half, strict=True)
    }
