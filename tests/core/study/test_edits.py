"""Edits as an overlay."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mousegpt_core.clips import ANSWERS, EDITS, LABELS, make_table
from mousegpt_core.errors import DataError
from mousegpt_core.study import apply_edits, descriptions


def edits(*changes: tuple[str, str, str], kind: str = "description") -> pd.DataFrame:
    targets, fields, new = (list(part) for part in zip(*changes, strict=True)) if changes else (
        [], [], []
    )  # fmt: skip
    return make_table(
        EDITS,
        {
            "edit_id": [f"e{n}" for n in range(len(changes))],
            "target_kind": kind,
            "target_id": targets,
            "field": fields,
            "new": new,
        },
        length=len(changes),
    )


def answers() -> pd.DataFrame:
    return make_table(
        ANSWERS,
        {
            "answer_id": ["a1", "a2", "a3", "a4"],
            "clip_id": ["c1", "c2", "c1", "c2"],
            "describer": ["kinematic", "kinematic", "model", "model"],
            "status": ["described", "described", "described", "failed"],
            "overall": ["one", "two", "three", ""],
            "score": [0.1, 0.2, 0.3, np.nan],
        },
    )


def test_the_newest_answer_is_chosen() -> None:
    view = descriptions(answers(), edits())
    assert view["clip_id"].tolist() == ["c1", "c2"]
    assert view["overall"].tolist() == ["three", "two"]
    assert view["score"].tolist() == [0.3, 0.2]
    assert not view["edited"].any()


def test_the_newest_edit_wins() -> None:
    view = descriptions(answers(), edits(("c1", "overall", "mine"), ("c1", "overall", "better")))
    assert view["overall"].tolist() == ["better", "two"]
    assert view["edited"].tolist() == [True, False]


def test_an_answer_can_be_chosen() -> None:
    view = descriptions(answers(), edits(("c1", "answer_id", "a1")))
    assert view["answer_id"].tolist() == ["a1", "a2"]
    assert view["overall"].tolist() == ["one", "two"]


def test_one_describer() -> None:
    view = descriptions(answers(), edits(), describer="kinematic")
    assert view["answer_id"].tolist() == ["a1", "a2"]


def test_a_clip_described_only_by_hand() -> None:
    view = descriptions(answers(), edits(("c9", "overall", "mine")))
    row = view.set_index("clip_id").loc["c9"]
    assert row["overall"] == "mine"
    assert row["answer_id"] == ""


def test_without_answers() -> None:
    view = descriptions(make_table(ANSWERS, {}, length=0), edits())
    assert view.empty
    assert "keywords" in view.columns


def test_numbers_are_parsed() -> None:
    labels = make_table(LABELS, {"clip_id": ["c1", "c2"], "score": [0.5, 0.5]})
    changed = apply_edits(labels, edits(("c2", "score", "0.75"), kind="label"), "label", "clip_id")
    assert changed["score"].tolist() == [0.5, 0.75]
    assert labels["score"].tolist() == [0.5, 0.5]
    with pytest.raises(DataError, match="a number"):
        apply_edits(labels, edits(("c2", "score", "much"), kind="label"), "label", "clip_id")


def test_unknown_field() -> None:
    with pytest.raises(DataError, match="colour"):
        descriptions(answers(), edits(("c1", "colour", "red")))


def test_other_kinds_and_rows_are_passed_over() -> None:
    table = answers()
    changed = apply_edits(table, edits(("a1", "overall", "x"), kind="bout"), "answer", "answer_id")
    pd.testing.assert_frame_equal(changed, table)
    changed = apply_edits(
        table, edits(("zz", "overall", "x"), kind="answer"), "answer", "answer_id"
    )
    pd.testing.assert_frame_equal(changed, table)


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["a1", "a2", "a3", "zz"]), st.sampled_from(["overall", "label"]), st.text()
    ),
    max_size=12,
)


@settings(max_examples=50, deadline=None)
@given(CHANGES)
def test_any_edits(changes: list[tuple[str, str, str]]) -> None:
    original = answers()
    changed = apply_edits(original, edits(*changes, kind="answer"), "answer", "answer_id")
    expected = original.set_index("answer_id")
    for target, field, new in changes:
        if target in expected.index:
            expected.loc[target, field] = new
    pd.testing.assert_frame_equal(changed.set_index("answer_id"), expected)
    pd.testing.assert_frame_equal(original, answers())
