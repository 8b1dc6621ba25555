"""Clips that a person has labelled: examples for models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mousegpt_core.analysis.label_scheme import LabelScheme
from mousegpt_core.analysis.label_words import means_rest, plain
from mousegpt_core.analysis.truth import read_truth
from mousegpt_core.describe.in_context import LABEL
from mousegpt_core.describe.protocol import Protocol
from mousegpt_core.errors import DataError
from mousegpt_core.pipeline.footage import Footage
from mousegpt_core.pipeline.human_labels import human_files
from mousegpt_core.study import Study

Floats = NDArray[np.float64]
#: Footage of a recording, some of its clips, and a person's label of each; ``""`` = none is clear.
_Labelled = tuple[Footage, pd.DataFrame, list[str]]

#: Share of a clip that must have one label for the clip to be an example of it.
_CLEAR = 0.8
#: Quantities by which clips are like each other (speeds on a logarithmic scale).
_QUANTITIES = ("speed", "motion", "forward_speed", "region_speed", "body_length", "spine_bend")


def labelled_clips(
    study: Study, protocol: Protocol, footage_of: Callable[[str], Footage]
) -> tuple[pd.DataFrame, Floats | None]:
    """All clips of a study that a person's labels make clear.

    Parameters
    ----------
    study : Study
        With human labels where the protocol says.
    protocol : Protocol
        How clips are cut, and which labels there are.
    footage_of : callable
        Footage of a recording by its id.

    Returns
    -------
    table : DataFrame
        Columns of `clips.CLIPS` and ``label``.
    features : array of shape (clip, feature) or None
        Kinematics, where examples are chosen by them.

    Raises
    ------
    DataError
        If there are no labels, or none of the protocol's.
    """
    place = study.folder / protocol.examples.truth
    labelled = _by_stretches if place.suffix == ".toml" else _by_files
    tables, features, seen = [], [], set[str]()
    for footage, clips, found in labelled(study, place, footage_of):
        seen |= set(found) - {""}
        clips = clips.assign(**{LABEL: _in_its_words(found, protocol)})
        clips = clips[clips[LABEL] != ""]
        if len(clips):
            tables.append(clips)
            if protocol.examples.choose != "random":
                features.append(mean_kinematics(footage, clips))
    if not tables:
        raise DataError(
            "there are no labelled clips to show as examples",
            file=place,
            expected=(
                "examples of behaviours, each as long as a clip"
                if place.suffix == ".toml"
                else "one csv a recording, RECORDING.csv"
            )
            + (f", with {', '.join(protocol.answer.labels)}" if protocol.answer.labels else ""),
            found=", ".join(sorted(seen)) or "no labels",
            hint="put a person's labels there (rows or bouts), or ask without examples: "
            "--set examples.shots=0",
        )
    joined = pd.concat(tables, ignore_index=True)
    return joined, np.concatenate(features) if features else None


def mean_kinematics(footage: Footage, clips: pd.DataFrame) -> Floats:
    """Kinematics of clips, averaged over each.

    Returns
    -------
    array of shape (clip, feature)
        NaN = not known.
    """
    kinematics = footage.sights.kinematics
    rows = []
    for _, clip in clips.iterrows():
        row: list[float] = []
        if kinematics is not None and clip["individuals"]:
            bounds = [float(clip["start_s"]) - 1e-6, float(clip["stop_s"]) - 1e-6]
            window = slice(*np.searchsorted(kinematics["time"].values, bounds))
            one = kinematics.isel(time=window).sel(individual=clip["individuals"])
            for name in _QUANTITIES:
                if name in one:
                    row += _mean(one[name].transpose("time", ...).values, "speed" in name)
        rows.append(row)
    width = max(map(len, rows), default=0)
    return np.array([row or [np.nan] * width for row in rows], dtype=np.float64)


def _mean(values: NDArray[Any], is_speed: bool) -> list[float]:
    """Mean over time of each column, over what is known."""
    flat = values.reshape(len(values), -1).astype(np.float64)
    known = np.isfinite(flat)
    if is_speed:
        flat = np.log1p(np.abs(np.where(known, flat, 0.0)))
    total, count = np.where(known, flat, 0.0).sum(axis=0), known.sum(axis=0)
    return [float(each) for each in np.where(count, total / np.maximum(count, 1), np.nan)]


def _by_files(
    study: Study, folder: Path, footage_of: Callable[[str], Footage]
) -> Iterator[_Labelled]:
    """Clips by the files of a person's labels in a folder."""
    for owner, file in sorted(human_files(folder).items()):
        id, _, animal = owner.partition("/")
        _check_recording(study, id, file, "name the file RECORDING.csv, or RECORDING@ANIMAL.csv")
        footage = footage_of(id)
        clips = _of_animal(footage.clips(), animal, file)
        yield footage, clips, _labels(footage, clips, file)


