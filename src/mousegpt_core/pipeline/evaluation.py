"""Scoring a study's labels against a human's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mousegpt_core.analysis.bouts import labels_from_bouts
from mousegpt_core.analysis.classify import LabelScheme
from mousegpt_core.analysis.definitions import activities_meant
from mousegpt_core.analysis.evaluate import (
    IGNORED,
    cluster_agreement,
    evaluate_many,
    majority_names,
)
from mousegpt_core.analysis.truth import Truth, read_truth
from mousegpt_core.describe.rules import Rules
from mousegpt_core.errors import DataError, StageMissingError
from mousegpt_core.pipeline.recording_stages import study_rules
from mousegpt_core.study import Recording, Study
from mousegpt_core.study.files import write_atomic

#: Labels that every study has, besides the user's own schemes.
ACTIVITIES, PROFILE = "activities", "profile"
_EVALUATION = Path("results") / "evaluation.json"


def evaluate_study(
    study: Study,
    truth: Mapping[str, Path],
    *,
    scheme: str = "",
    positive: str = "",
    bootstrap: int = 0,
) -> dict[str, Any]:
    """Score labels against a human's, pooled over recordings and for each.

    Parameters
    ----------
    study : Study
        The study.
    truth : mapping of str to Path
        Recording, or ``RECORDING/ANIMAL`` where it has several, to its file of human labels.
    scheme : str
        Which labels: the name of a scheme of `classify_study`, ``"activities"`` (the documented
        ethogram) or ``"profile"`` (open clusters); by default the study's only scheme.
    positive : str
        What 1 stands for in a file of 0 and 1.
    bootstrap : int
        Draws for 95 % intervals; 0 = none.

    Returns
    -------
    dict
        As `Evaluation.to_json`, and ``scheme``; for open clusters ``clusters``, their agreement.

    Raises
    ------
    DataError, FormatError
        If a file cannot be read or fits no recording.
    StageMissingError
        If there are no such labels yet.
    """
    if not truth:
        raise DataError("no human labels are given", hint="--truth RECORDING=FILE")
    scheme = scheme or only_scheme(study)
    cases: dict[str, tuple[Any, Any, Any]] = {}
    rest: dict[str, str] = {}
    known: list[str] = []
    notes: list[str] = []
    for owner, path in truth.items():
        id, _, animal = owner.partition("/")
        recording = study.recording(id)
        kinematics = recording.store.read_dataset("kinematics")
        times = kinematics["time"].values
        human = read_truth(path, times=times, frames=kinematics["frame"].values, positive=positive)
        notes += [f"{owner}: {note}" for note in human.notes]
        if not human.covers(times):
            raise DataError(
                "none of these labels lies within the recording",
                file=path,
                expected=f"times between {times[0]:.2f} and {times[-1]:.2f} s",
                hint="check that the file belongs to this recording, and its frame rate",
            )
        rest[owner] = human.rest
        known += human.names
        bouts = _bouts_of_animal(bouts_of_scheme(study, recording, scheme), recording, animal)
        if scheme == ACTIVITIES:
            bouts = _as_coarse_as(bouts, human, study_rules(study))
        said = human.at(times)
        if scheme not in (ACTIVITIES, PROFILE):
            same, remarks = _in_the_users_words(human.names, study, scheme)
            said = np.array([same.get(name, name) for name in said], dtype=object)
            known += same.values()
            notes += [f"{owner}: {remark}" for remark in remarks]
        cases[owner] = (times, labels_from_bouts(times, bouts), said)
    agreement: dict[str, Any] = {}
    if scheme == PROFILE:
        predicted, true = (np.concatenate([case[i] for case in cases.values()]) for i in (1, 2))
        agreement = {"clusters": cluster_agreement(predicted, true)}
        # Open clusters have no names of their own that a human could have given.
        named = majority_names(predicted, true)
        cases = {
            owner: (times, np.array([named.get(c, "") for c in clusters], dtype=object), said)
            for owner, (times, clusters, said) in cases.items()
        }
        notes.append("each cluster is given the name that most of its frames have")
    scores = evaluate_many(cases, ignore=IGNORED, rest=rest, known=known, bootstrap=bootstrap)
    result = {**scores.to_json(), **agreement}
    result = {"scheme": scheme, **result, "notes": [*notes, *result["notes"]]}
    _keep(study, scheme, [owner.partition("/")[0] for owner in truth], result)
    return result


def last_evaluation(study: Study) -> dict[str, Any] | None:
    """The scores that were computed last, if they are still those of the study's labels."""
    path = study.folder / _EVALUATION
    if not path.exists():
        return None
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        result: dict[str, Any] = kept["result"]
        current = _keys(study, result["scheme"], list(kept["keys"])) == kept["keys"]
    except (ValueError, KeyError, DataError):  # made by another version, or a recording has gone
        return None
    return result if current else None


