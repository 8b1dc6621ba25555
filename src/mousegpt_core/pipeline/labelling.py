"""Closed labels over a study: every clip gets one of the user's behaviours."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mousegpt_core.analysis.classify import (
    CLASSIFY_VERSION,
    Classification,
    classify,
    collect_scheme_examples,
    judged_in,
    shown_alone,
    unseen,
)
from mousegpt_core.analysis.definitions import Claim
from mousegpt_core.analysis.examples import Learned, learn
from mousegpt_core.analysis.label_scheme import LabelScheme
from mousegpt_core.clips import ACTIVITIES, PROFILE
from mousegpt_core.describe.rules import Rules
from mousegpt_core.errors import SettingsError
from mousegpt_core.io.files import replaced_file
from mousegpt_core.pipeline.evaluation import scheme_names
from mousegpt_core.pipeline.human_labels import HUMAN
from mousegpt_core.pipeline.recording_stages import (
    recording_skeleton,
    run_clips,
    run_ethogram,
    study_rules,
)
from mousegpt_core.pipeline.study_stages import refuse_empty
from mousegpt_core.pipeline.work import Work
from mousegpt_core.plots import readable_name
from mousegpt_core.study import Provenance, Recording, Study, safe_name, validate_name
from mousegpt_core.study.files import write_atomic, writing


def classify_study(work: Work, labels: Path, *, scheme: str = "") -> dict[str, Any]:
    """Give every clip of a study one of the behaviours of a labels file.

    The file is then copied to ``labels/SCHEME.toml`` in the study, where `run_study` finds it.

    Parameters
    ----------
    work : Work
        The study at work.
    labels : Path
        One table per behaviour with ``definition`` and maybe ``examples``.
    scheme : str
        Name for the result; by default that of the file.

    Returns
    -------
    dict
        ``scheme``, ``mapping`` (how each behaviour was understood), ``shares``, ``notes`` and
        ``folder`` with the behaviour vector of each recording as csv.

    Raises
    ------
    SettingsError
        If the labels file does not fit; names the behaviour.
    DataError
        If an example lies outside of its recording.
    """
    name = validate_name(scheme or safe_name(labels.stem), "name of the labels")
    if name in (ACTIVITIES, PROFILE, HUMAN):
        raise SettingsError(
            f"{name!r} is the name of labels that every study has", hint="choose another: --scheme"
        )
    result = _classify(work, name, labels)
    home = work.study.folder / "labels" / f"{name}.toml"
    with writing(home):
        home.parent.mkdir(exist_ok=True)
        if not (home.exists() and home.samefile(labels)):
            write_atomic(home, labels.read_bytes())
    return result


def classify_again(work: Work) -> None:
    """Bring all of the study's own labels up to date."""
    for name in scheme_names(work.study):
        _classify(work, name, work.study.folder / "labels" / f"{name}.toml")


def _classify(work: Work, name: str, labels: Path) -> dict[str, Any]:
    study = work.study
    scheme = LabelScheme.from_toml(labels)
    rules = study_rules(work.study)
    refuse_empty(study)
    _check_examples(study, scheme, labels)
    keys, clips = _keys(work)
    taught = [
        id
        for id in keys
        if any(e.recording == id for each in scheme.behaviours.values() for e in each.examples)
    ]
    learned = _learn(study, scheme, rules, taught) if taught else None
    example_keys = {f"examples of {id}": keys[id] for id in taught}
    for id in keys:
        recording = study.recording(id)
        inputs = {"ethogram": keys[id], "clips": clips[id], **example_keys}
        _classify_recording(work, recording, name, scheme, inputs, learned)
    told = labels_told(study, scheme, list(keys))
    claims = scheme.match(rules)
    return {
        "scheme": name,
        "mapping": [
            {"behaviour": behaviour, "activities": list(claim.activities), "why": claim.why}
            for behaviour, claim in claims.items()
        ],
        "shares": _shares(study, name, scheme, list(keys)),
        "notes": [
            *_unused_examples(scheme, keys),
            *told.warnings,
            *told.remarks,
            *_on_reaction(told.reaction_s),
        ],
        "folder": str(_write_vectors(study, name, list(keys))),
        "failed": work.failures,
    }


def _keys(work: Work) -> tuple[dict[str, str], dict[str, str]]:
    """Keys of ethogram and clips of the recordings that have both."""
    made = work.each(work.chosen(), lambda one: (run_ethogram(work, one), run_clips(work, one)))
    ethograms, clips = ({id: keys[n] for id, keys in made.items()} for n in (0, 1))
    return ethograms, clips


def _unused_examples(scheme: LabelScheme, worked: Collection[str]) -> list[str]:
    """Of which recordings the examples are not used, because these failed."""
    shown = {e.recording for each in scheme.behaviours.values() for e in each.examples}
    return [
        f"the examples in {id} are not used, because this recording failed"
        for id in sorted(shown.difference(worked))
    ]


def _classify_recording(
    work: Work,
    recording: Recording,
    name: str,
    scheme: LabelScheme,
    inputs: dict[str, str],
    learned: Learned | None,
) -> None:
    store = recording.store
    rules = study_rules(work.study)
    settings = scheme.fingerprint()
    labels = Provenance(f"labels/{name}", CLASSIFY_VERSION, settings, inputs)
    bouts = Provenance(f"bouts/{name}", CLASSIFY_VERSION, settings, inputs)

    def write() -> None:
        found: Classification = classify(
            store.read_dataset("ethogram"),
            store.read_table("clips"),
            scheme,
            kinematics=store.read_dataset("kinematics") if learned else None,
            rules=rules,
            learned=learned,
            recording=recording.id,
            skeleton=recording_skeleton(work.study, recording),
        )
        store.write_table(labels, found.labels)
        store.write_table(bouts, found.bouts)

    work.make(store, bouts, write, recording=recording.id)


