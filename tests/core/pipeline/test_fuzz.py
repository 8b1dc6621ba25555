"""Whatever is in a file of poses, adding and running ends in a report or in words."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mousegpt_core.errors import MouseGPTError
from mousegpt_core.pipeline import NewRecording, Work, add_recording, run_study
from mousegpt_core.study import Study

FPS = 20.0
FRAMES = 80
NAMES = ("nose", "ear_left", "ear_right", "centre", "tail_base")
NUMBERS = (
    "",
    "nan",
    "inf",
    "-inf",
    "0",
    "-1",
    "1e39",
    "-1e300",
    "1e-300",
    "1e6",
    "-0",
    " 7 ",
    "200",
)
WORDS = ("None", "x", '"', "1,5", "é", "\0", "9" * 400, "0x10", "=1+1")
#: Numbers more often: most words end in the reader.
CELLS = NUMBERS * 4 + WORDS


def _coordinates() -> np.ndarray:
    """A mouse that walks, stops and turns; shape (frame, keypoint, 2)."""
    time = np.arange(FRAMES) / FPS
    angle = np.cumsum(np.where(time > 2, 0.05, 0.0))
    centre = np.stack([200 + 40 * np.minimum(time, 2), 200 + 10 * np.sin(time)], axis=-1)
    ahead = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    side = np.stack([-np.sin(angle), np.cos(angle)], axis=-1)
    places = ((30, 0), (22, 6), (22, -6), (0, 0), (-30, 0))
    return np.stack([centre + a * ahead + b * side for a, b in places], axis=1)


def _rows() -> list[list[str]]:
    return [
        [str(frame), *(f"{value:.2f}" for x, y in points for value in (x, y, 0.95))]
        for frame, points in enumerate(_coordinates())
    ]


def wide() -> list[list[str]]:
    """As ``name_x, name_y, name_likelihood``."""
    columns = [f"{name}_{part}" for name in NAMES for part in ("x", "y", "likelihood")]
    return [["frame", *columns], *_rows()]


def deeplabcut() -> list[list[str]]:
    """With DeepLabCut's three rows of header."""
    parts = [name for name in NAMES for _ in range(3)]
    return [
        ["scorer", *["net"] * len(parts)],
        ["bodyparts", *parts],
        ["coords", *["x", "y", "likelihood"] * len(NAMES)],
        *_rows(),
    ]


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """A table of poses with one to four things wrong."""
    table = draw(st.sampled_from((wide, deeplabcut)))()
    for _ in range(draw(st.integers(1, 4))):
        draw(st.sampled_from(DAMAGES))(draw, table)
    text = "\n".join(",".join(row) for row in table) + "\n"
    content = text.encode("utf-8", "surrogatepass")
    whole = (_as_it_is,) * 7
    return draw(st.sampled_from((*whole, _cut, _flipped, _other_delimiter)))(draw, content)


def _row(draw: st.DrawFn, table: list[list[str]]) -> int:
    return draw(st.integers(0, len(table) - 1))


def _cell(draw: st.DrawFn, table: list[list[str]]) -> None:
    row = table[_row(draw, table)]
    if row:
        row[draw(st.integers(0, len(row) - 1))] = draw(st.sampled_from(CELLS))


def _stretch(draw: st.DrawFn, table: list[list[str]]) -> None:
    """The same nonsense in a column for a while, as a lost keypoint gives."""
    first, column, value = _row(draw, table), draw(st.integers(0, 15)), draw(st.sampled_from(CELLS))
    for row in table[first : first + draw(st.integers(1, FRAMES))]:
        if column < len(row):
            row[column] = value


def _factor(draw: st.DrawFn, table: list[list[str]]) -> None:
    factor, column = draw(st.sampled_from((0.0, -1.0, 1e-6, 1e6, 1e30))), draw(st.integers(1, 15))
    for row in table[3:]:
        if column < len(row) and row[column].replace(".", "").isdigit():
            row[column] = repr(float(row[column]) * factor)


def _twice(draw: st.DrawFn, table: list[list[str]]) -> None:
    at = _row(draw, table)
    table.insert(at, list(table[at]))


def _exchanged(draw: st.DrawFn, table: list[list[str]]) -> None:
    one, other = _row(draw, table), _row(draw, table)
    table[one], table[other] = table[other], table[one]


def _without_rows(draw: st.DrawFn, table: list[list[str]]) -> None:
    first = _row(draw, table)
    del table[max(first, 1) : first + draw(st.integers(1, FRAMES))]


def _without_column(draw: st.DrawFn, table: list[list[str]]) -> None:
    column = draw(st.integers(0, 15))
    for row in table:
        del row[column : column + 1]


def _longer_row(draw: st.DrawFn, table: list[list[str]]) -> None:
    table[_row(draw, table)] += ["1"] * draw(st.integers(1, 3))


DAMAGES: tuple[Callable[[st.DrawFn, list[list[str]]], None], ...] = (
    *(_cell, _stretch, _factor) * 3, _twice, _exchanged, _without_rows, _without_column,
    _longer_row,
)  # fmt: skip


def _as_it_is(draw: st.DrawFn, content: bytes) -> bytes:
    return content


def _cut(draw: st.DrawFn, content: bytes) -> bytes:
    return content[: draw(st.integers(0, len(content)))]


def _flipped(draw: st.DrawFn, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(draw(st.integers(1, 5))):
        changed[draw(st.integers(0, len(changed) - 1))] = draw(st.integers(0, 255))
    return bytes(changed)


def _other_delimiter(draw: st.DrawFn, content: bytes) -> bytes:
    return content.replace(b",", draw(st.sampled_from((b";", b"\t", b" ", b",,"))))


def add_and_run(content: bytes) -> str:
    """How it ended: ``"report"`` or the kind of error."""
    with tempfile.TemporaryDirectory() as place:
        poses = Path(place, "poses.csv")
        poses.write_bytes(content)
        study = Study.create(Path(place, "study"))
        refused = _refusal(
            lambda: add_recording(study, NewRecording("m", poses=[(None, poses)], fps=FPS))
        )
        if refused is not None:
            assert "poses.csv" in refused.message
            assert not study.recordings
        else:
            refused = _refusal(lambda: run_study(Work(study)))
        if refused is not None:
            assert refused.hint
            return type(refused).__name__
        assert (study.folder / "results" / "report.html").is_file()
        return "report"


def _refusal(act: Callable[[], object]) -> MouseGPTError | None:
    try:
        act()
    except MouseGPTError as error:
        return error
    return None


@pytest.mark.parametrize("table", [wide, deeplabcut])
def test_the_undamaged_table_runs(table: Callable[[], list[list[str]]]) -> None:
    text = "\n".join(",".join(row) for row in table()) + "\n"
    assert add_and_run(text.encode()) == "report"


QUIET = {
    "deadline": timedelta(seconds=60),
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
    "derandomize": True,
    "database": None,
}


@settings(max_examples=30, **QUIET)
@given(tables())
def test_damaged_tables_end_in_a_report_or_in_words(content: bytes) -> None:
    add_and_run(content)


@pytest.mark.slow
@settings(max_examples=200, **{**QUIET, "derandomize": False})
@given(tables())
def test_many_damaged_tables_end_in_a_report_or_in_words(content: bytes) -> None:
    add_and_run(content)
