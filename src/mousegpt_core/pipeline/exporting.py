"""Tables and poses for other programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import xarray as xr

from mousegpt_core.analysis.boris_project import SUFFIX
from mousegpt_core.clips import ACTIVITIES, PROFILE
from mousegpt_core.errors import DataError, SettingsError, StageMissingError
from mousegpt_core.io import FORMATS, write_poses
from mousegpt_core.io.files import replaced_file
from mousegpt_core.pipeline.behaviours import profiled
from mousegpt_core.pipeline.boris import boris_project
from mousegpt_core.pipeline.correcting import corrected
from mousegpt_core.pipeline.curating import curated_clips
from mousegpt_core.pipeline.evaluation import bouts_of_scheme, labelled_recordings, scheme_names
from mousegpt_core.pipeline.human_labels import HUMAN, human_bouts, labelled_by_hand
from mousegpt_core.pipeline.mapping import mapped_clips
from mousegpt_core.pipeline.recording_stages import pose_sources, pose_stage, primary_pose
from mousegpt_core.pipeline.reporting import study_subjects
from mousegpt_core.pipeline.study_stages import described_recordings
from mousegpt_core.pipeline.zones import study_zone_uses, zone_table
from mousegpt_core.stats import (
    Subject,
    behaviour_shares,
    compare_groups,
    comparison_table,
    shares_by_animal,
)
from mousegpt_core.study import PoseFile, Recording, Study
from mousegpt_core.study.files import write_atomic, writing

T = TypeVar("T")
#: Names, and what makes what is called so: all are known before the first is made.
Tables = Iterator[tuple[str, Callable[[], pd.DataFrame]]]


def export_study(
    study: Study, what: str, *, out: Path | None = None, format: str = "csv"
) -> list[Path]:
    """Write results as tables, or poses in a format of poses.

    Parameters
    ----------
    study : Study
        The study.
    what : str
        A key of `EXPORTS`: ``"descriptions"`` (a row a clip), ``"bouts"`` and ``"labels"`` (of the
        ethogram, the profile and every scheme of the user), ``"behaviours"`` (of the profile),
        ``"map"`` (a row a clip and its place),
        ``"shares"`` (of time, a row an animal and behaviour), ``"comparisons"`` (of the groups),
        ``"zones"`` (time in s, share, entries and latency in s, a row an animal and zone),
        ``"kinematics"`` and ``"poses"`` (a row a frame, units in the names of the columns; the
        poses of every view that was read, in ``poses-RECORDING@VIEW`` but for the first).
    out : Path, optional
        Folder; by default ``results/export`` of the study.
    format : str
        ``"csv"`` or ``"parquet"``; of poses also any of `POSE_FORMATS`; of bouts also ``"boris"``,
        a project a scheme that BORIS opens, or imports observations from.

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
    DataError
        If two tables would be one file, by the names of labels and recordings; none is written.
    FormatError
        If a format of poses cannot hold them.
    """
    if what not in EXPORTS:
        raise SettingsError(
            f"{what!r} cannot be exported", hint="one of: " + ", ".join(EXPORTS) + ", dataset"
        )
    known = [*_TABLES, *_FORMATS.get(what, ())]
    if format not in known:
        raise SettingsError(
            f"{what} cannot be written as {format!r}", hint="one of: " + ", ".join(known)
        )
    files = list(_each_once(_files(study, what, format)))
    if not files:
        raise StageMissingError("there is nothing to export yet", hint="run `mousegpt run` first")
    folder = out or study.folder / "results" / "export"
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return [write(folder / name) for name, write in files]


def _files(study: Study, what: str, format: str) -> Iterator[tuple[str, Callable[[Path], Path]]]:
    """Names of the files, and what makes and writes each."""
    if format in _TABLES:
        for name, table in EXPORTS[what](study):
            yield f"{name}.{format}", partial(_write_table, table)
    elif format == BORIS:
        for scheme, bouts in _bouts_by_scheme(study):
            project = partial(boris_project, study, scheme, bouts)
            yield f"bouts-{scheme}{SUFFIX}", partial(_write_text, project)
    else:
        for name, poses in _poses_read(study):
            yield f"{name}{FORMATS[format].suffixes[0]}", partial(_write_poses, poses, format)


def _each_once(named: Iterable[tuple[str, T]]) -> Iterator[tuple[str, T]]:
    """What is written, as long as each has a file of its own on any system."""
    seen: set[str] = set()
    for name, what in named:
        if name.casefold() in seen:
            raise DataError(
                "two tables would be one file",
                file=name,
                hint="files are called by recordings and labels: name these otherwise",
            )
        seen.add(name.casefold())
        yield name, what


def _write_table(make: Callable[[], pd.DataFrame], path: Path) -> Path:
    table = make()
    with writing(path), replaced_file(path) as partial_file:
        if path.suffix == ".csv":
            table.to_csv(partial_file, index=False)
        else:
            table.to_parquet(partial_file, index=False)
    return path


def _write_text(make: Callable[[], str], path: Path) -> Path:
    text = make()
    with writing(path):
        write_atomic(path, text)
    return path


def _write_poses(make: Callable[[], xr.Dataset], format: str, path: Path) -> Path:
    poses = make()
    with writing(path):
        return write_poses(poses, path, format=format)


def _descriptions(study: Study) -> Tables:
    for recording in described_recordings(study):
        yield f"descriptions-{recording.id}", partial(curated_clips, recording)


def _bouts(study: Study) -> Tables:
    for recording in labelled_by_hand(study):
        yield f"bouts-{HUMAN}-{recording.id}", partial(human_bouts, study, recording)
    for scheme in _schemes_with_hand(study):
        names = _names(study, scheme)
        for recording in _with_scheme(study, scheme):
            bouts = partial(bouts_of_scheme, study, recording, scheme)
            yield f"bouts-{scheme}-{recording.id}", partial(_named, bouts, names)


def _labels(study: Study) -> Tables:
    for scheme in scheme_names(study):
        for recording in labelled_recordings(study, scheme):
            labels = partial(recording.store.read_table, f"labels/{scheme}")
            yield f"labels-{scheme}-{recording.id}", partial(_in_time, labels, recording)
    if PROFILE in _schemes(study):
        found = profiled(study)
        labels = partial(_named, lambda: found.labels, found.names)
        for recording in described_recordings(study):
            yield f"labels-profile-{recording.id}", partial(_in_time, labels, recording)


def _behaviours(study: Study) -> Tables:
    found = profiled(study)
    yield "behaviours-profile", lambda: found.behaviours


def _map(study: Study) -> Tables:
    yield "map", partial(mapped_clips, study)


def _shares(study: Study) -> Tables:
    subjects = study_subjects(study)
    for scheme in _schemes(study):
        yield f"shares-{scheme}", partial(_shares_of, study, scheme, subjects)


def _shares_of(study: Study, scheme: str, subjects: Sequence[Subject]) -> pd.DataFrame:
    recordings = _with_scheme(study, scheme)
    bouts = pd.concat([bouts_of_scheme(study, one, scheme) for one in recordings])
    return _named(lambda: behaviour_shares(bouts, subjects), _names(study, scheme))


def _comparisons(study: Study) -> Tables:
    groups = {one.animal: one.treatment for one in study_subjects(study)}
    for name, shares in _shares(study):
        yield name.replace("shares", "comparisons"), partial(_compared, shares, groups)


def _compared(shares: Callable[[], pd.DataFrame], groups: Mapping[str, str]) -> pd.DataFrame:
    return comparison_table(compare_groups(shares_by_animal(shares()), groups))


def _zones(study: Study) -> Tables:
    uses = study_zone_uses(study, described_recordings(study))
    if not uses:
        raise StageMissingError(
            "no zone is measured in this study",
            hint="draw zones in the dock Views, or write [[zones]] into recording.toml",
        )
    yield "zones", partial(zone_table, uses, study_subjects(study))


def _names(study: Study, scheme: str) -> dict[str, str] | None:
    """Names of the profile's behaviours by their ids; those of other schemes are their ids."""
    return profiled(study).names if scheme == PROFILE else None


