"""A person's labels, kept in the study: ``labels/human/RECORDING.csv``, a row a bout."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mousegpt_core.analysis.human_bouts import (
    NOT_SCORED_LABEL,
    Change,
    HumanBout,
    in_order,
    new_bout,
)
from mousegpt_core.analysis.label_words import is_scored
from mousegpt_core.analysis.truth import Truth, read_truth
from mousegpt_core.clips import BOUTS, make_table
from mousegpt_core.errors import DataError
from mousegpt_core.study import Recording, Study
from mousegpt_core.study.files import reading, remove, write_atomic, writing
from mousegpt_core.study.locks import Leases

#: The labels that a person made, beside the schemes of the study.
HUMAN = "human"
_FOLDER = Path("labels", "human")
#: Signs that animals' names may have, and files' names not, on one system or another.
_UNFIT = re.compile(r'[<>:"/\\|?*%@\x00-\x1f]')
_COLUMNS = ("start_s", "stop_s", "label", "who", "when", "bout_id")
#: Shorter time that nobody scored (s) is none: it lies between two rows.
_LEAST_GAP_S = 0.05


def human_files(folder: Path) -> dict[str, Path]:
    """Files of human labels in a folder, by whose they are: ``RECORDING`` or ``RECORDING/ANIMAL``.

    Hidden files, which a write that was cut off may leave, are none. Of two files of the same the
    csv counts: the other one is about to be put away.
    """
    found = folder.glob("*.*") if folder.is_dir() else ()
    files = sorted(found, key=lambda file: (file.suffix == ".csv", file.name))
    named = [file for file in files if file.is_file() and not file.name.startswith(".")]
    return {unquote(file.stem.replace("@", "/")): file for file in named}


def human_file(study: Study, recording: Recording, individual: str) -> Path:
    """Where a person's labels of an animal are, or will be.

    Signs that a file's name cannot have are written as in addresses: ``:`` is ``%3A``.
    """
    folder, alone = study.folder / _FOLDER, len(recording.info.individuals) < 2
    names = [recording.id, f"{recording.id}/{individual}"] if alone else []
    found = human_files(folder)
    for name in names or [f"{recording.id}/{individual}"]:
        if name in found:
            return found[name]
    animal = _UNFIT.sub(lambda sign: quote(sign[0], safe=""), individual)
    return folder / (f"{recording.id}.csv" if alone else f"{recording.id}@{animal}.csv")


def read_human(study: Study, recording: Recording, individual: str) -> tuple[HumanBout, ...]:
    """A person's bouts of an animal, in the order of their starts; empty where there are none.

    A file of any form that `mousegpt evaluate` reads is shown as bouts.

    Raises
    ------
    DataError, FormatError
        If it cannot be read.
    """
    file = human_file(study, recording, individual)
    if not file.exists():
        return ()
    rows = _own_rows(file)
    if rows is None:
        return _bouts_of_truth(_read_foreign(recording, file), recording, "file")
    return in_order(_bout(row, number, file) for number, row in enumerate(rows, start=2))


def change_human(
    study: Study, recording: Recording, individual: str, change: Change
) -> tuple[HumanBout, ...]:
    """Change an animal's bouts at once, on top of what others have changed meanwhile.

    A file of another form becomes a table of bouts; it is kept in ``labels/human/originals``.

    Returns
    -------
    tuple of HumanBout
        All that there are now.

    Raises
    ------
    MouseGPTError
        If the file cannot be written, or what is there cannot be read; nothing is lost then.
    """
    file = human_file(study, recording, individual)
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
    with Leases(study.folder, "study").short(".human"):
        bouts = change.applied(read_human(study, recording, individual))
        foreign = file.exists() and _own_rows(file) is None
        if foreign:
            keep_original(file)
        own = file.with_suffix(".csv")
        write_atomic(own, _text(bouts))
        if foreign and file != own:
            remove(file)
        if not bouts:
            remove(own)
    return bouts


def human_bouts(study: Study, recording: Recording) -> pd.DataFrame:
    """A person's bouts of all animals of a recording as table `clips.BOUTS`.

    What was not scored is left out.
    """
    rows = [
        (animal, bout)
        for animal in recording.info.individuals or ("",)
        for bout in read_human(study, recording, animal)
        if is_scored(bout.label)
    ]
    columns = {
        "recording": recording.id,
        "individual": [animal for animal, _ in rows],
        "start_s": [bout.start_s for _, bout in rows],
        "stop_s": [bout.stop_s for _, bout in rows],
        "behaviour_id": [bout.label for _, bout in rows],
        "source": [bout.who for _, bout in rows],
    }
    return make_table(BOUTS, columns, length=len(rows))


def labelled_by_hand(study: Study) -> list[Recording]:
    """The recordings that a person has labelled."""
    owners = {owner.partition("/")[0] for owner in human_files(study.folder / _FOLDER)}
    return [one for id, one in study.recordings.items() if id in owners]


def replacing(
    study: Study, recording: Recording, individual: str, truth: Truth, *, who: str = ""
) -> Change:
    """The change that puts the labels of a file in the place of all that there are."""
    new = _bouts_of_truth(truth, recording, "")
    before = read_human(study, recording, individual)
    return Change(before, tuple(replace(bout, who=who) for bout in new))


def keep_original(file: Path) -> None:
    """Put a copy of a file of labels away, if there is one, before another takes its place."""
    if not file.exists():
        return
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    kept = file.parent / "originals" / f"{file.stem}-{stamp}{file.suffix}"
    with writing(kept):
        kept.parent.mkdir(exist_ok=True)
        write_atomic(kept, file.read_bytes())


def frame_times(recording: Recording) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Times (s) and numbers of the frames that have poses; None before they were read."""
    from mousegpt_core.pipeline.recording_stages import pose_stage, primary_pose

    stage = "kinematics"
    if recording.store.entry(stage) is None:
        if not recording.info.poses:
            return None
        stage = pose_stage(primary_pose(recording))
        if recording.store.entry(stage) is None:
            return None
    found = recording.store.read_dataset(stage)
    # A frame that the camera dropped has the number of the one shown meanwhile.
    frames, first = np.unique(found["frame"].values, return_index=True)
    return found["time"].values[first], frames