@dataclass(frozen=True)
class LabelsTold:
    """What a reader of a study's own labels should know.

    Attributes
    ----------
    warnings, remarks : list of str
        What went wrong, and what is good to know.
    reaction_s : float
        By how much labels of postures follow the movement.
    understood : dict of str to str
        How each behaviour was understood.
    """

    warnings: list[str]
    remarks: list[str]
    reaction_s: float
    understood: dict[str, str]


def labels_told(study: Study, scheme: LabelScheme, ids: Collection[str]) -> LabelsTold:
    """What a reader of some recordings' labels should know.

    Parameters
    ----------
    study : Study
        With ethograms.
    scheme : LabelScheme
        The behaviours.
    ids : collection of str
        Recordings.
    """
    rules = study_rules(study)
    claims = scheme.match(rules)
    warnings: dict[str, None] = {}
    remarks: dict[str, None] = {}
    shown: set[str] = set()
    for id in ids:
        ethogram = study.recording(id).store.read_dataset("ethogram")
        used = scheme.learned_from(claims, judged_in(ethogram))
        shown |= set(used)
        warnings |= dict.fromkeys(unseen(claims, ethogram, used))
        remarks |= dict.fromkeys(shown_alone(scheme, claims, ethogram))
    if not shown and len(scheme.silent) < len(scheme.names):
        warnings["the examples are not used: give some of at least two behaviours"] = None
    lag = max(rules.activities[posture].reaction_s for posture in rules.postures)
    reaction_s = lag if scheme.reaction_s is None else scheme.reaction_s
    understood = {
        behaviour: _understood(claim, by_examples=behaviour in shown)
        for behaviour, claim in claims.items()
    }
    return LabelsTold(list(warnings), list(remarks), reaction_s, understood)


def _understood(claim: Claim, *, by_examples: bool) -> str:
    """How a behaviour is found, in words."""
    if claim.activities:
        names = ", ".join(readable_name(activity) for activity in claim.activities)
        return f"Found as {names}" + (", corrected by examples" if by_examples else "")
    return "Found by its examples alone" if by_examples else f"Not found: {claim.why}"


def _on_reaction(reaction_s: float) -> list[str]:
    if reaction_s <= 0:
        return []
    return [
        f"labels of postures follow the movement by {reaction_s:g} s, as a human scorer's do; "
        "reaction_s = 0 at the top of the labels file turns that off"
    ]


def _learn(
    study: Study, scheme: LabelScheme, rules: Rules, recordings: list[str]
) -> Learned | None:
    gathered = []
    for id in recordings:
        store = study.recording(id).store
        gathered.append(
            collect_scheme_examples(
                store.read_dataset("ethogram"),
                store.read_dataset("kinematics"),
                scheme,
                recording=id,
                rules=rules,
                skeleton=recording_skeleton(study, study.recording(id)),
            )
        )
    return learn(gathered, list(scheme.names))


def _check_examples(study: Study, scheme: LabelScheme, labels: Path) -> None:
    """Refuse examples of a recording or an animal that is not there, or of nobody in particular.

    Raises
    ------
    SettingsError
        Names the behaviour and the choices.
    """
    known = study.recordings
    for behaviour, each in scheme.behaviours.items():
        for example in each.examples:
            place = f"{labels} [{behaviour}]"
            if example.recording not in known:
                raise SettingsError(
                    f"{place}: no recording {example.recording!r}",
                    hint="recordings: " + ", ".join(known),
                )
            individuals = known[example.recording].info.individuals
            if example.individual and example.individual not in individuals:
                raise SettingsError(
                    f"{place}: {example.recording} has no individual {example.individual!r}",
                    hint="individuals: " + ", ".join(individuals),
                )
            if not example.individual and len(individuals) > 1:
                raise SettingsError(
                    f"{place}: an example in {example.recording} does not say of which animal",
                    hint=f'add individual = "{individuals[0]}" (or {", ".join(individuals[1:])})',
                )


def _shares(study: Study, name: str, scheme: LabelScheme, ids: list[str]) -> dict[str, float]:
    """Share of the scored time of each behaviour, over these recordings."""
    bouts = pd.concat([study.recording(id).store.read_table(f"bouts/{name}") for id in ids])
    seconds = (bouts["stop_s"] - bouts["start_s"]).groupby(bouts["behaviour_id"]).sum()
    total = seconds.sum()
    return {one: float(seconds.get(one, 0.0) / total) if total else 0.0 for one in scheme.names}


def _write_vectors(study: Study, name: str, ids: list[str]) -> Path:
    """The behaviour vector of each recording: a row a clip, as csv for other programs."""
    folder = study.folder / "results" / f"labels-{name}"
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for stale in set(study.recordings).difference(ids):
            (folder / f"{stale}.csv").unlink(missing_ok=True)
    for id in ids:
        recording = study.recording(id)
        clips = recording.store.read_table("clips")
        labels = recording.store.read_table(f"labels/{name}")
        vector = clips.merge(labels, on="clip_id", how="left")
        columns = {
            "recording": vector["recording"],
            "individual": vector["individuals"],
            "start_s": vector["start_s"].round(6),
            "stop_s": vector["stop_s"].round(6),
            "start_frame": vector["start_frame"],
            "stop_frame": vector["stop_frame"],
            "label": vector["behaviour_id"].fillna(""),
            "score": vector["score"].round(4),
        }
        with writing(folder), replaced_file(folder / f"{id}.csv") as partial:
            pd.DataFrame(columns).to_csv(partial, index=False)
    return folder