def _named(make: Callable[[], pd.DataFrame], names: dict[str, str] | None) -> pd.DataFrame:
    """With the names of behaviours beside their ids."""
    table = make()
    return table if names is None else table.assign(name=table["behaviour_id"].map(names))


def _in_time(make: Callable[[], pd.DataFrame], recording: Recording) -> pd.DataFrame:
    """Labels of a recording's clips with the place of each clip."""
    clips = recording.store.read_table("clips").drop(columns=["clock_view", "parent_id"])
    placed: pd.DataFrame = clips.merge(make(), on="clip_id", how="inner")
    return placed


def _schemes(study: Study) -> list[str]:
    profiled = [PROFILE] if study.store.entry("profile/bouts") else []
    own = [name for name in scheme_names(study) if labelled_recordings(study, name)]
    return [ACTIVITIES, *profiled, *own]


def _schemes_with_hand(study: Study) -> list[str]:
    """As `_schemes`; none of a study that a person has labelled before it is analysed."""
    analysed = any(one.store.entry("descriptions") for one in study.recordings.values())
    return _schemes(study) if analysed or not labelled_by_hand(study) else []


def _bouts_by_scheme(study: Study) -> Iterator[tuple[str, dict[str, pd.DataFrame]]]:
    """Bouts of every scheme, and a person's, by recording."""
    by_hand = {one.id: human_bouts(study, one) for one in labelled_by_hand(study)}
    if by_hand:
        yield HUMAN, by_hand
    for scheme in _schemes_with_hand(study):
        recordings = _with_scheme(study, scheme)
        found = {one.id: bouts_of_scheme(study, one, scheme) for one in recordings}
        if found:
            yield scheme, found


