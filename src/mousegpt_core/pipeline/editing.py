"""Descriptions corrected by a person: kept beside what was said, newest wins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from mousegpt_core.clips import SECTIONS
from mousegpt_core.errors import DataError
from mousegpt_core.pipeline.curating import said_clips
from mousegpt_core.pipeline.study_stages import described_recordings
from mousegpt_core.study import Recording, Study
from mousegpt_core.study.files import reading

#: What a person can correct of a description.
FIELDS = (*SECTIONS, "label")


def edit_descriptions(
    study: Study, corrections: pd.DataFrame, *, who: str = "", source: str = "corrections"
) -> dict[str, Any]:
    """Correct descriptions of clips; all of the corrections are possible, or none is made.

    Parameters
    ----------
    study : Study
        With descriptions.
    corrections : DataFrame
        Column ``clip_id``, and some of `FIELDS`; other columns, and empty cells, change nothing.
        So an exported table of descriptions can be corrected and given back as it is.
    who : str
        Who corrects.
    source : str
        Where they are from, for messages.

    Returns
    -------
    dict
        ``edited``: how many values were changed, ``clips``: of how many clips, ``unchanged``: how
        many values said so already.

    Raises
    ------
    DataError
        If there is nothing to correct by, or a clip is not known; names the row.
    """
    _check_columns(corrections, source)
    recordings = described_recordings(study)
    said = {one.id: said_clips(one).set_index("clip_id") for one in recordings}
    # Also of clips of which nothing valid was said.
    clips = {one.id: one.store.read_table("clips", ["clip_id"]) for one in recordings}
    home = {clip: id for id, table in clips.items() for clip in table["clip_id"]}
    changes = list(_changes(corrections))
    for row, clip, _, _ in changes:
        if clip not in home:
            raise DataError(
                f"{source}: no clip is called {clip!r}",
                place=f"row {row + 1}",
                hint="clip_id as `mousegpt export STUDY descriptions` writes it",
            )
    edited: list[str] = []
    for _, clip, field, new in changes:
        recording = study.recording(home[clip])
        known = said[recording.id]
        old = str(known.at[clip, field]) if clip in known.index else ""
        if new != old:
            recording.log.add_edit("description", clip, field, new, old=old, who=who)
            edited.append(clip)
    return {
        "edited": len(edited),
        "clips": len(set(edited)),
        "unchanged": len(changes) - len(edited),
        "passed_over": [n for n in corrections.columns if n not in ("clip_id", *FIELDS)],
    }


def undo_correction(recording: Recording, clip_id: str, *, who: str = "") -> str:
    """Take the newest correction of a clip back; returns its field, ``""`` = there was none."""
    edits = recording.log.edits("description")
    mine = edits[edits["target_id"] == clip_id]
    if mine.empty:
        return ""
    recording.log.take_back(str(mine["edit_id"].iloc[-1]), who=who)
    return str(mine["field"].iloc[-1])


def read_corrections(path: Path) -> pd.DataFrame:
    """A csv of corrections (comma or semicolon), all of it text.

    Raises
    ------
    DataError
        If it cannot be read as one.
    """
    with reading(path):
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                first = file.readline()
                delimiter = ";" if first.count(";") > first.count(",") else ","
                file.seek(0)
                return pd.read_csv(file, sep=delimiter, dtype=str, keep_default_na=False)
        except ValueError as error:  # not UTF-8, empty, rows of different length
            why = "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error
            raise DataError(
                f"this is no csv: {why}",
                file=path,
                expected=f"columns clip_id and some of {', '.join(FIELDS)}",
                hint="save it as csv in UTF-8",
            ) from error


def _changes(corrections: pd.DataFrame) -> Iterator[tuple[int, str, str, str]]:
    """Row, clip, field and new value of each cell that says something."""
    fields = [name for name in FIELDS if name in corrections.columns]
    for row, values in enumerate(corrections.to_dict("records")):
        for field in fields:
            if text := str(values[field]).strip():
                yield row, str(values["clip_id"]), field, text


def _check_columns(corrections: pd.DataFrame, source: str) -> None:
    found = [str(name) for name in corrections.columns]
    if "clip_id" not in found or not set(found) & set(FIELDS):
        raise DataError(
            f"{source}: there is nothing to correct by",
            expected=f"columns clip_id and some of {', '.join(FIELDS)}",
            found=", ".join(found),
            hint="`mousegpt export STUDY descriptions` writes a table that can be corrected",
        )


def one_correction(clip_id: str, values: Mapping[str, str]) -> pd.DataFrame:
    """Corrections of a single clip."""
    return pd.DataFrame([{"clip_id": clip_id, **values}], dtype=object)
