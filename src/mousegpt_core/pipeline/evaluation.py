"""Scoring a study's labels against a human's."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mousegpt_core.analysis.bouts import labels_from_bouts
from mousegpt_core.analysis.definitions import activities_meant
from mousegpt_core.analysis.evaluate import (
    cluster_agreement,
    evaluate_many,
    majority_names,
)
from mousegpt_core.analysis.label_scheme import LabelScheme
from mousegpt_core.analysis.label_words import (
    NOT_SCORED,
    UNKNOWN,
    means_rest,
    name_of_rest,
    plain,
)
from mousegpt_core.analysis.truth import Truth, read_truth
from mousegpt_core.clips import ACTIVITIES, BOUTS, PROFILE, make_table
from mousegpt_core.describe.rules import Rules
from mousegpt_core.errors import DataError, StageMissingError
from mousegpt_core.pipeline.behaviours import behaviours_mark, profile_bouts
from mousegpt_core.pipeline.human_labels import HUMAN, human_bouts
from mousegpt_core.pipeline.recording_stages import study_rules
from mousegpt_core.study import Recording, Study
from mousegpt_core.study.files import write_atomic, writing

Array = npt.NDArray[Any]


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
        As `Evaluation.to_json`, and ``scheme``, ``scored`` (recordings or animals), ``unchecked``
        (labels that the human did not look for, with their share of the frames), ``unknown`` (share
        of the frames of which a model said nothing that counts: errors); for open clusters
        ``clusters``, their agreement. Kept in ``results/evaluation-SCHEME.json`` for the report.

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
    if scheme != HUMAN:
        answered_scheme(study, scheme)  # tells which labels there are, if not these
    cases = [
        _case(study, owner, path, partial(bouts_of_scheme, study, scheme=scheme), positive)
        for owner, path in truth.items()
    ]
    result, cases = score_cases(study, cases, scheme, bootstrap=bootstrap)
    _keep(study, scheme, [case.recording for case in cases], result)
    return result


@dataclass(frozen=True, eq=False)
class Case:
    """One animal of one recording: what is scored, and what it is scored against.

    Attributes
    ----------
    owner : str
        ``RECORDING`` or ``RECORDING/ANIMAL``.
    recording : str
        Its id.
    times : array of shape (frame,)
        Seconds.
    predicted, true : array of shape (frame,), object
        Labels; ``""`` = none, or not scored.
    human : Truth
        Where `true` is from: mostly a human's labels.
    """

    owner: str
    recording: str
    times: Array
    predicted: Array
    true: Array
    human: Truth


def score_cases(
    study: Study, cases: Sequence[Case], scheme: str, *, bootstrap: int = 0
) -> tuple[dict[str, Any], list[Case]]:
    """Scores of cases, and the cases in words that both sides use.

    Parameters
    ----------
    study : Study
        The study.
    cases : sequence of Case
        What is scored.
    scheme : str
        Whose the predicted labels are; `HUMAN` = a person's, too.
    bootstrap : int
        As in `evaluate_study`.

    Returns
    -------
    dict, list of Case
        As `evaluate_study` returns it.
    """
    answered = None if scheme == HUMAN else answered_scheme(study, scheme)
    cases, rest = _with_one_rest(cases)
    if answered is not None or scheme == HUMAN:
        cases = [_where_asked(case) for case in cases]
    notes = [f"{case.owner}: {note}" for case in cases for note in case.human.notes]
    agreement: dict[str, Any] = {}
    if scheme == PROFILE:
        cases, agreement = _named_by_majority(cases)
        notes.append("each cluster is given the name that most of its frames have")
        known = _names(cases)
    else:
        cases, known, remarks = _in_the_same_words(cases, study, scheme, answered)
        notes += remarks
    scores = evaluate_many(
        {case.owner: (case.times, case.predicted, case.true) for case in cases},
        ignore=NOT_SCORED,
        rest={case.owner: rest for case in cases if case.human.rest},
        known=known,
        bootstrap=bootstrap,
    )
    result = {**scores.to_json(), **agreement}
    result |= {
        "scheme": scheme,
        "scored": [case.owner for case in cases],
        "unchecked": _unchecked(cases, known),
        "unknown": _share(cases, UNKNOWN),
        "notes": [*notes, *result["notes"]],
    }
    return result, cases


def evaluate_variants(
    study: Study,
    truth: Mapping[str, Path],
    variants: Mapping[str, Mapping[str, pd.DataFrame]],
    behaviours: LabelScheme,
    *,
    asked: Collection[str],
    bootstrap: int = 0,
) -> dict[str, dict[str, Any]]:
    """Score several labellings of the same behaviours where all of them were asked.

    Parameters
    ----------
    study : Study
        The study.
    truth : mapping of str to Path
        As in `evaluate_study`.
    variants : mapping of str to mapping of str to DataFrame
        Table `clips.BOUTS` of each recording, of each variant.
    behaviours : LabelScheme
        The behaviours.
    asked : collection of str
        Variants that say nothing where they were not asked; the others do not know.
    bootstrap : int
        As in `evaluate_study`; all variants are drawn alike.

    Returns
    -------
    dict of str to dict
        For each variant as `Evaluation.to_json`, and ``unknown``, as in `evaluate_study`.
    """
    cases = {
        name: [_case(study, owner, path, _by_id(bouts), "") for owner, path in truth.items()]
        for name, bouts in variants.items()
    }
    said = [[case.predicted != "" for case in cases[name]] for name in asked]
    common = [np.all(each, axis=0) for each in zip(*said, strict=True)]
    if not any(map(np.any, common)):
        raise DataError(
            "no moment was asked about in all of the ways, so they cannot be compared",
            hint="raise the limit or the budget; the same command goes on",
        )
    found = {}
    for name, own in cases.items():
        kept = [
            replace(case, true=np.where(where, case.true, ""))
            for case, where in zip(own, common, strict=True)
        ]
        kept, rest = _with_one_rest([case for case in kept if (case.true != "").any()])
        same, known, _ = _in_the_same_words(kept, study, "", behaviours)
        scores = evaluate_many(
            {case.owner: (case.times, case.predicted, case.true) for case in same},
            rest={case.owner: rest for case in same if case.human.rest},
            known=known,
            bootstrap=bootstrap,
        )
        found[name] = {**scores.to_json(), "unknown": _share(same, UNKNOWN)}
    return found


def _by_id(bouts: Mapping[str, pd.DataFrame]) -> Callable[[Recording], pd.DataFrame]:
    nothing = make_table(BOUTS, {})
    return lambda recording: bouts.get(recording.id, nothing)


def _case(
    study: Study,
    owner: str,
    path: Path,
    bouts_of: Callable[[Recording], pd.DataFrame],
    positive: str,
) -> Case:
    id, _, animal = owner.partition("/")
    recording = study.recording(id)
    kinematics = recording.store.read_dataset("kinematics")
    times = kinematics["time"].values
    # A frame that the camera dropped has the number, and label, of the one shown meanwhile.
    frames, shown, rows = np.unique(
        kinematics["frame"].values, return_index=True, return_inverse=True
    )
    human = read_truth(path, times=times[shown], frames=frames, positive=positive)
    bouts = _bouts_of_animal(bouts_of(recording), recording, animal)
    true = human.at(times)[shown[rows]]
    return Case(owner, id, times, labels_from_bouts(times, bouts), true, human)


def _where_asked(case: Case) -> Case:
    """A case without the frames that a model was not asked about: nothing is known of them."""
    return replace(case, true=np.where(case.predicted == "", "", case.true))


def _share(cases: Sequence[Case], label: str) -> float:
    """Share of the scored frames that have a predicted label."""
    scored = np.concatenate([case.predicted[case.true != ""] for case in cases])
    return float((scored == label).mean()) if len(scored) else 0.0


def answered_scheme(study: Study, scheme: str) -> LabelScheme | None:
    """The behaviours of labels that are a model's answers; None where they are none."""
    if scheme in (ACTIVITIES, PROFILE, *scheme_names(study)):
        return None
    for recording in study.recordings.values():
        entry = recording.store.entry(f"bouts/{scheme}")
        if entry is not None:
            kept = entry.provenance.settings["labels"]["behaviours"]
            return LabelScheme.parse(kept, source=f"labels {scheme}")
    raise StageMissingError(
        f"the study has no labels {scheme!r}",
        hint="labels: " + ", ".join([*scheme_names(study), ACTIVITIES, PROFILE]),
    )