def _keep(study: Study, scheme: str, recordings: list[str], result: dict[str, Any]) -> None:
    path = study.folder / _EVALUATION
    path.parent.mkdir(exist_ok=True)
    kept = {"keys": _keys(study, scheme, recordings), "result": result}
    write_atomic(path, json.dumps(kept, indent=1, ensure_ascii=False))


def _keys(study: Study, scheme: str, recordings: list[str]) -> dict[str, str]:
    """Recording to the key of the labels that were scored."""
    stage = {ACTIVITIES: "activities", PROFILE: "profile/bouts"}.get(scheme, f"bouts/{scheme}")
    found = {}
    for id in recordings:
        store = study.store if scheme == PROFILE else study.recording(id).store
        entry = store.entry(stage)
        found[id] = entry.key if entry else ""
    return found


def only_scheme(study: Study) -> str:
    """The user's scheme of labels, if there is exactly one.

    Raises
    ------
    StageMissingError
        If there is none.
    DataError
        If there are several.
    """
    names = scheme_names(study)
    if not names:
        raise StageMissingError(
            "the study has no labels of yours yet",
            hint="run `mousegpt classify STUDY --labels labels.toml` first, or score the ethogram "
            "with --scheme activities",
        )
    if len(names) > 1:
        raise DataError(
            "the study has several sets of labels", hint="choose with --scheme: " + ", ".join(names)
        )
    return names[0]


def scheme_names(study: Study) -> list[str]:
    """Names of the user's schemes: the files of the study's folder ``labels``."""
    return sorted(path.stem for path in (study.folder / "labels").glob("*.toml"))


def bouts_of_scheme(study: Study, recording: Recording, scheme: str) -> pd.DataFrame:
    """Bouts of one recording under a scheme, as table `clips.BOUTS`."""
    if scheme == ACTIVITIES:
        return recording.store.read_table("activities")
    if scheme == PROFILE:
        bouts = study.store.read_table("profile/bouts")
        return bouts[bouts["recording"] == recording.id].reset_index(drop=True)
    return recording.store.read_table(f"bouts/{scheme}")


def _in_the_users_words(
    names: list[str], study: Study, scheme: str
) -> tuple[dict[str, str], list[str]]:
    """The user's behaviour for each human label of another name, found through the ethogram.

    A human's "freezing" is a user's "immobile", where that is what freezing was understood as.
    """
    rules = study_rules(study)
    claims = LabelScheme.from_toml(study.folder / "labels" / f"{scheme}.toml").match(rules)
    free = {one.casefold(): one for one in claims}
    for name in names:
        free.pop(name.casefold(), None)
    same: dict[str, str] = {}
    remarks = []
    for name in names:
        if name.casefold() in (one.casefold() for one in claims):
            continue
        meant = activities_meant(name.replace("_", " "), rules)
        owners = {one for one in free.values() if set(claims[one].activities) & set(meant)}
        if len(owners) == 1:
            same[name] = owners.pop()
            remarks.append(f"{name!r} of the human labels is taken as your {same[name]!r}")
        else:
            remarks.append(
                f"{name!r} of the human labels is none of your behaviours "
                f"({', '.join(claims)}); of 0 and 1, say what 1 stands for with --positive"
            )
    return same, remarks


def _as_coarse_as(bouts: pd.DataFrame, human: Truth, rules: Rules) -> pd.DataFrame:
    """Call an activity by its parent's name where the human labels do not know its own."""
    names = {}
    for activity in bouts["behaviour_id"].unique():
        name = activity
        while name not in human.names and (rule := rules.activities.get(name)) and rule.parent:
            name = rule.parent
        names[activity] = name if name in human.names else activity
    return bouts.assign(behaviour_id=bouts["behaviour_id"].map(names))


def _bouts_of_animal(bouts: pd.DataFrame, recording: Recording, animal: str) -> pd.DataFrame:
    animals = list(recording.info.individuals)
    if not animal and len(animals) == 1:
        return bouts
    if animal not in animals:
        raise DataError(
            f"recording {recording.id} has several animals"
            if not animal
            else f"no animal {animal!r}",
            expected=", ".join(animals),
            hint=f"--truth {recording.id}/{animals[0]}=FILE" if animals else "",
        )
    return bouts[bouts["individual"] == animal]
