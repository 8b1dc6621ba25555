"""Judgements of descriptions: scores that follow from what was found, thresholds, protocols."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mousegpt_core.describe.clip_quantities import column
from mousegpt_core.describe.judge_protocol import list_judges, load_judge
from mousegpt_core.describe.judging import CurationSettings, judge_by_kinematics, why_dropped
from mousegpt_core.errors import SettingsError
from mousegpt_core.language import Message, Picture, Request

STILL = {column("speed", each): 0.0 for each in ("mean", "least", "most")}


def test_what_nothing_speaks_against_gets_all() -> None:
    said = {"overall": "The mouse stands still.", "keywords": "stationary"}
    judged, checked = judge_by_kinematics(said, "", STILL, required=("overall", "keywords"))
    assert (judged.accuracy, judged.coherence, judged.relevance) == (10, 10, 10)
    assert (judged.contradictions, judged.reason) == (0, "")
    assert checked.checkable == 2


def test_what_is_false_is_not_accurate_and_says_why() -> None:
    said = {"overall": "The mouse runs.", "keywords": ""}
    judged, _ = judge_by_kinematics(said, "freezing", STILL, required=("overall", "keywords"))
    assert judged.accuracy < 4
    assert judged.coherence < 5
    assert judged.relevance == 5
    assert judged.contradictions == 1
    assert "speed is 0 cm/s" in judged.reason
    assert "nothing is said of: keywords" in judged.reason


def test_what_cannot_be_checked_is_not_known() -> None:
    said = {"overall": "The mouse looks content."}
    judged, _ = judge_by_kinematics(said, "", STILL, required=("overall",))
    assert np.isnan([judged.accuracy, judged.coherence, judged.contradictions]).all()
    assert judged.relevance == 10


def scores(**columns: float) -> pd.DataFrame:
    known = dict.fromkeys(("accuracy", "coherence", "relevance", "contradictions", "confidence"))
    return pd.DataFrame([{**known, "edited": False, **columns}]).astype({"accuracy": float})


@pytest.mark.parametrize(
    ("found", "limits", "reason"),
    [
        ({"accuracy": 5.0}, {"accuracy": 6}, "accuracy 5 is under 6"),
        ({"accuracy": 6.0}, {"accuracy": 6}, ""),
        ({"accuracy": np.nan}, {"accuracy": 6}, ""),
        ({"accuracy": 5.0}, {}, ""),
        ({"contradictions": 0.9}, {"contradictions": 0.8}, "contradictions 0.9 is over 0.8"),
        ({"accuracy": 1.0, "edited": True}, {"accuracy": 6}, ""),
    ],
)
def test_thresholds(found: dict[str, float], limits: dict[str, float], reason: str) -> None:
    assert why_dropped(scores(**found), CurationSettings.parse(limits)) == [reason]


@pytest.mark.parametrize("wrong", [{"accuracy": 11}, {"contradictions": 2}, {"acuracy": 1}])
def test_thresholds_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        CurationSettings.parse(wrong)


def test_a_judge_sees_the_pictures_and_what_was_said_not_the_first_question() -> None:
    picture = Picture("frame 3", lambda: b"")
    asked = Request(
        (
            Message("system", ("Describe.",)),
            Message("user", ("Speeds: 3.", picture, "Describe it.")),
        )
    )
    request = load_judge("default").request(
        asked, {"overall": "It walks.", "label": "", "head": ""}
    )
    *shown, question = request.messages[-1].parts
    assert shown == ["Speeds: 3.", picture]
    assert json.loads(str(question).split("of it:")[1].split("Score")[0]) == {
        "overall": "It walks."
    }
    assert request.schema is not None
    assert list(request.schema.json_schema()["properties"]) == [
        "accuracy", "coherence", "relevance", "reason",
    ]  # fmt: skip


def test_a_study_may_have_its_own_judge(tmp_path: Path) -> None:
    text = list_judges()["default"].read_text().replace("pictures = true", "pictures = false")
    (tmp_path / "judges").mkdir()
    (tmp_path / "judges" / "blind.toml").write_text(text)
    blind = load_judge("blind", tmp_path)
    assert not blind.pictures
    assert blind.hash != load_judge("default").hash
    asked = Request((Message("user", (Picture("x", lambda: b""), "Describe it.")),))
    assert len(blind.request(asked, {"overall": "It walks."}).messages[-1].parts) == 1


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("{answer}", "it", "{answer}"),
        ("relevance =", "elegance =", "criteria must be"),
        ("pictures =", "picture =", "no such key"),
    ],
)
def test_judges_that_cannot_be_are_refused(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    text = list_judges()["default"].read_text().replace(before, after)
    (tmp_path / "odd.toml").write_text(text)
    with pytest.raises(SettingsError, match=message):
        load_judge(str(tmp_path / "odd.toml"))
    with pytest.raises(SettingsError, match="no judge"):
        load_judge("nobody")
