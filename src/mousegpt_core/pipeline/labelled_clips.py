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
#: Some clips of a recording, and a person's label of each; ``""`` = none is clear.
_Labelled = tuple[pd.DataFrame, list[str]]

#: Share of a clip that must have one label for the clip to be an example of it.
_CLEAR = 0.8
#: Quantities by which clips are like each other (speeds on a logarithmic scale).
_QUANTITIES = ("speed", "motion", "forward_speed", "region_speed", "body_length", "spine_bend")


def labelled_clips(
    study: Study, protocol: Protocol, footage_of: Callable[[str], Footage]
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
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
    features : DataFrame or None
        Kinematics as `mean_kinematics` has them, where examples are chosen by them.

    Raises
    ------
    DataError
        If there are no labels, or none of the protocol's.
    """
    place = study.folder / protocol.examples.truth
    labelled = _by_stretches if place.suffix == ".toml" else _by_files
    tables, seen = [], set[str]()
    for clips, found in labelled(study, place, footage_of):
        seen |= set(found) - {""}
        clips = clips.assign(**{LABEL: _in_its_words(found, protocol)})
        clips = clips[clips[LABEL] != ""]
        if len(clips):
            tables.append(clips)
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
    if protocol.examples.choose == "random":
        return joined, None
    features = [
        mean_kinematics(footage_of(str(id)), mine).set_axis(mine.index)
        for id, mine in joined.groupby("recording", sort=False)
    ]
    return joined, pd.concat(features).loc[joined.index]


def mean_kinematics(footage: Footage, clips: pd.DataFrame) -> pd.DataFrame:
    """Kinematics of clips of a recording, averaged over each.

    Parameters
    ----------
    footage : Footage
        Of the recording.
    clips : DataFrame
        Table `clips.CLIPS`.

    Returns
    -------
    DataFrame
        A row a clip, in their order; a column a feature; NaN = not known.
    """
    kinematics = footage.sights.kinematics
    if kinematics is None:
        return pd.DataFrame(index=range(len(clips)))
    times = kinematics["time"].values
    bounds = np.searchsorted(times, clips[["start_s", "stop_s"]].to_numpy(np.float64) - 1e-6)
    means: dict[str, Floats] = {}
    animals = clips["individuals"].to_numpy()
    for animal in kinematics["individual"].values:
        rows = np.flatnonzero(animals == animal)
        for name in _QUANTITIES:
            if name in kinematics and len(rows):
                quantity = kinematics[name].sel(individual=animal).transpose("time", ...)
                columns = [
                    f"{name} {part}" for dim in quantity.dims[1:] for part in quantity[dim].values
                ]
                values = quantity.values.reshape(len(times), -1)
                found = _means(values, bounds[rows], is_speed="speed" in name)
                for column, mean in zip(columns or [name], found.T, strict=True):
                    means.setdefault(column, np.full(len(clips), np.nan))[rows] = mean
    return pd.DataFrame(means, index=range(len(clips)))


def _means(values: NDArray[Any], bounds: NDArray[np.intp], *, is_speed: bool) -> Floats:
    """Mean of each column from row to row of `bounds`, over what is known."""
    found = np.full((len(bounds), values.shape[1]), np.nan)
    for row, (start, stop) in enumerate(bounds):
        flat = values[start:stop].astype(np.float64)
        known = np.isfinite(flat)
        flat = np.where(known, flat, 0.0)
        if is_speed:
            flat = np.log1p(np.abs(flat))
        count = known.sum(axis=0)
        np.divide(flat.sum(axis=0), count, out=found[row], where=count > 0)
    return found


def _by_files(
    study: Study, folder: Path, footage_of: Callable[[str], Footage]
) -> Iterator[_Labelled]:
    """Clips by the files of a person's labels in a folder."""
    for owner, file in sorted(human_files(folder).items()):
        id, _, animal = owner.partition("/")
        _check_recording(study, id, file, "name the file RECORDING.csv, or RECORDING@ANIMAL.csv")
        footage = footage_of(id)
        clips = _of_animal(footage.clips(), animal, file)
        yield clips, _labels(footage, clips, file)


def _by_stretches(
    study: Study, file: Path, footage_of: Callable[[str], Footage]
) -> Iterator[_Labelled]:
    """Clips by the example stretches of the user's own behaviours."""
    cut: dict[tuple[str, str], pd.DataFrame] = {}
    for name, behaviour in LabelScheme.from_toml(file).behaviours.items():
        for example in behaviour.examples:
            _check_recording(study, example.recording, file, f"mend the example of {name!r}")
            whose = (example.recording, example.individual)
            if whose not in cut:
                clips = footage_of(example.recording).clips()
                cut[whose] = _of_animal(clips, example.individual, file)
            clips = cut[whose]
            inside = _overlap(clips, example.start_s, example.stop_s) >= _CLEAR
            yield clips[inside], [name] * int(inside.sum())


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
