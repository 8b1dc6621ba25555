"""Answers that fit their schema, and those that do not."""

from __future__ import annotations

import pytest

from mousegpt_core.errors import InvalidResponseError, SettingsError
from mousegpt_core.language import AnswerSchema, Message, Picture, Request, Sampling

SCHEMA = AnswerSchema.parse(
    {
        "fields": [
            {"name": "label", "kind": "choice", "choices": ["freezing", "moving"]},
            {"name": "why", "description": "what the body shows"},
            {"name": "sure", "kind": "number", "minimum": 0, "maximum": 1},
            {"name": "keywords", "kind": "list"},
        ]
    }
)
GOOD = {"label": "freezing", "why": " still ", "sure": 1, "keywords": ["still "]}


def test_a_closed_json_schema_is_written() -> None:
    schema = SCHEMA.json_schema()
    assert schema["required"] == ["label", "why", "sure", "keywords"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["label"] == {"type": "string", "enum": ["freezing", "moving"]}
    assert schema["properties"]["why"]["description"] == "what the body shows"
    assert schema["properties"]["sure"] == {"type": "number", "minimum": 0, "maximum": 1}


def test_what_fits_is_taken_and_tidied() -> None:
    found = SCHEMA.checked({**GOOD, "more": "left out"})
    assert found == {"label": "freezing", "why": "still", "sure": 1.0, "keywords": ["still"]}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"label": "running"}, "freezing, moving"),
        ({"why": 3}, "a text"),
        ({"sure": 2}, "from 0 to 1"),
        ({"sure": True}, "a number"),
        ({"sure": float("nan")}, "from 0 to 1"),
        ({"keywords": "still"}, "a list"),
        ({"keywords": [1]}, "a list"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidResponseError, match=named):
        SCHEMA.checked({**GOOD, **change})


def test_missing_keys_are_named() -> None:
    with pytest.raises(InvalidResponseError, match="why, keywords"):
        SCHEMA.checked({"label": "freezing", "sure": 0.5})


@pytest.mark.parametrize(
    "field",
    [
        {"name": "a", "kind": "choice"},
        {"name": "a", "choices": ["b"]},
        {"name": "a", "minimum": 0},
        {"name": "a", "colour": "red"},
    ],
)
def test_impossible_fields_are_refused(field: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        AnswerSchema.parse({"fields": [field]})


def test_a_request_is_known_by_what_it_shows_and_asks() -> None:
    def request(shows: str, said: str = "What does it do?", seed: int = 0) -> Request:
        def load() -> bytes:
            raise AssertionError("nothing is made to find the key")

        message = Message("user", (said, Picture(shows, load)))
        return Request((message,), SCHEMA, Sampling(seed=seed))

    key = request("film 1, frame 3").key("model")
    assert key == request("film 1, frame 3").key("model")
    others = {
        request("film 1, frame 4").key("model"),
        request("film 1, frame 3").key("other model"),
        request("film 1, frame 3", "What?").key("model"),
        request("film 1, frame 3", seed=1).key("model"),
    }
    assert len(others | {key}) == 5