def _with_one_rest(cases: Sequence[Case]) -> tuple[list[Case], str]:
    """Cases with one name for "anything else", and that name; ``""`` where there is none."""
    rest = name_of_rest(case.human.rest for case in cases)
    same = [{case.human.rest: rest} if case.human.rest else {} for case in cases]
    return [
        replace(case, true=_renamed(case.true, names))
        for case, names in zip(cases, same, strict=True)
    ], rest


def _names(cases: Sequence[Case]) -> list[str]:
    """What the human looked for in any of the recordings."""
    return sorted({name for case in cases for name in case.human.names})


def _named_by_majority(cases: Sequence[Case]) -> tuple[list[Case], dict[str, Any]]:
    """Clusters by a human's names for most of their frames: they have no names of their own."""
    predicted = np.concatenate([case.predicted for case in cases])
    true = np.concatenate([case.true for case in cases])
    named = majority_names(predicted, true)
    renamed = [replace(case, predicted=_renamed(case.predicted, named, "")) for case in cases]
    return renamed, {"clusters": cluster_agreement(predicted, true)}


def _in_the_same_words(
    cases: Sequence[Case], study: Study, scheme: str, answered: LabelScheme | None
) -> tuple[list[Case], list[str], list[str]]:
    """Cases in which both sides use the same names, these names, and remarks."""
    rules = study_rules(study)
    if scheme == ACTIVITIES:
        owned: dict[str, Collection[str]] = {name: (name,) for name in rules.activities}
    elif scheme == HUMAN:
        said = {str(label) for case in cases for label in case.predicted}
        owned = {name: activities_meant(name.replace("_", " "), rules) for name in said - {""}}
    else:
        own = answered or LabelScheme.from_toml(study.folder / "labels" / f"{scheme}.toml")
        claims = own.match(rules)
        owned = {name: claim.activities for name, claim in claims.items()}
    spelling = {plain(name): name for name in _names(cases)}
    same, remarks = _same_words(spelling, owned, rules)
    known = sorted({*spelling.values(), *same.values()})
    ours = {name: spelling.get(plain(name), name) for name in owned}
    if scheme == ACTIVITIES:
        ours = {name: _as_coarse_as(name, known, ours, rules) for name in owned}
    theirs = {name: same.get(plain(name), spelling[plain(name)]) for name in _names(cases)}
    renamed = [
        replace(case, true=_renamed(case.true, theirs), predicted=_renamed(case.predicted, ours))
        for case in cases
    ]
    return renamed, known, remarks


