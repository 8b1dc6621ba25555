"""Others' descriptions, taken into a study as answers of the describer ``imported:NAME``."""

from __future__ import annotations

import csv
import json
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mousegpt_core.clips import ANSWERS, CLIPS, LONGEST_DROP_S, SECTIONS, make_table
from mousegpt_core.describe.foreign_rows import ForeignRow, Place, read_row
from mousegpt_core.errors import DataError, FormatError
from mousegpt_core.language.contract import KEY_DIGITS
from mousegpt_core.pipeline.answered import imported_describer, imported_stage, keep_asked
from mousegpt_core.pipeline.describing import LEASE
from mousegpt_core.pipeline.recording_stages import import_poses, pose_stage, primary_pose
from mousegpt_core.pipeline.work import Work
from mousegpt_core.settings import content_hash
from mousegpt_core.study import Recording
from mousegpt_core.study.files import reading, validate_name

_TICK_S = 1e-6
_SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
_DELIMITERS = (",", ";", "\t")
#: Columns of our own data sets that are no description, and heavy.
_HEAVY = ("messages", "images", "speeds", "keypoints")


def import_descriptions(
    work: Work, files: Sequence[Path], name: str, *, recording: str = "", use: bool = False
) -> dict[str, Any]:
    """Take over descriptions; all rows are read and checked before any is kept.

    What was imported under this name of a recording before is replaced by what these files say
    of it; the answers stay in its log.

    Parameters
    ----------
    work : Work
        The study at work.
    files : sequence of Path
        JSON lines, JSON, csv or Parquet, or a data set of ours (folder).
    name : str
        Who describes: the describer is called ``imported:NAME``.
    recording : str
        The recording of rows that name none.
    use : bool
        Whether study.toml is to say that these are the study's descriptions.

    Returns
    -------
    dict
        ``describer``, ``recordings`` (id to number of clips), ``files``.

    Raises
    ------
    FormatError
        If a row cannot be read or does not fit its recording; names file and line.
    DataError
        If there is no row, or a recording cannot be read.
    """
    validate_name(name, "name of a describer")
    found = [path for file in files for path in _files(Path(file))]
    rows: dict[str, list[ForeignRow]] = {}
    for path in found:
        work.step("import", message=str(path))
        for values, place in _read(path):
            row = read_row(values, place)
            rows.setdefault(_recording_of(work, row, recording), []).append(row)
    if not rows:
        raise DataError(
            "there are no rows", file=found[0] if found else None,
            hint="give files with a description a row",
        )  # fmt: skip
    placed = {id: _place(work, work.study.recording(id), of_one) for id, of_one in rows.items()}
    for id, (clips, answers) in placed.items():
        work.step("import", id, message=f"{len(clips)} descriptions")
        _keep(work.study.recording(id), name, clips, answers)
    if use:
        work.study.set_section("describe", describer=imported_describer(name))
    work.finish("import")
    return {
        "describer": imported_describer(name),
        "recordings": {id: len(clips) for id, (clips, _) in placed.items()},
        "files": [str(path) for path in found],
    }


# -- files ------------------------------------------------------------------------------------


def _files(path: Path) -> list[Path]:
    """The file, or those of a data set that hold descriptions."""
    if path.is_dir():
        inside = sorted([*path.glob("*-facts.jsonl"), *path.glob("data/*.parquet")])
        if inside:
            return inside
    elif path.suffix.lower() in _SUFFIXES:
        return [path]
    if not path.exists():
        raise FormatError("no such file", file=path, hint="check the path")
    raise FormatError(
        "no descriptions are in this", file=path,
        expected=", ".join(_SUFFIXES) + ", or the folder of a data set",
        hint="name a file with a row for each description",
    )  # fmt: skip


def _read(path: Path) -> Iterator[tuple[dict[str, Any], Place]]:
    """Rows of a file, one at a time."""
    suffix = path.suffix.lower()
    with reading(path):
        if suffix == ".parquet":
            yield from _parquet_rows(path)
        elif suffix in (".csv", ".tsv"):
            yield from _csv_rows(path)
        elif suffix == ".json":
            yield from _json_rows(path)
        else:
            yield from _json_lines(path)


def _lines(path: Path) -> Generator[str, None, None]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            yield from stream
    except UnicodeDecodeError as error:
        raise FormatError("not UTF-8 text", file=path, hint="save it as UTF-8") from error


def _json_lines(path: Path) -> Iterator[tuple[dict[str, Any], Place]]:
    for number, line in enumerate(_lines(path), start=1):
        if line.strip():
            place = Place(path, f"line {number}")
            yield _object(_parsed(line, place), place), place


def _json_rows(path: Path) -> Iterator[tuple[dict[str, Any], Place]]:
    """A list of rows, or frames with what is said of each."""
    whole = _parsed("".join(_lines(path)), Place(path, "the whole file"))
    if isinstance(whole, list):
        for number, value in enumerate(whole, start=1):
            place = Place(path, f"row {number}")
            yield _object(value, place), place
        return
    for key, value in _object(whole, Place(path, "the whole file")).items():
        yield {"frame": key, "text": value}, Place(path, f"key {key!r}")


