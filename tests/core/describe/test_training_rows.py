"""Rows that models are trained on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mousegpt_core.clips import SECTIONS
from mousegpt_core.describe.protocol import load_protocol
from mousegpt_core.describe.training_rows import (
    TrainingRow,
    answer_text,
    hub_schema,
    is_said,
    swift_row,
)
from mousegpt_core.errors import InvalidResponseError
from mousegpt_core.language import Message, Picture, Request

SAID: dict[str, Any] = {
    **{name: f"of {name}" for name in SECTIONS},
    "keywords": "walking, slow",
    "label": "freezing",
    "score": float("nan"),
}


@pytest.mark.parametrize("name", ["mousegpt", "clip-caption", "fear"])
def test_an_answer_reads_back_as_what_was_said(name: str) -> None:
    form = load_protocol(name).answer
    values = json.loads(answer_text(form, SAID))
    assert list(values) == [field.name for field in form.fields]
    answer = form.to_answer("clip", form.answer_schema.checked(values))
    assert answer.label == ("freezing" if name == "fear" else "")
    for field in form.fields:
        if field.means in SECTIONS:
            assert answer.sections[field.means] == SAID[field.means]


def test_another_label_is_no_answer() -> None:
    form = load_protocol("fear").answer
    with pytest.raises(InvalidResponseError, match="one of"):
        answer_text(form, {**SAID, "label": "juggling"})
    assert not is_said({**SAID, "label": " "}, form)


def test_marks_stand_where_pictures_stand() -> None:
    one, two = Picture("one", bytes), Picture("two", bytes)
    request = Request(
        (
            Message("system", ("Describe.",)),
            Message("user", (one, two, "Never say <image>.", "What is it?")),
        )
    )
    row = swift_row(TrainingRow(request, '{"Overall": "ü"}', {}), ["a.jpg", "b.jpg"])
    assert row["images"] == ["a.jpg", "b.jpg"]
    assert [each["role"] for each in row["messages"]] == ["system", "user", "assistant"]
    asked = row["messages"][1]["content"]
    assert asked.startswith("<image>\n<image>\n")
    assert asked.count("<image>") == 2
    assert row["messages"][2]["content"] == '{"Overall": "ü"}'


def test_the_hubs_columns_tell_of_their_pictures() -> None:
    schema = hub_schema()
    told = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert list(told) == schema.names
    assert told["images"] == {"feature": {"_type": "Image"}, "_type": "Sequence"}