def _renamed(labels: Array, names: Mapping[str, str], other: str | None = None) -> Array:
    """Labels by their new names; those without one as they are, or as `other`."""
    new = [names.get(label, label if other is None else other) for label in labels]
    return np.array(new, dtype=object)


def _unchecked(cases: Sequence[Case], known: Sequence[str]) -> dict[str, float]:
    """Labels of the study that the human did not look for, with their share of scored frames."""
    looked_for = {name.casefold() for name in known}
    scored = np.concatenate([case.predicted[case.true != ""] for case in cases])
    names, counts = np.unique(scored.astype(str), return_counts=True)
    return {
        str(name): float(count / len(scored))
        for name, count in zip(names, counts, strict=True)
        if name not in ("", UNKNOWN) and not means_rest(name) and name.casefold() not in looked_for
    }


def last_evaluations(study: Study) -> dict[str, dict[str, Any]]:
    """By scheme, the scores that were computed last, if they are still those of its labels."""
    found = {}
    for path in sorted((study.folder / "results").glob("evaluation-*.json")):
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            result: dict[str, Any] = kept["result"]
            current = _keys(study, result["scheme"], list(kept["keys"])) == kept["keys"]
        except (ValueError, KeyError, TypeError, DataError):  # damaged, or a recording has gone
            continue
        if current:
            found[str(result["scheme"])] = result
    return found