def _parsed(text: str, place: Place) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        message = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        place.refuse(
            f"not JSON: {message}", found=text.strip()[:60] or "nothing",
            hint="mend that place, or export the file again",
        )  # fmt: skip


def _object(value: Any, place: Place) -> dict[str, Any]:
    if not isinstance(value, dict):
        place.refuse(
            "not a row", expected="an object with named values", found=str(value)[:60],
            hint="write each row as {...}",
        )  # fmt: skip
    return value


def _csv_rows(path: Path) -> Iterator[tuple[dict[str, Any], Place]]:
    with closing(_lines(path)) as lines:
        header = next(lines, "")
    delimiter = max(_DELIMITERS, key=header.count)
    rows = csv.reader(_lines(path), delimiter=delimiter, strict=True)
    try:
        names = next(rows, [])
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            Place(path, "line 1").refuse(
                "two columns have one name", found=", ".join(twice), hint="rename one of them"
            )
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            place = Place(path, f"line {rows.line_num}")
            if len(row) != len(names):
                place.refuse(
                    "not as many values as columns", expected=str(len(names)), found=str(len(row)),
                    hint="put values that contain the delimiter in quotes",
                )  # fmt: skip
            yield dict(zip(names, row, strict=True)), place
    except csv.Error as error:
        raise FormatError(
            f"not a csv table: {error}", file=path, place=f"line {rows.line_num}",
            hint="save it again as csv in UTF-8",
        ) from error  # fmt: skip


