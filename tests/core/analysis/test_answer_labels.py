"""Labels from what a model said: named, meant, unclear, unsure, or not said at all."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from mousegpt_core.analysis.answer_labels import label_bouts, label_table, labels_of_answers
from mousegpt_core.analysis.label_scheme import LabelScheme
from mousegpt_core.analysis.label_words import UNKNOWN
from mousegpt_core.clips import ANSWERS, CLIPS, make_table
from mousegpt_core.describe.rules import load_rules

SCHEME = LabelScheme.parse(
    {
        "moving": {"definition": "it walks or runs"},
        "rearing": {"definition": "stands on its hind legs"},
        "grooming": {"definition": "it cleans itself"},
    }
)


def clips(count: int) -> pd.DataFrame:
    starts = [float(n) for n in range(count)]
    columns = {
        "clip_id": [f"m@{n}" for n in range(count)],
        "recording": "m",
        "individuals": "a",
        "start_s": starts,
        "stop_s": [start + 1.0 for start in starts],
    }
    return make_table(CLIPS, columns, length=count)


def said(*answers: dict[str, object], sure: float = 0.0) -> pd.DataFrame:
    """What comes of answers to the first clips; one more was not asked about."""
    rows = [{"clip_id": f"m@{n}", "answer_id": f"{n}", **a} for n, a in enumerate(answers)]
    table = pd.concat([make_table(ANSWERS, row, length=1) for row in rows], ignore_index=True)
    return labels_of_answers(clips(len(answers) + 1), table, SCHEME, load_rules(), sure=sure)


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ({"label": "Rearing"}, "rearing"),
        ({"label": "self-grooming"}, "grooming"),
        ({"overall": "The mouse walks along the wall.", "keywords": "walking"}, "moving"),
        ({"overall": "It is standing on its hind legs."}, "rearing"),
        ({"overall": "It sits there."}, ""),
    ],
)
def test_what_an_answer_means(answer: dict[str, object], label: str) -> None:
    found = said({"status": "described", **answer})
    assert found["label"].tolist() == [label, ""]
    assert found["status"].tolist() == ["labelled" if label else "unclear", "not asked"]


def test_every_clip_ends_somehow_and_none_is_dropped() -> None:
    found = said(
        {"status": "described", "label": "moving", "score": 0.9},
        {"status": "described", "label": "moving", "score": 0.3},
        {"status": "invalid", "reason": "no JSON"},
        {"status": "failed", "reason": "the server is gone"},
        {"status": "described", "label": "grooming"},
        sure=0.5,
    )
    ends = ["labelled", "abstained", "invalid", "failed", "labelled", "not asked"]
    assert found["status"].tolist() == ends
    assert found["reason"].tolist()[2:4] == ["no JSON", "the server is gone"]
    table = label_table(found, SCHEME, "openai")
    expected = ["moving", UNKNOWN, UNKNOWN, UNKNOWN, "grooming"]
    assert table["behaviour_id"].tolist() == expected
    bouts = label_bouts(clips(6), found, "openai")
    assert bouts["behaviour_id"].tolist() == ["moving", UNKNOWN, "grooming"]
    assert bouts["stop_s"].tolist() == [1.0, 4.0, 5.0]
    assert math.isnan(table["score"].iloc[-1])
