"""Any two labellings of a study against each other: scores, and where they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mousegpt_core.analysis.bouts import bouts_from_labels, labels_from_bouts
from mousegpt_core.analysis.label_words import REST_NAMES, name_of_rest
from mousegpt_core.analysis.truth import Truth, read_truth
from mousegpt_core.errors import DataError, StageMissingError
from mousegpt_core.pipeline.evaluation import Case, bouts_of_scheme, score_cases
from mousegpt_core.pipeline.human_labels import HUMAN, frame_times, human_file
from mousegpt_core.study import Recording, Study

#: Labels in files that are given.
FILES = "files"
#: Between the two labels of a stretch, where a table keeps both as one.
_AND = "\x1f"


@dataclass(frozen=True)
class Comparison:
    """How two labellings agree.

    Attributes
    ----------
    scores : dict
        As `evaluate_study` gives it: the reference takes the place of the human.
    differences : DataFrame
        Columns ``recording, individual, start_s, stop_s, reference, compared``: stretches of
        different labels, the longest first.
    """

    scores: dict[str, Any]
    differences: pd.DataFrame


def compare_labels(
    study: Study,
    reference: str,
    compared: str,
    *,
    files: Mapping[str, Path] | None = None,
    only: Sequence[str] = (),
) -> Comparison:
    """Score a labelling against another one, frame by frame.

    Parameters
    ----------
    study : Study
        The study, analysed.
    reference, compared : str
        `HUMAN` (drawn in the study), `FILES`, ``"activities"``, ``"profile"`` (not as the
        reference), or a scheme of labels.
    files : mapping of str to Path, optional
        For `FILES`: recording, or ``RECORDING/ANIMAL``, to its file of labels.
    only : sequence of str
        Recordings; by default all that both have labelled.

    Raises
    ------
    DataError
        If nothing was labelled by both.
    FormatError
        If a file cannot be read.
    """
    cases = []
    for recording in study.recordings.values():
        known = frame_times(recording)
        if known is None or (only and recording.id not in only):
            continue
        for animal in recording.info.individuals or ("",):
            true = _truth(study, recording, animal, reference, files or {})
            other = _truth(study, recording, animal, compared, files or {})
            if true is not None and other is not None:
                cases.append(_case(recording, animal, true, other, by_hand=compared))
    cases = [case for case in cases if ((case.true != "") & (case.predicted != "")).any()]
    if not cases:
        raise DataError(
            f"no recording has labels of both {reference!r} and {compared!r}",
            file=study.folder,
            hint="label one by hand, or choose another labelling",
        )
    scores, same = score_cases(study, cases, HUMAN if compared == FILES else compared)
    rest = name_of_rest(case.human.rest for case in cases)
    known_names = set(scores["confusion"]["labels"])
    found = [_differences(case, rest, known_names) for case in same]
    table = pd.concat(found, ignore_index=True)
    order = (table["start_s"] - table["stop_s"]).argsort(kind="stable")
    return Comparison(scores, table.iloc[order].reset_index(drop=True))


def _truth(
    study: Study, recording: Recording, animal: str, name: str, files: Mapping[str, Path]
) -> Truth | None:
    """A labelling of an animal; None where there is none."""
    if name in (HUMAN, FILES):
        path = files.get(f"{recording.id}/{animal}")
        if path is None and len(recording.info.individuals) < 2:
            path = files.get(recording.id)
        if name == HUMAN:
            path = human_file(study, recording, animal)
        known = frame_times(recording)
        if path is None or not path.exists() or known is None:
            return None
        return read_truth(path, times=known[0], frames=known[1])
    try:
        bouts = bouts_of_scheme(study, recording, name)
    except StageMissingError:
        return None
    bouts = bouts[bouts["individual"] == animal].sort_values("start_s")
    start, stop = bouts["start_s"].to_numpy(), bouts["stop_s"].to_numpy()
    rest = name_of_rest(bouts["behaviour_id"]) or REST_NAMES[0]
    labels = bouts["behaviour_id"].to_numpy()
    return Truth(start, stop, labels, rest=rest, fills=True) if len(bouts) else None


def _case(recording: Recording, animal: str, true: Truth, other: Truth, *, by_hand: str) -> Case:
    known = frame_times(recording)
    times = np.zeros(0) if known is None else known[0]
    if by_hand in (HUMAN, FILES):
        predicted = other.at(times)
    else:
        predicted = labels_from_bouts(times, other.bouts())
    alone = len(recording.info.individuals) < 2
    owner = recording.id if alone else f"{recording.id}/{animal}"
    return Case(owner, recording.id, times, predicted, true.at(times), true)


def _differences(case: Case, rest: str, known: set[str]) -> pd.DataFrame:
    """Stretches of a case in which the two labels differ."""
    said = np.array([one if one in known else rest for one in case.predicted], dtype=object)
    wrong = (case.true != "") & (case.true != said)
    both = [f"{a}{_AND}{b}" if w else "" for a, b, w in zip(case.true, said, wrong, strict=True)]
    bouts = bouts_from_labels(case.times, np.array(both, dtype=object), recording=case.recording)
    parts = [str(one).split(_AND) for one in bouts["behaviour_id"]]
    return bouts[["recording", "individual", "start_s", "stop_s"]].assign(
        individual=case.owner.partition("/")[2],
        reference=[one[0] for one in parts],
        compared=[one[1] for one in parts],
    )
