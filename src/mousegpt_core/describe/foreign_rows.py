"""A row of others' descriptions, whatever its columns are called. Pure: values in, a row out."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from mousegpt_core.clips import SECTIONS
from mousegpt_core.errors import FormatError
from mousegpt_core.language.extraction import extract, read_strictly
from mousegpt_core.language.schema import AnswerField, AnswerSchema

#: What a column may be called, besides its name; letters' case, spaces and hyphens do not count.
ALIASES: dict[str, tuple[str, ...]] = {
    "recording": ("recording_id", "video", "film", "session"),
    "individual": ("individuals", "animal", "mouse", "subject"),
    "clip_id": (),
    "clock_view": (),
    "start_s": ("start", "start_time"),
    "stop_s": ("stop", "end", "end_s", "stop_time", "end_time"),
    "start_frame": (),
    "stop_frame": ("end_frame",),
    "frame": ("frame_id", "frameid", "frame_index", "frame_number"),
    "text": ("description", "caption", "answer", "response", "output"),
    **dict.fromkeys(SECTIONS, ()),
    "limb": ("limbs",),
    "others": ("other",),
    "label": ("behaviour", "behavior"),
    "score": ("confidence",),
    "model": (),
}
_NAMES = {alias: name for name, aliases in ALIASES.items() for alias in (name, *aliases)}
#: What the answers of MouseGPT look like.
_MOUSEGPT = AnswerSchema(fields=tuple(AnswerField(name=name.capitalize()) for name in SECTIONS))
_WHOLE = re.compile(r"\d{1,12}(\.0+)?", re.ASCII)
_ROW = (
    "recording; start_s and stop_s, start_frame and stop_frame, or frame; sections, text or label"
)


@dataclass(frozen=True)
class Place:
    """Where a row stands."""

    file: Path
    place: str

    def refuse(self, message: str, *, expected: str = "", found: str = "", hint: str) -> NoReturn:
        """Say what is wrong with it.

        Raises
        ------
        FormatError
            Always.
        """
        raise FormatError(
            message, file=self.file, place=self.place, expected=expected, found=found, hint=hint
        )


@dataclass(frozen=True)
class ForeignRow:
    """What somebody says of a clip; None = not said.

    Attributes
    ----------
    place : Place
        Where it stands.
    recording, individual, clip_id, clock_view, model : str, optional
        As they are written.
    start_s, stop_s : float, optional
        Seconds on the recording's clock.
    start_frame, stop_frame, frame : int, optional
        Frames; `frame` alone is a single frame.
    said : dict of str to str
        Sections and label.
    score : float
        nan = not said.
    """

    place: Place
    recording: str | None = None
    individual: str | None = None
    clip_id: str | None = None
    clock_view: str | None = None
    model: str | None = None
    start_s: float | None = None
    stop_s: float | None = None
    start_frame: int | None = None
    stop_frame: int | None = None
    frame: int | None = None
    said: dict[str, str] = field(default_factory=dict)
    score: float = math.nan


def read_row(values: Mapping[str, Any], place: Place) -> ForeignRow:
    """One row by its columns.

    Parameters
    ----------
    values : mapping
        Column to value: texts of a table, or values of JSON. Columns that are not known are
        passed over.
    place : Place
        For messages.

    Raises
    ------
    FormatError
        Names file, line, what was expected and what was found.
    """
    known = _known(values, place)
    said = _said(known, place)
    row = ForeignRow(
        place,
        **{name: _text(known[name], name, place) for name in
           ("recording", "individual", "clip_id", "clock_view", "model") if name in known},
        start_s=_number(known, "start_s", place),
        stop_s=_number(known, "stop_s", place),
        start_frame=_whole(known, "start_frame", place),
        stop_frame=_whole(known, "stop_frame", place),
        frame=_whole(known, "frame", place),
        said=said,
        score=_score(known, place),
    )  # fmt: skip
    _check_span(row)
    return row


def _known(values: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """Values by the names of `ALIASES`; a column's own name counts before any other."""
    named = [(re.sub(r"[\s-]+", "_", str(key).strip()).casefold(), values[key]) for key in values]
    own = {key for key, value in named if key in ALIASES and value is not None}
    found: dict[str, Any] = {}
    for key, value in named:
        name = _NAMES.get(key)
        if name is None or value is None or (name in own and key != name):
            continue
        if name in found and found[name] != value:
            place.refuse(
                f"two columns say {name!r}", found=f"{found[name]!r} and {value!r}",
                hint="rename one of them",
            )  # fmt: skip
        found[name] = value
    return found


