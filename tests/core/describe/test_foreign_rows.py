"""Rows of others' descriptions."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousegpt_core.clips import SECTIONS
from mousegpt_core.describe.foreign_rows import ForeignRow, Place, read_row
from mousegpt_core.errors import FormatError

PLACE = Place(Path("them.csv"), "line 7")


def read(**values: Any) -> ForeignRow:
    return read_row({"frame": 3, **values}, PLACE)


def test_columns_by_other_names() -> None:
    row = read_row(
        {"Video": "M1.mp4", "Mouse": "M1", "Start": "1.5", "End": "2", "Behaviour": "walks"}, PLACE
    )
    assert (row.recording, row.individual, row.start_s, row.stop_s) == ("M1.mp4", "M1", 1.5, 2.0)
    assert row.said == {"label": "walks"}
    assert math.isnan(row.score)


ANSWER = {"Overall": "It walks.", "Head": "Level.", "Limb": "", "Keywords": ["walking", "slow"]}


@pytest.mark.parametrize(
    "text",
    [ANSWER, json.dumps(ANSWER)],
    ids=["object", "text"],
)
def test_mousegpts_rows(text: Any) -> None:
    row = read_row({"frame_id": "0012", "response": text}, PLACE)
    assert row.frame == 12
    assert row.said["overall"] == "It walks."
    assert row.said["keywords"] == "walking, slow"


def test_json_as_models_write_it() -> None:
    text = (
        "Here it is:\n```json\n{'Overall': 'It walks.', 'Head': 'Level.', 'Limb': 'Step.', "
        "'Torso': 'Long.', 'Others': '', 'Keywords': 'walking',}\n```"
    )
    assert read(description=text).said["torso"] == "Long."


def test_plain_text_is_the_overall() -> None:
    assert read(caption=" It sniffs. ").said == {"overall": "It sniffs."}


@given(st.dictionaries(st.sampled_from(SECTIONS), st.text(min_size=1).map(str.strip), min_size=1))
def test_sections_come_as_they_are(said: dict[str, str]) -> None:
    if not any(said.values()) or any(_is_half(text) for text in said.values()):
        return
    assert read(**said).said == said


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30).map(str.strip)


@given(
    st.fixed_dictionaries(dict.fromkeys((*SECTIONS, "label", "model"), TEXT)),
    st.none() | st.floats(0, 1),
    st.floats(0, 1e6),
    st.integers(0, 10**9),
    st.booleans(),
)
def test_rows_of_ours_come_back(
    said: dict[str, str], score: float | None, start: float, frame: int, as_csv: bool
) -> None:
    values: dict[str, Any] = {
        "recording": "M1", "individual": "", "clip_view": "", **said, "score": score,
        "start_s": start, "stop_s": start + 0.2, "start_frame": frame, "stop_frame": frame + 6,
        "edited": True, "speeds": [{"region": "head", "cm_s": 1.0}],
    }  # fmt: skip
    if as_csv:
        stream = io.StringIO(newline="")
        writer = csv.DictWriter(stream, list(values))
        writer.writeheader()
        writer.writerow(values)
        (values,) = csv.DictReader(io.StringIO(stream.getvalue(), newline=""))
    else:
        values = json.loads(json.dumps(values))
    expected = {name: text for name, text in said.items() if name != "model"}
    if not any(expected.values()):
        with pytest.raises(FormatError, match="says nothing"):
            read_row(values, PLACE)
        return
    row = read_row(values, PLACE)
    assert {name: text for name, text in row.said.items() if text} == {
        name: text for name, text in expected.items() if text
    }
    assert (row.start_s, row.start_frame, row.stop_frame) == (start, frame, frame + 6)
    assert row.score == score or (score is None and math.isnan(row.score))
    assert row.model == said["model"]


def _is_half(text: str) -> bool:
    return any(0xD800 <= ord(letter) < 0xE000 for letter in text)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "says nothing"),
        ({"overall": " "}, "says nothing"),
        ({"overall": "x", "frame": "1.5"}, "no number of a frame"),
        ({"overall": "x", "frame": -1}, "no number of a frame"),
        ({"overall": "x", "frame": True}, "no number of a frame"),
        ({"overall": "x", "frame": "9" * 400}, "no number of a frame"),
        ({"overall": "x", "frame": None}, "when was that"),
        ({"overall": "x", "start_s": "soon", "stop_s": 2}, "no number"),
        ({"overall": "x", "start_s": "nan", "stop_s": 2}, "no number"),
        ({"overall": "x", "start_s": 2, "stop_s": 1}, "before it begins"),
        ({"overall": "x", "start_s": 2}, "only one of"),
        ({"overall": {"a": 1}}, "no text"),
        ({"text": '{"Mood": "happy"}'}, "none of the keys"),
        ({"text": "{broken"}, "neither JSON nor"),
        ({"overall": "x", "Overall": "y"}, "two columns"),
        ({"overall": "\ud800"}, "half of a character"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(values: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        read(**values)
    assert str(caught.value).startswith("them.csv, line 7: ")
    assert caught.value.hint


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.dictionaries(
        st.sampled_from(["frame", "start_s", "stop_s", "text", "overall", "label", "score", "x"]),
        JSON,
    )
)
def test_any_row_is_read_or_refused(values: dict[str, Any]) -> None:
    try:
        row = read_row(values, PLACE)
    except FormatError:
        return
    assert any(row.said.values())