def _by_stretches(
    study: Study, file: Path, footage_of: Callable[[str], Footage]
) -> Iterator[_Labelled]:
    """Clips by the example stretches of the user's own behaviours."""
    for name, behaviour in LabelScheme.from_toml(file).behaviours.items():
        for example in behaviour.examples:
            _check_recording(study, example.recording, file, f"mend the example of {name!r}")
            footage = footage_of(example.recording)
            clips = _of_animal(footage.clips(), example.individual, file)
            inside = _overlap(clips, example.start_s, example.stop_s) >= _CLEAR
            yield footage, clips[inside], [name] * int(inside.sum())


def _overlap(clips: pd.DataFrame, start_s: float, stop_s: float) -> NDArray[np.float64]:
    """The share of each clip that lies within a stretch."""
    within = clips["stop_s"].clip(upper=stop_s) - clips["start_s"].clip(lower=start_s)
    return (within.clip(lower=0) / (clips["stop_s"] - clips["start_s"])).to_numpy(np.float64)


def _check_recording(study: Study, id: str, file: Path, hint: str) -> None:
    if id not in study.recordings:
        raise DataError(
            "these human labels are of no recording", file=file, found=id,
            expected=", ".join(study.recordings), hint=hint,
        )  # fmt: skip


def _of_animal(clips: pd.DataFrame, animal: str, file: Path) -> pd.DataFrame:
    animals = sorted(set(clips["individuals"]))
    if (animal and animal not in animals) or (not animal and len(animals) > 1):
        raise DataError(
            "of which animal are these human labels?", file=file, expected=", ".join(animals),
            found=animal or "no animal",
            hint="name the file RECORDING@ANIMAL.csv; in a labels file, say individual = ...",
        )  # fmt: skip
    return clips[clips["individuals"] == animal] if animal else clips


def _labels(footage: Footage, clips: pd.DataFrame, file: Path) -> list[str]:
    """The person's label of each clip; ``""`` where none is clear."""
    poses = footage.sights.primary
    if poses is not None:
        times, frames = poses["time"].values, poses["frame"].values
        truth = read_truth(file, times=times, frames=frames, fps=float(poses.attrs["fps"]))
    else:
        times = np.arange(clips["start_s"].min(), clips["stop_s"].max(), 0.02)
        truth = read_truth(file)
    labels = truth.at(times)
    found = []
    for start, stop in zip(clips["start_s"], clips["stop_s"], strict=True):
        inside = labels[slice(*np.searchsorted(times, [start - 1e-6, stop - 1e-6]))]
        names, counts = np.unique(inside.astype(str), return_counts=True)
        clear = len(inside) and counts.max() >= _CLEAR * len(inside)
        found.append(str(names[counts.argmax()]) if clear else "")
    return found


def _in_its_words(found: list[str], protocol: Protocol) -> list[str]:
    """Labels as the protocol calls them; ``""`` for those that it does not have."""
    labels = protocol.answer.labels
    if not labels:
        return found
    known = {plain(name): name for name in labels}
    rest = next(
        (
            n
            for n, said in labels.items()
            if means_rest(n) or plain(said).startswith("anything else")
        ),
        "",
    )
    named = {each: known.get(plain(each), rest if means_rest(each) else "") for each in set(found)}
    return [named[each] if each else "" for each in found]