def _said(known: Mapping[str, Any], place: Place) -> dict[str, str]:
    """Sections and label; a text that is JSON is taken apart."""
    said = {name: _text(known[name], name, place) for name in SECTIONS if name in known}
    text = known.get("text")
    if isinstance(text, str) and "{" in text:
        text = read_strictly(text) or extract(text, _MOUSEGPT) or _not_json(text, place)
    if isinstance(text, Mapping):
        inner = _known(text, place)
        found = {name: _text(inner[name], name, place) for name in SECTIONS if name in inner}
        if "label" in inner:
            said["label"] = _text(inner["label"], "label", place)
        if not found and "label" not in inner:
            place.refuse(
                "the description has none of the keys that are known",
                expected=", ".join(name.capitalize() for name in SECTIONS),
                found=", ".join(map(str, text)) or "nothing",
                hint="rename its keys, or give a plain text",
            )
        said = {**found, **{name: one for name, one in said.items() if one}}
    elif text is not None and not said.get("overall"):
        said["overall"] = _text(text, "text", place)
    if "label" in known:
        said["label"] = _text(known["label"], "label", place)
    if not any(one.strip() for one in said.values()):
        place.refuse(
            "the row says nothing", expected=_ROW, found=", ".join(known) or "no known column",
            hint="name the columns so, or delete the row",
        )  # fmt: skip
    return said


def _not_json(text: str, place: Place) -> NoReturn:
    place.refuse(
        "the description is neither JSON nor a plain text",
        expected="an object with " + ", ".join(name.capitalize() for name in SECTIONS),
        found=text[:60], hint="mend it, or take its braces out",
    )  # fmt: skip


def _text(value: Any, name: str, place: Place) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = ", ".join(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        place.refuse(
            f"{name!r} is no text", expected="a text",
            found=json.dumps(value, default=str)[:60], hint="correct that value",
        )  # fmt: skip
    text = str(value).strip()
    try:
        text.encode()
    except UnicodeEncodeError:
        place.refuse(
            f"{name!r} has a half of a character in it", expected="a text",
            found=ascii(text)[:60], hint="correct that value",
        )  # fmt: skip
    return text


def _number(known: Mapping[str, Any], name: str, place: Place) -> float | None:
    value = known.get(name)
    if value is None or value == "":
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        place.refuse(
            f"{name!r} is no number", expected="a number", found=repr(value)[:60],
            hint="correct that value",
        )  # fmt: skip
    return number


def _score(known: Mapping[str, Any], place: Place) -> float:
    if str(known.get("score", "")).strip().casefold() in ("", "nan"):
        return math.nan
    return _number(known, "score", place) or 0.0


def _whole(known: Mapping[str, Any], name: str, place: Place) -> int | None:
    value = known.get(name)
    if value is None or value == "":
        return None
    text = str(value).strip()
    if isinstance(value, bool) or not _WHOLE.fullmatch(text):
        place.refuse(
            f"{name!r} is no number of a frame", expected="a whole number from 0",
            found=repr(value)[:60], hint="correct that value",
        )  # fmt: skip
    return int(text.partition(".")[0])


def _check_span(row: ForeignRow) -> None:
    for start, stop, unit in (
        (row.start_s, row.stop_s, "s"),
        (row.start_frame, row.stop_frame, "frame"),
    ):
        if (start is None) != (stop is None):
            row.place.refuse(
                f"only one of start_{unit} and stop_{unit}", expected="both",
                found=f"{start if stop is None else stop:g}",
                hint="give both; a single frame goes into the column `frame`",
            )  # fmt: skip
        if start is not None and stop is not None and stop <= start:
            row.place.refuse(
                f"the clip ends before it begins (stop_{unit})", expected=f"more than {start:g}",
                found=f"{stop:g}", hint="the stop is the first moment after the clip",
            )  # fmt: skip
    if row.start_s is None and row.start_frame is None and row.frame is None:
        row.place.refuse(
            "when was that?", expected=_ROW, found="no time and no frame",
            hint="add such columns",
        )  # fmt: skip