def _parquet_rows(path: Path) -> Iterator[tuple[dict[str, Any], Place]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            names = [name for name in file.schema_arrow.names if name not in _HEAVY]
            number = 0
            for batch in file.iter_batches(columns=names):
                for values in batch.to_pylist():
                    number += 1
                    yield values, Place(path, f"row {number}")
    except pa.ArrowException as error:
        raise FormatError(
            f"not a Parquet table: {error}", file=path, hint="export it again"
        ) from error


# -- places in a recording --------------------------------------------------------------------


def _recording_of(work: Work, row: ForeignRow, given: str) -> str:
    known = work.study.recordings
    named = row.recording or given
    if not named and len(known) == 1:
        return next(iter(known))
    for name in (named, Path(named).stem):
        if name in known:
            return name
    row.place.refuse(
        "of which recording is this?" if not named else f"there is no recording {named!r}",
        expected=", ".join(known), found=named or "none named",
        hint="add a column `recording`, or say it for all rows: --recording ID",
    )  # fmt: skip


@dataclass(frozen=True)
class _Clock:
    """The frames of a recording and their times, and the animals in it."""

    recording: str
    view: str
    animals: tuple[str, ...]
    frames: np.ndarray
    times: np.ndarray

    @property
    def period(self) -> float:
        return float(np.median(np.diff(self.times))) if len(self.times) > 1 else 1.0

    def time_of(self, frame: int) -> float:
        """When a frame begins; that after the last one, too."""
        end = self.times[-1] + self.period
        return float(np.interp(frame, [*self.frames, self.frames[-1] + 1], [*self.times, end]))

    def frame_at(self, time: float) -> int:
        """The first frame that does not come before a time."""
        row = int(np.searchsorted(self.times, time - _TICK_S))
        return int(self.frames[row]) if row < len(self.frames) else int(self.frames[-1]) + 1

    def check(self, row: ForeignRow, start: int, stop: int) -> None:
        """Refuse a clip that is not in the recording."""
        first, last = int(self.frames[0]), int(self.frames[-1]) + 1
        if not (first <= start < stop <= last):
            row.place.refuse(
                f"this is not in the recording {self.recording}",
                expected=f"frames {first} to {last}, {self.times[0]:.2f} to "
                f"{self.time_of(last):.2f} s",
                found=f"frames {start} to {stop}",
                hint="times are on the recording's clock, frames those of "
                + (f"the view {self.view}" if self.view else "its poses"),
            )


def _place(
    work: Work, recording: Recording, rows: list[ForeignRow]
) -> tuple[pd.DataFrame, list[ForeignRow]]:
    """Clips of the rows, in time, and the rows in the same order."""
    source = primary_pose(recording)
    import_poses(work, recording, source)
    poses = recording.store.read_dataset(pose_stage(source))
    clock = _Clock(
        recording.id,
        source.view,
        tuple(str(each) for each in poses["individual"].values),
        poses["frame"].values,
        poses["time"].values,
    )
    nexts = _next_frames(rows, clock)
    found = [_clip(row, clock, nexts) for row in rows]
    seen: dict[str, ForeignRow] = {}
    for row, clip in zip(rows, found, strict=True):
        before = seen.setdefault(clip["clip_id"], row)
        if before is not row:
            row.place.refuse(
                "this clip was described already",
                found=f"{before.place.file.name}, {before.place.place}, too",
                hint="one row a clip: delete one, or import it under another name",
            )
    order = sorted(range(len(rows)), key=lambda n: (found[n]["individuals"], found[n]["start_s"]))
    columns = {name: [found[n].get(name, "") for n in order] for name in CLIPS.columns}
    return make_table(CLIPS, columns), [rows[n] for n in order]


def _clip(row: ForeignRow, clock: _Clock, nexts: dict[tuple[str, int], int]) -> dict[str, Any]:
    """A row's clip: values of table `clips.CLIPS`."""
    animal = _animal(row, clock)
    owner = f"{clock.recording}/{animal}" if animal else clock.recording
    single = row.start_frame is None and row.start_s is None
    start, stop = _frames(row, clock, nexts[animal, row.frame or 0] if single else 0)
    clock.check(row, start, stop)
    start_s = clock.time_of(start) if row.start_s is None else row.start_s
    stop_s = clock.time_of(stop) if row.stop_s is None else row.stop_s
    if abs(start_s - clock.time_of(start)) > 2 * clock.period:
        row.place.refuse(
            "frames and seconds do not fit each other",
            expected=f"frame {start} at {clock.time_of(start):.3f} s", found=f"{start_s:.3f} s",
            hint="leave one of the two out; times are on the recording's clock",
        )  # fmt: skip
    spans = (f"{owner}@{start:08d}", f"{owner}@{start:08d}-{stop:08d}")
    return {
        "clip_id": row.clip_id if row.clip_id in spans else spans[0 if single else 1],
        "recording": clock.recording,
        "individuals": animal,
        "start_s": start_s,
        "stop_s": stop_s,
        "clock_view": clock.view if row.clock_view is None else row.clock_view,
        "start_frame": start,
        "stop_frame": stop,
    }


def _frames(row: ForeignRow, clock: _Clock, following: int) -> tuple[int, int]:
    if row.start_frame is not None and row.stop_frame is not None:
        return row.start_frame, row.stop_frame
    if row.start_s is not None and row.stop_s is not None:
        return clock.frame_at(row.start_s), clock.frame_at(row.stop_s)
    return row.frame or 0, following


def _animal(row: ForeignRow, clock: _Clock) -> str:
    named = row.individual
    ours = row.clip_id is not None and row.clip_id.startswith(f"{clock.recording}@")
    if named in clock.animals or (named == "" and (ours or len(clock.animals) > 1)):
        return named or ""
    if not named and len(clock.animals) == 1:
        return clock.animals[0]
    row.place.refuse(
        "which animal is this?", expected=", ".join(clock.animals), found=named or "none named",
        hint="add a column `individual`; leave its cells empty for the whole scene",
    )  # fmt: skip


def _next_frames(rows: Iterable[ForeignRow], clock: _Clock) -> dict[tuple[str, int], int]:
    """Where the clip of each single frame ends: at the next one that is described, if that is soon.

    Frames that are sampled, as MouseGPT does, each stand for the time until the next.
    """
    frames: dict[str, set[int]] = {}
    for row in rows:
        if row.frame is not None and row.start_frame is None and row.start_s is None:
            frames.setdefault(_animal(row, clock), set()).add(row.frame)
    ends: dict[tuple[str, int], int] = {}
    end = int(clock.frames[-1]) + 1
    for animal, each in frames.items():
        order = sorted(each)
        steps = [b - a for a, b in pairwise(order)]
        most = max(1, int(LONGEST_DROP_S / clock.period))
        step = min(int(np.median(steps)) if steps else 1, most)
        for place, frame in enumerate(order):
            ends[animal, frame] = min(
                frame + step if place == len(steps) or steps[place] > most else order[place + 1],
                max(end, frame + 1),
            )
    return ends


# -- keeping ----------------------------------------------------------------------------------


def _keep(recording: Recording, name: str, clips: pd.DataFrame, rows: list[ForeignRow]) -> None:
    """Into the log, then as what was asked under this name."""
    describer = imported_describer(name)
    columns: dict[str, Any] = {
        section: [row.said.get(section, "") for row in rows] for section in (*SECTIONS, "label")
    }
    columns["score"] = [row.score for row in rows]
    columns["model"] = [row.model or "" for row in rows]
    keys = [
        content_hash([describer, clip, *said], length=KEY_DIGITS)
        for clip, said in zip(clips["clip_id"], zip(*columns.values(), strict=True), strict=True)
    ]
    columns |= {
        "answer_id": [f"{key}#1#{clip}" for key, clip in zip(keys, clips["clip_id"], strict=True)],
        "clip_id": clips["clip_id"],
        "request_key": keys,
        "attempt": 1,
        "describer": describer,
        "status": "described",
        "cost": 0.0,
        "created": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    with recording.store.lease(LEASE):
        recording.log.add_answers(make_table(ANSWERS, columns, length=len(rows)))
        keep_asked(recording, imported_stage(describer), clips, keys, {}, {"describer": describer})