def _with_scheme(study: Study, scheme: str) -> list[Recording]:
    """The recordings that have bouts of a scheme."""
    if scheme in (ACTIVITIES, PROFILE):
        return described_recordings(study)
    return labelled_recordings(study, scheme)


def _kinematics(study: Study) -> Tables:
    for recording in described_recordings(study):
        read = partial(recording.store.read_dataset, "kinematics")
        yield f"kinematics-{recording.id}", partial(_frame_table, read)


def _poses(study: Study) -> Tables:
    for name, poses in _poses_read(study):
        yield name, partial(_frame_table, poses)


def _poses_read(study: Study) -> Iterator[tuple[str, Callable[[], xr.Dataset]]]:
    """Poses of every recording and view that was read, as a person corrected them."""
    for id, recording in study.recordings.items():
        first = primary_pose(recording)
        for source in pose_sources(recording):
            if recording.store.entry(pose_stage(source)):
                name = f"poses-{id}" if source == first else f"poses-{id}@{source.view}"
                yield name, partial(_corrected, recording, source)


def _corrected(recording: Recording, source: PoseFile) -> xr.Dataset:
    read = recording.store.read_dataset(pose_stage(source))
    return corrected(recording, source.view, read)


def _frame_table(read: Callable[[], xr.Dataset]) -> pd.DataFrame:
    """A row a frame, a column for every value: ``keypoint_speed nose M1 (cm/s)``."""
    dataset = read()
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
        unit = quantity.attrs.get("units", "1")
        after = "" if unit in ("1", "") else f" ({unit})"
        for column, parts in enumerate(_product(labels)):
            columns[" ".join([str(name), *parts]) + after] = flat[:, column]
    return pd.DataFrame(columns)


def _product(labels: list[list[str]]) -> list[list[str]]:
    rows: list[list[str]] = [[]]
    for values in labels:
        rows = [[*row, value] for row in rows for value in values]
    return rows


_TABLES = ("csv", "parquet")
#: What poses can be written as, besides tables.
POSE_FORMATS = tuple(each.name for each in FORMATS.values() if each.writes)
BORIS = "boris"
_FORMATS: dict[str, tuple[str, ...]] = {"poses": POSE_FORMATS, "bouts": (BORIS,)}
#: What can be exported.
EXPORTS: dict[str, Callable[[Study], Tables]] = {
    "descriptions": _descriptions,
    "bouts": _bouts,
    "labels": _labels,
    "behaviours": _behaviours,
    "map": _map,
    "shares": _shares,
    "comparisons": _comparisons,
    "zones": _zones,
    "kinematics": _kinematics,
    "poses": _poses,
}