def end_of(recording: Recording) -> float:
    """End of a recording (s); NaN where it is not known yet."""
    known = frame_times(recording)
    if known is None:
        from mousegpt_core.pipeline.filmed import open_view, views_with_films

        views = views_with_films(recording.info)
        if not views:
            return float("nan")
        with ExitStack() as stack:
            view = open_view(recording, views[0], stack)
            return float(view.times[-1] + view.period)
    times, _ = known
    step = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    return float(times[-1]) + step


def _read_foreign(recording: Recording, file: Path) -> Truth:
    known = frame_times(recording)
    if known is None:
        return read_truth(file)
    return read_truth(file, times=known[0], frames=known[1])


def _bouts_of_truth(truth: Truth, recording: Recording, prefix: str) -> tuple[HumanBout, ...]:
    """Stretches as bouts. With a prefix their ids are the same whenever the file is read."""
    end = end_of(recording)
    bouts = []
    spans = [
        (float(start), min(float(stop), end) if np.isinf(stop) else float(stop), str(label))
        for start, stop, label in zip(truth.start_s, truth.stop_s, truth.labels, strict=True)
    ]
    spans += _unscored(truth, spans, end)
    for number, (start, stop, label) in enumerate(spans):
        if stop > start:
            bout = new_bout(max(start, 0.0), stop, label or NOT_SCORED_LABEL)
            bouts.append(replace(bout, id=f"{prefix}{number}" if prefix else bout.id))
    return in_order(bouts)


def _unscored(
    truth: Truth, spans: list[tuple[float, float, str]], end: float
) -> list[tuple[float, float, str]]:
    """Time that nobody scored: outside the rows, and after the end of what was observed."""
    stop = truth.end_s if np.isfinite(truth.end_s) else end
    gaps = [(stop, end)] if stop < end else []
    if not truth.fills:
        edges = [0.0, *(edge for span in spans for edge in span[:2]), end]
        gaps += list(zip(edges[::2], edges[1::2], strict=True))
    return [(start, stop, "") for start, stop in gaps if stop - start > _LEAST_GAP_S]


def _own_rows(file: Path) -> list[dict[str, str]] | None:
    """Rows of a file that was written here; None of any other form."""
    if file.suffix != ".csv":
        return None
    with reading(file):
        text = file.read_text(encoding="utf-8-sig", errors="replace")
    if "bout_id" not in text.partition("\n")[0]:
        return None
    return list(csv.DictReader(io.StringIO(text)))


def _bout(row: dict[str, str], number: int, file: Path) -> HumanBout:
    try:
        start, stop = float(row["start_s"]), float(row["stop_s"])
        if not start < stop:
            raise ValueError(f"{start:g} to {stop:g}")
        told = {name: row.get(name) or "" for name in ("who", "when")}
        return HumanBout(row["bout_id"] or str(number), start, stop, row["label"], **told)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            "this is no bout", file=file, place=f"row {number}", found=str(error),
            expected=", ".join(_COLUMNS), hint="mend or delete that row",
        ) from error  # fmt: skip


def _text(bouts: Iterable[HumanBout]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for bout in bouts:
        times = [_number(bout.start_s), _number(bout.stop_s)]
        writer.writerow([*times, bout.label, bout.who, bout.when, bout.id])
    return stream.getvalue()


def _number(seconds: float) -> str:
    return f"{seconds:.6f}".rstrip("0").rstrip(".")
