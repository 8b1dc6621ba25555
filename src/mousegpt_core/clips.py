"""Clips and the tables in which all parts of the project meet.

A table is a pandas DataFrame with exactly the columns of its `TableSchema`, in that order.
Times are seconds on the recording's clock and half-open (``start_s <= t < stop_s``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mousegpt_core.errors import REPORT_IT, DataError


@dataclass(frozen=True)
class TableSchema:
    """Columns of a table.

    Attributes
    ----------
    name : str
        Name of the table.
    columns : Mapping of str to str
        Column name to dtype: ``"str"``, ``"float"``, ``"int"``.
    key : tuple of str
        Columns that together are unique.
    """

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]


CLIPS = TableSchema(
    "clips",
    {
        "clip_id": "str",
        "recording": "str",
        "individuals": "str",
        "start_s": "float",
        "stop_s": "float",
        "clock_view": "str",
        "start_frame": "int",
        "stop_frame": "int",
        "parent_id": "str",
    },
    ("clip_id",),
)
SECTIONS = ("overall", "head", "limb", "torso", "others", "keywords")
ANSWERS = TableSchema(
    "answers",
    {
        "answer_id": "str",
        "clip_id": "str",
        "request_key": "str",
        "attempt": "int",
        "run_id": "str",
        "describer": "str",
        "protocol": "str",
        "protocol_hash": "str",
        "model": "str",
        "seed": "int",
        "views": "str",
        "context_clip_ids": "str",
        "status": "str",
        "reason": "str",
        "raw": "str",
        **dict.fromkeys(SECTIONS, "str"),
        "label": "str",
        "score": "float",
        "tokens_in": "int",
        "tokens_out": "int",
        "cost": "float",
        "created": "str",
    },
    ("answer_id",),
)
EDITS = TableSchema(
    "edits",
    dict.fromkeys(
        ("edit_id", "target_kind", "target_id", "field", "old", "new", "who", "when"), "str"
    ),
    ("edit_id",),
)
JUDGEMENTS = TableSchema(
    "judgements",
    {
        "answer_id": "str",
        "judge": "str",
        "request_key": "str",
        "attempt": "int",
        "run_id": "str",
        "model": "str",
        "status": "str",
        "reason": "str",
        "raw": "str",
        "accuracy": "float",
        "coherence": "float",
        "relevance": "float",
        "contradictions": "float",
        "tokens_in": "int",
        "tokens_out": "int",
        "cost": "float",
        "created": "str",
    },
    ("answer_id", "judge", "request_key", "attempt"),
)
LABELS = TableSchema(
    "labels",
    {
        "scheme_id": "str",
        "clip_id": "str",
        "behaviour_id": "str",
        "score": "float",
        "source": "str",
    },
    ("scheme_id", "clip_id", "source"),
)
BOUTS = TableSchema(
    "bouts",
    {
        "recording": "str",
        "individual": "str",
        "start_s": "float",
        "stop_s": "float",
        "behaviour_id": "str",
        "source": "str",
        "score": "float",
    },
    ("recording", "individual", "start_s", "behaviour_id", "source"),
)

#: Schemes of labels and bouts that every study has, besides the user's own: the activities of the
#: ethogram, and the behaviours that are found in the descriptions.
ACTIVITIES, PROFILE = "activities", "profile"
#: Where the next frame comes later (s), the recording had paused; sooner, frames were dropped.
LONGEST_DROP_S = 1.0
#: After this many frames without one, what happened meanwhile is not known.
_BREAK_FRAMES = 2.5
_DEFAULTS = {"str": "", "float": np.nan, "int": 0}
_DTYPES = {"str": object, "float": np.float64, "int": np.int64}


def make_table(
    schema: TableSchema, columns: Mapping[str, object], *, length: int | None = None
) -> pd.DataFrame:
    """Build a table; columns that are not given get their empty value.

    Parameters
    ----------
    schema : TableSchema
        The table to build.
    columns : Mapping
        Column name to array, or to one value for all rows.
    length : int, optional
        Number of rows, needed if every column is a single value.

    Raises
    ------
    DataError
        If a column is unknown.
    """
    unknown = sorted(set(columns) - set(schema.columns))
    if unknown:
        raise DataError(
            f"table {schema.name} has no column {', '.join(unknown)}",
            hint=REPORT_IT,
        )
    if length is None:
        length = max(
            (
                len(v)
                for v in columns.values()
                if isinstance(v, np.ndarray | list | tuple | pd.Series)
            ),
            default=0,
        )
    data = {}
    for name, kind in schema.columns.items():
        value = columns.get(name, _DEFAULTS[kind])
        if isinstance(value, pd.Series):
            value = value.to_numpy()
        data[name] = pd.Series(value, index=range(length), dtype=_DTYPES[kind])
    return pd.DataFrame(data)


def validate_table(schema: TableSchema, table: pd.DataFrame) -> pd.DataFrame:
    """Check columns and key of a table and return it with columns in order and of the right type.

    Raises
    ------
    DataError
        If a column is missing or unknown, or two rows have the same key.
    """
    missing = [name for name in schema.columns if name not in table.columns]
    unknown = [name for name in table.columns if name not in schema.columns]
    if missing or unknown:
        raise DataError(
            f"table {schema.name} has the wrong columns",
            expected=", ".join(schema.columns),
            found=f"missing {missing}, unknown {unknown}",
            hint=REPORT_IT,
        )
    table = table[list(schema.columns)].reset_index(drop=True)
    for name, kind in schema.columns.items():
        if kind == "str":
            table[name] = table[name].astype(object).where(table[name].notna(), "")
        else:
            table[name] = table[name].astype(_DTYPES[kind])
    repeated = table.duplicated(list(schema.key))
    if repeated.any():
        row = table.loc[repeated, list(schema.key)].iloc[0].to_dict()
        raise DataError(
            f"table {schema.name} has two rows with the same key",
            found=str(row),
            hint=REPORT_IT,
        )
    return table


def is_break(times: np.ndarray, fps: float) -> np.ndarray:
    """Whether nothing is known between a frame and the next: more than 2.5 frames' time.

    Parameters
    ----------
    times : array of shape (time,)
        Seconds, rising.
    fps : float
        Frames per second.

    Returns
    -------
    array of shape (time - 1,)
        For each step.
    """
    return np.asarray(np.diff(times) > _BREAK_FRAMES / fps)


def frame_seconds(times: np.ndarray, fps: float) -> np.ndarray:
    """How long each frame stands for: until the next one, or one frame before a break.

    Parameters
    ----------
    times : array of shape (time,)
        Seconds, rising; need not be even.
    fps : float
        Frames per second.

    Returns
    -------
    array of shape (time,)
        Seconds.
    """
    steps = np.where(is_break(times, fps), 1.0 / fps, np.diff(times))
    return np.append(steps, 1.0 / fps)


def pauses(times: np.ndarray, fps: float) -> tuple[tuple[float, float], ...]:
    """Start and stop (s) of each break; parameters as in `is_break`."""
    before = np.flatnonzero(is_break(times, fps))
    starts, stops = times[before] + 1.0 / fps, times[before + 1]
    return tuple(zip(starts.tolist(), stops.tolist(), strict=True))


def cut_clips(
    times: np.ndarray,
    frames: np.ndarray,
    *,
    recording: str,
    individual: str = "",
    rate: float = 5.0,
    clock_view: str = "",
) -> pd.DataFrame:
    """Cut a recording into clips of equal length, as MouseGPT samples frames (5 a second).

    Parameters
    ----------
    times : array of shape (time,)
        Seconds, rising; where there are no frames there are no clips.
    frames : array of shape (time,)
        Frame numbers.
    recording, individual, clock_view : str
        Written into the table.
    rate : float
        Clips per second; at most one a frame.

    Returns
    -------
    DataFrame
        Table `CLIPS`.
    """
    step = 1.0 / rate
    tick = 1e-6
    slot = np.floor((times - times[0]) / step + tick).astype(np.int64)
    first = np.flatnonzero(np.diff(slot, prepend=-1) > 0)
    stop = np.append(first[1:], len(times))
    period = float(np.median(np.diff(times))) if len(times) > 1 else step
    start_s = times[first]
    next_s = np.append(times[first[1:]], np.inf)
    last_s = times[stop - 1]
    # The next clip follows at once, whatever frames were dropped between.
    follows = np.append(np.diff(slot[first]) == 1, False) & (next_s - last_s <= LONGEST_DROP_S)
    stop_s = np.where(follows, next_s, np.minimum(next_s, last_s + period))
    start_frame = frames[first].astype(np.int64)
    owner = f"{recording}/{individual}" if individual else recording
    return make_table(
        CLIPS,
        {
            "clip_id": [f"{owner}@{frame:08d}" for frame in start_frame],
            "recording": recording,
            "individuals": individual,
            "start_s": start_s,
            "stop_s": stop_s,
            "clock_view": clock_view,
            "start_frame": start_frame,
            "stop_frame": frames[stop - 1].astype(np.int64) + 1,
        },
        length=len(first),
    )
