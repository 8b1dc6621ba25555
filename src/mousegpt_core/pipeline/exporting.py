"""Tables for other programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from mousegpt_core.errors import SettingsError, StageMissingError
from mousegpt_core.pipeline.evaluation import ACTIVITIES, PROFILE, bouts_of_scheme, scheme_names
from mousegpt_core.pipeline.recording_stages import primary_poses
from mousegpt_core.pipeline.study_stages import described_clips
from mousegpt_core.study import Study
from mousegpt_core.study.files import writing


def export_study(
    study: Study, what: str, *, out: Path | None = None, format: str = "csv"
) -> list[Path]:
    """Write results as tables.

    Parameters
    ----------
    study : Study
        The study.
    what : str
        A key of `EXPORTS`: ``"descriptions"`` (a row a clip), ``"bouts"`` and ``"labels"`` (of the
        ethogram, the profile and every scheme of the user), ``"kinematics"`` and ``"poses"`` (a
        row a frame).
    out : Path, optional
        Folder; by default ``results/export`` of the study.
    format : {"csv", "parquet"}
        Kind of file.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    SettingsError
        If `what` or `format` is unknown.
    StageMissingError
        If there is no such result yet.
    """
    if what not in EXPORTS:
        raise SettingsError(f"{what!r} cannot be exported", hint="one of: " + ", ".join(EXPORTS))
    if format not in ("csv", "parquet"):
        raise SettingsError(f"no format is called {format!r}", hint="csv or parquet")
    folder = out or study.folder / "results" / "export"
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in EXPORTS[what](study):
        path = folder / f"{name}.{format}"
        with writing(path):
            if format == "csv":
                table.to_csv(path, index=False)
            else:
                table.to_parquet(path, index=False)
        written.append(path)
    if not written:
        raise StageMissingError("there is nothing to export yet", hint="run `mousegpt run` first")
    return written


def _descriptions(study: Study) -> Iterator[tuple[str, pd.DataFrame]]:
    for id, recording in study.recordings.items():
        yield f"descriptions-{id}", described_clips(recording)


def _bouts(study: Study) -> Iterator[tuple[str, pd.DataFrame]]:
    for id, recording in study.recordings.items():
        for scheme in _schemes(study):
            yield f"bouts-{scheme}-{id}", bouts_of_scheme(study, recording, scheme)


def _labels(study: Study) -> Iterator[tuple[str, pd.DataFrame]]:
    for id, recording in study.recordings.items():
        for scheme in scheme_names(study):
            yield f"labels-{scheme}-{id}", recording.store.read_table(f"labels/{scheme}")
    yield "labels-profile", study.store.read_table("profile/labels")


def _schemes(study: Study) -> list[str]:
    profiled = [PROFILE] if study.store.entry("profile/bouts") else []
    return [ACTIVITIES, *profiled, *scheme_names(study)]


def _kinematics(study: Study) -> Iterator[tuple[str, pd.DataFrame]]:
    for id, recording in study.recordings.items():
        yield f"kinematics-{id}", _frame_table(recording.store.read_dataset("kinematics"))


def _poses(study: Study) -> Iterator[tuple[str, pd.DataFrame]]:
    for id, recording in study.recordings.items():
        yield f"poses-{id}", _frame_table(primary_poses(recording))


def _frame_table(dataset: xr.Dataset) -> pd.DataFrame:
    """A row a frame, a column for every value of a quantity: ``keypoint_speed nose M1``."""
    columns: dict[str, np.ndarray] = {
        "time_s": dataset["time"].values,
        "frame": dataset["frame"].values,
    }
    several = dataset.sizes["individual"] > 1
    for name, quantity in dataset.data_vars.items():
        if "time" not in quantity.dims:
            continue
        others = [dim for dim in quantity.dims if dim != "time"]
        flat = quantity.transpose("time", *others).values.reshape(len(dataset["time"]), -1)
        labels = [
            [str(value) for value in dataset[dim].values]
            for dim in others
            if several or dim != "individual"
        ]
        for column, parts in enumerate(_product(labels)):
            columns[" ".join([str(name), *parts])] = flat[:, column]
    return pd.DataFrame(columns)


def _product(labels: list[list[str]]) -> list[list[str]]:
    rows: list[list[str]] = [[]]
    for values in labels:
        rows = [[*row, value] for row in rows for value in values]
    return rows


#: What can be exported.
EXPORTS: dict[str, Callable[[Study], Iterator[tuple[str, pd.DataFrame]]]] = {
    "descriptions": _descriptions,
    "bouts": _bouts,
    "labels": _labels,
    "kinematics": _kinematics,
    "poses": _poses,
}
