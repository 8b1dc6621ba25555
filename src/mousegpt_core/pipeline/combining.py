"""A model's answers about a study combined with its kinematics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

import numpy as np
import pandas as pd

from mousegpt_core.analysis.answer_labels import ABSTAINED, EDITED, LABELLED, NOT_ASKED
from mousegpt_core.analysis.calibration import calibration_error
from mousegpt_core.analysis.classify import clip_scores
from mousegpt_core.analysis.label_scheme import LabelScheme
from mousegpt_core.describe.ensemble import (
    Experts,
    Floats,
    Ints,
    combine_learned,
    combine_unlearned,
)
from mousegpt_core.describe.in_context import LABEL
from mousegpt_core.describe.protocol import Protocol
from mousegpt_core.pipeline.footage import Footage
from mousegpt_core.pipeline.human_labels import human_files
from mousegpt_core.pipeline.labelled_clips import labelled_clips
from mousegpt_core.pipeline.recording_stages import run_ethogram, study_rules
from mousegpt_core.pipeline.work import Work
from mousegpt_core.study import Recording, Study

#: What a model said of a recording's clips: recording, stage, behaviours, how sure at least.
Said = Callable[[Recording, str, LabelScheme, float], pd.DataFrame]
#: Parts into which the labelled clips of few recordings are cut, in their order.
_FOLDS = 5


def combined_labels(
    work: Work,
    recordings: Sequence[Recording],
    stage: str,
    protocol: Protocol,
    behaviours: LabelScheme,
    said_of: Said,
    sure: float,
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """What a model and kinematics together say of each clip that the model was asked about.

    Parameters
    ----------
    work : Work
        The study at work.
    recordings : sequence of Recording
        Those that a model was asked about.
    stage : str
        Table of what was asked.
    protocol : Protocol
        It says where a person's labels are, from which the combination is learned.
    behaviours : LabelScheme
        The labels.
    said_of : callable
        What the model said.
    sure : float
        Clips of which no label is so probable abstain.

    Returns
    -------
    said : dict of str to DataFrame
        For each recording that did not fail, as what the model said; ``score`` is the label's
        probability.
    notes : list of str
        How it was combined, and how well its probabilities hold.
    """

    def read(recording: Recording) -> pd.DataFrame:
        run_ethogram(work, recording)
        return said_of(recording, stage, behaviours, 0.0)

    found = work.each(recordings, read)
    recordings = [one for one in recordings if one.id in found]
    tables = list(found.values())
    said = pd.concat(tables, ignore_index=True)
    experts = _experts(work, recordings, tables, behaviours)
    truth = _human_labels(work.study, protocol, said, behaviours)
    belief = combine_learned(experts, truth, _folds(said, truth))
    notes = _notes(belief, truth)
    belief = combine_unlearned(experts) if belief is None else belief
    judged = _judged(said, experts, belief, behaviours, sure)
    parts = {r.id: judged[judged["recording"] == r.id].reset_index(drop=True) for r in recordings}
    return parts, notes


def _experts(
    work: Work,
    recordings: Sequence[Recording],
    tables: Sequence[pd.DataFrame],
    behaviours: LabelScheme,
) -> Experts:
    rules = study_rules(work.study)
    scores = [
        clip_scores(recording.store.read_dataset("ethogram"), clips, behaviours, rules)
        for recording, clips in zip(recordings, tables, strict=True)
    ]
    said = pd.concat(tables, ignore_index=True)
    place = {name: number for number, name in enumerate(behaviours.names)}
    return Experts(
        np.concatenate(scores),
        np.array([place.get(label, -1) for label in said["label"]], dtype=np.intp),
        said["score"].to_numpy(dtype=np.float64),
    )


def _human_labels(
    study: Study, protocol: Protocol, said: pd.DataFrame, behaviours: LabelScheme
) -> Ints:
    """A person's label of each clip, by its place among the behaviours; -1 = none."""
    truth = np.full(len(said), -1, dtype=np.intp)
    place = study.folder / protocol.examples.truth
    if not (place.is_file() or human_files(place)):
        return truth
    with ExitStack() as stack:
        labelled, _ = labelled_clips(
            study,
            protocol,
            lambda id: Footage(study, study.recording(id), protocol, stack),
        )
    names: Mapping[str, str] = dict(zip(labelled["clip_id"], labelled[LABEL], strict=True))
    number = {name: place for place, name in enumerate(behaviours.names)}
    return np.array([number.get(names.get(id, ""), -1) for id in said["clip_id"]], dtype=np.intp)


def _folds(said: pd.DataFrame, truth: Ints) -> Ints:
    """Recordings where there are several with labels, else stretches of them."""
    owner = pd.factorize(said["recording"])[0]
    if len(np.unique(owner[truth >= 0])) >= _FOLDS:
        return np.asarray(owner, dtype=np.intp)
    folds = np.zeros(len(said), dtype=np.intp)
    for one in np.unique(owner):
        rows = np.flatnonzero((owner == one) & (truth >= 0))
        rows = rows[np.argsort(said["start_s"].to_numpy()[rows], kind="stable")]
        folds[rows] = np.arange(len(rows)) * _FOLDS // max(len(rows), 1)
    return folds


def _notes(belief: Floats | None, truth: Ints) -> list[str]:
    if belief is None:
        return [
            "too few human labels to learn from: kinematics and the model are combined by where "
            "they agree and disagree"
        ]
    labelled = truth >= 0
    error = calibration_error(
        belief[labelled].max(axis=1), belief[labelled].argmax(axis=1) == truth[labelled]
    )
    return [
        f"the combination was learned from {int(labelled.sum())} clips that a person labelled; "
        "these were judged by a fit that had not seen them",
        f"expected calibration error of its probabilities: {error:.3f}",
    ]


def _judged(
    said: pd.DataFrame, experts: Experts, belief: Floats, behaviours: LabelScheme, sure: float
) -> pd.DataFrame:
    """Labels by what is most probable.

    A clip that a person corrected, or of which nobody says anything, stays as it is.
    """
    best = belief.max(axis=1)
    names = np.asarray(behaviours.names, dtype=object)[belief.argmax(axis=1)]
    open_ = ~experts.silent & ~said["status"].isin([NOT_ASKED, EDITED]).to_numpy()
    status = np.where(best >= sure, LABELLED, ABSTAINED)
    found = said.copy()
    found.loc[open_, "label"] = np.where(best >= sure, names, "")[open_]
    found.loc[open_, "score"] = best[open_]
    found.loc[open_, "status"] = status[open_]
    found.loc[open_, "reason"] = np.where(best >= sure, "", f"its probability is below {sure:g}")[
        open_
    ]
    return found