def _keep(study: Study, scheme: str, recordings: list[str], result: dict[str, Any]) -> None:
    path = study.folder / "results" / f"evaluation-{scheme}.json"
    with writing(path):
        path.parent.mkdir(exist_ok=True)
    kept = {"keys": _keys(study, scheme, recordings), "result": result}
    write_atomic(path, json.dumps(kept, indent=1, ensure_ascii=False))


def _keys(study: Study, scheme: str, recordings: list[str]) -> dict[str, str]:
    """Recording to the key of the labels that were scored."""
    stage = {ACTIVITIES: "activities", PROFILE: "profile/bouts"}.get(scheme, f"bouts/{scheme}")
    mark = behaviours_mark(study) if scheme == PROFILE else ""
    found = {}
    for id in recordings:
        store = study.store if scheme == PROFILE else study.recording(id).store
        entry = store.entry(stage)
        found[id] = (entry.key if entry else "") + mark
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


def labelled_recordings(study: Study, scheme: str) -> list[Recording]:
    """The recordings that have labels of a scheme of the user's, now or before they failed."""
    everyone = study.recordings.values()
    return [one for one in everyone if one.store.entry(f"bouts/{scheme}") is not None]


def bouts_of_scheme(study: Study, recording: Recording, scheme: str) -> pd.DataFrame:
    """Bouts of one recording under a scheme, or by a person, as table `clips.BOUTS`."""
    if scheme == HUMAN:
        return human_bouts(study, recording)
    if scheme == ACTIVITIES:
        return recording.store.read_table("activities")
    if scheme == PROFILE:
        return profile_bouts(study, [recording])
    return recording.store.read_table(f"bouts/{scheme}")


def _same_words(
    spelling: Mapping[str, str], owned: Mapping[str, Collection[str]], rules: Rules
) -> tuple[dict[str, str], list[str]]:
    """The study's behaviour for each human label of another name, found through the ethogram.

    A human's "freezing" is a user's "immobile", where that is what freezing was understood as; a
    human's "rearing_supported" is a user's "rearing", of which it is a kind.
    """
    free = {plain(one): one for one in owned if plain(one) not in spelling}
    taken = {plain(one): one for one in owned if plain(one) in spelling}
    same: dict[str, str] = {}
    remarks = []
    for key, name in spelling.items():
        if key in taken:
            continue
        meant = activities_meant(name.replace("_", " "), rules)
        owners = {one for one in free.values() if set(owned[one]) & set(meant)}
        owners |= {taken[each] for each in _ancestors(meant, rules) if each in taken}
        if len(owners) == 1:
            same[key] = owners.pop()
            remarks.append(f"{name!r} of the human labels is taken as {same[key]!r}")
        else:
            remarks.append(
                f"{name!r} of the human labels is none of the behaviours ({', '.join(owned)}); "
                "of 0 and 1, say what 1 stands for with --positive"
            )
    return same, remarks


def _ancestors(activities: Collection[str], rules: Rules) -> set[str]:
    """What the activities are kinds of, as `plain` names."""
    found = set()
    for activity in activities:
        parent = rules.activities[activity].parent
        while parent:
            found.add(plain(parent))
            parent = rules.activities[parent].parent
    return found


def _as_coarse_as(
    activity: str, known: Collection[str], spelling: Mapping[str, str], rules: Rules
) -> str:
    """An activity by its parent's name, where nobody looked for it and somebody for its parent."""
    name = activity
    while spelling[name] not in known and (parent := rules.activities[name].parent):
        name = parent
    return spelling[name] if spelling[name] in known else activity


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
