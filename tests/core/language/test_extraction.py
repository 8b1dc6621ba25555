"""Answers of the kinds that models really give: taken as they are meant, or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mousegpt_core.language import AnswerSchema
from mousegpt_core.language.extraction import extract, read_strictly

SCHEMA = AnswerSchema.parse(
    {
        "fields": [
            {"name": "overall"},
            {"name": "head"},
            {"name": "label", "kind": "choice", "choices": ["freezing", "not freezing", "rearing"]},
            {"name": "score", "kind": "number", "minimum": 0, "maximum": 10},
            {"name": "keywords", "kind": "list"},
            {"name": "others"},
        ]
    }
)
Truth = dict[str, Any]
TRUTHS: list[Truth] = [
    {
        "overall": "The mouse walks along the wall.",
        "head": "Raised, nose forward.",
        "label": "not freezing",
        "score": 7.5,
        "keywords": ["walking", "exploring"],
        "others": "None.",
    },
    {
        "overall": "It doesn't move: the mouse's body is still, even its whiskers.",
        "head": "Low; the nose's tip touches the floor.",
        "label": "freezing",
        "score": 9.0,
        "keywords": ["freezing"],
        "others": "The mice's cage {a box, 40 cm} is lit [dimly].",
    },
    {
        "overall": "First it rears,\nthen it drops. Ratio 3:1, 50 %, see https://example.org/#a.",
        "head": "Up, then down",
        "label": "rearing",
        "score": 0.0,
        "keywords": ["rearing", "on its hind paws, alone", "sniffing"],
        "others": "后肢站立。La souris s'étire. 🐭",
    },
    {
        "overall": 'It does what people call "stretch attend", slowly.',
        "head": 'Tilted by about 20°; the "left" ear is hidden.',
        "label": "not freezing",
        "score": 10.0,
        "keywords": ["stretch attend", "risk assessment"],
        "others": "C:\\film\\new.avi was blurred",
    },
    {
        "overall": "Grooming // face washing, then licking of the flank /* both sides */",
        "head": "Bent down, true to its habit; null movement of the ears",
        "label": "not freezing",
        "score": 3.0,
        "keywords": [],
        "others": "",
    },
]


def _pretty(truth: Truth) -> str:
    return json.dumps(truth, indent=2, ensure_ascii=False)


def _raw_newlines(truth: Truth) -> str:
    return re.sub(r"(?<!\\)\\n", "\n", _pretty(truth))


def _wrapped_texts(truth: Truth) -> str:
    return "\n".join(
        f'{"{" if i == 0 else " "}"{key}": {json.dumps(value, ensure_ascii=False)}'
        + ("}" if i == len(truth) - 1 else ",")
        for i, (key, value) in enumerate(truth.items())
    )


def _unescaped_quotes(truth: Truth) -> str:
    return _pretty(truth).replace('\\"', '"')


def _single_quotes(truth: Truth) -> str:
    return repr(truth)


def _all_single(truth: Truth) -> str:
    """As models do it: every quote replaced, apostrophes left alone."""
    parts = []
    for key, value in truth.items():
        if isinstance(value, list):
            said = "[" + ", ".join(f"'{_escaped(item)}'" for item in value) + "]"
        else:
            said = f"'{_escaped(value)}'" if isinstance(value, str) else str(value)
        parts.append(f"'{key}': {said}")
    return "{" + ", ".join(parts) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _typographic(truth: Truth) -> str:
    return re.sub(r'(?<!\\)"((?:[^"\\]|\\.)*)"', r"“\1”", _pretty(truth))


def _bare_keys(truth: Truth) -> str:
    return re.sub(r'^  "(\w+)":', r"  \1:", _pretty(truth), flags=re.MULTILINE)


def _trailing_commas(truth: Truth) -> str:
    text = re.sub(r"\n}$", ",\n}", _pretty(truth))
    return re.sub(r'"\n  \]', '",\n  ]', text)


def _missing_commas(truth: Truth) -> str:
    return re.sub(r',\n  "(?=[a-z]+":)', '\n  "', _pretty(truth))


def _comments(truth: Truth) -> str:
    return _pretty(truth).replace(',\n  "head"', ', // what it does\n  "head"')


def _capital_keys(truth: Truth) -> str:
    return json.dumps({key.capitalize(): value for key, value in truth.items()})


def _number_as_text(truth: Truth) -> str:
    return json.dumps({**truth, "score": f"{truth['score']:g}", "label": truth["label"].upper()})


def _think(truth: Truth) -> str:
    draft = {**truth, "label": "freezing", "overall": "I think it may freeze."}
    return f"<think>Maybe {json.dumps(draft)}? No.</think>\n{json.dumps(truth)}"


KINDS: dict[str, Callable[[Truth], str]] = {
    "plain": json.dumps,
    "fenced": lambda t: f"```json\n{_pretty(t)}\n```",
    "fence without a language": lambda t: f"```\n{_pretty(t)}\n```",
    "fence not closed": lambda t: f"```json\n{_pretty(t)}",
    "chatter before": lambda t: f"Sure! Here is the description you asked for:\n\n{_pretty(t)}",
    "chatter after": lambda t: f"{_pretty(t)}\n\nLet me know if you need {{more}} detail.",
    "chatter around a fence": lambda t: f"Of course.\n```json\n{_pretty(t)}\n```\nHope it helps!",
    "chatter in braces before": lambda t: f"I use the format {{overall, head}}: {json.dumps(t)}",
    "the form before": lambda t: (
        f"Form: {json.dumps({**t, 'overall': '...', 'head': '<text>', 'others': ''})}\n{_pretty(t)}"
    ),
    "thoughts before": _think,
    "thoughts whose start is lost": lambda t: _think(t).removeprefix("<think>"),
    "nested": lambda t: json.dumps({"answer": t}),
    "nested twice": lambda t: json.dumps({"result": {"clip": 3, "description": t}}),
    "in a list": lambda t: json.dumps([t]),
    "said twice alike": lambda t: f"{json.dumps(t)}\nSo, in short:\n{_pretty(t)}",
    "further keys": lambda t: json.dumps({"clip": "a-3", **t, "confidence": {"head": 0.5}}),
    "a text in JSON": lambda t: json.dumps(json.dumps(t)),
    "escaped quotes": lambda t: json.dumps(json.dumps(t))[1:-1],
    "Python": _single_quotes,
    "single quotes, apostrophes bare": _all_single,
    "typographic quotes": _typographic,
    "bare keys": _bare_keys,
    "raw newlines": _raw_newlines,
    "one key a line": _wrapped_texts,
    "unescaped quotes": _unescaped_quotes,
    "unescaped quotes in a fence": lambda t: f"```json\n{_unescaped_quotes(t)}\n```",
    "trailing commas": _trailing_commas,
    "missing commas": _missing_commas,
    "comments": _comments,
    "capital keys": _capital_keys,
    "numbers as texts": _number_as_text,
    "last brace missing": lambda t: _pretty(t).rstrip("}\n"),
    "last brace missing in a fence": lambda t: "```json\n" + _pretty(t).rstrip("}\n") + "\n```",
    "wrapper's brace missing": lambda t: json.dumps({"answer": t})[:-1],
    "first brace missing": lambda t: _pretty(t)[1:],
    "special tokens after": lambda t: f"{json.dumps(t)}<|im_end|>",
    "a role before": lambda t: f"assistant\n\n{_pretty(t)}",
    "byte order mark": lambda t: f"\ufeff{json.dumps(t)}",
    "windows line ends": lambda t: _pretty(t).replace("\n", "\r\n"),
    "markdown heading": lambda t: f"### Description\n\n**JSON:**\n{_pretty(t)}\n---",
}

#: Written by hand: the answer, and what it says (None: it can't be known).
SHORT = AnswerSchema.parse({"fields": [{"name": "label"}, {"name": "why"}]})
BY_HAND: list[tuple[str, dict[str, str] | None]] = [
    ('{"label": "rearing", "why": "it stands"}', {"label": "rearing", "why": "it stands"}),
    ("{label: rearing, why: 'it stands'}", {"label": "rearing", "why": "it stands"}),
    ('{"label": rearing, "why": "it stands",}', {"label": "rearing", "why": "it stands"}),
    ("{'label': 'a', 'why': 'the mouse's nose'}", {"label": "a", "why": "the mouse's nose"}),
    ("{'label': \"a\", \"why\": 'it'}", {"label": "a", "why": "it"}),
    ('{"label": "a", "why": "so called "b""}', {"label": "a", "why": 'so called "b"'}),
    ('{"label": "a", "why": ""b" it is called"}', {"label": "a", "why": '"b" it is called'}),
    ('{"label": "a"; "why": "b"}', None),
    ('{"label": "a", "why": null}', None),
    ('{"label": "a", "why": None}', None),
    ('{"label": "a", "why": ["b"]}', None),
    ('{"label": "a", "why": {"text": "b"}}', None),
    ('{"label": "a"}', None),
    ('{"label": "a", "why": "b', None),
    ('{"label": "a", "why": "it goes to the \\', None),
    ('{"label": "a", "why": "it says \\"', None),
    ('{"label": "a", "why":', None),
    ('{"label": "a", "why', None),
    ('{"label": "a", "wh": "b"}', None),
    ('{"label": "say "a", "why": "b"}', None),
    ('{"label": "a", "b", "why": "c"}', None),
    ('{"label": "a" + "b", "why": "c"}', None),
    ('{"label": "a" "b", "why": "c"}', None),
    ('{"label": "say ""a"" now", "why": "c"}', None),
    ('{"label": "a" (sure), "why": "c"}', None),
    ('{"label": "a, "why": "c"}', None),
    ('{"label": "label": "a", "why": "c"}', None),
    ('{"label": "a", "why": "b", "why": "c"}', None),
    ('{"label": "a", "why": "b"} or {"label": "c", "why": "b"}', None),
    (
        '```json\n{"label": "a", "why": "b"}\n```\nNo:\n```json\n{"label": "c", "why": "b"}\n```',
        None,
    ),
    ('{"draft": {"label": "a", "why": "b"}, "final": {"label": "c" "d", "why": "b"}}', None),
    ('{"label": "a" "why": "b"}', {"label": "a", "why": "b"}),
    ('{"label": "a", "why": "b"}}', {"label": "a", "why": "b"}),
    ('{{"label": "a", "why": "b"}}', {"label": "a", "why": "b"}),
    ('{"label": "...", "why": "..."}', None),
    ('{"label": {"type": "string"}, "why": {"type": "string"}}', None),
    ("label: a\nwhy: b", None),
    ("The mouse freezes.", None),
    ("I'm sorry, I can't help with that.", None),
    ("", None),
    ("{}", None),
    ("[]", None),
    ("null", None),
    ("{" * 1000, None),
    ('{"label":' * 1000, None),
    ('"' * 1000, None),
    ('{"label": "a\x00b", "why": "c"}', {"label": "a\x00b", "why": "c"}),
    ('{"label": \'a", "b": "c\', "why": "d"}', None),
    ('{"label": "a", "why": "half a \\ud83d"}', None),
    ('{"label": "a", "why": "in a {box"} it walks."}', None),
    ('{"label": "a", "why": "b"} I hope that helps.', {"label": "a", "why": "b"}),
    ('{"label": "\\u00e9\\ud83d\\udc2d", "why": "b"}', {"label": "é🐭", "why": "b"}),
    ('{"label": "a", "why": "5" long"}', None),
    ('{"label": "a", "why": "50\\% of it, \\_so\\_"}', {"label": "a", "why": "50\\% of it, _so_"}),
]


@pytest.mark.parametrize("kind", KINDS)
def test_of_each_kind_all_or_nothing_is_taken(kind: str) -> None:
    recovered = 0
    for truth in TRUTHS:
        found = extract(KINDS[kind](truth), SCHEMA)
        assert found in (None, _expected(truth)), kind
        recovered += found is not None
    assert recovered >= len(TRUTHS) - 1, kind


def test_nearly_all_answers_are_recovered_and_none_wrongly() -> None:
    """The bar: .97 of the answers that say everything."""
    cases = [(KINDS[kind](truth), _expected(truth)) for kind in KINDS for truth in TRUTHS]
    found = [extract(text, SCHEMA) for text, _ in cases]
    wrong = [
        text for (text, truth), got in zip(cases, found, strict=True) if got not in (None, truth)
    ]
    assert wrong == []
    assert len(cases) >= 200
    assert sum(got is not None for got in found) / len(cases) >= 0.97


@pytest.mark.parametrize(("text", "said"), BY_HAND)
def test_answers_written_by_hand(text: str, said: dict[str, str] | None) -> None:
    assert extract(text, SHORT) == said


# A draft among thoughts whose start and end are lost looks like an answer.
@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"thoughts whose start is lost"}))
def test_what_was_cut_off_is_never_made_up(kind: str) -> None:
    """Cut anywhere, an answer is the whole truth or none."""
    for truth in TRUTHS:
        text = KINDS[kind](truth)
        for end in range(0, len(text), 3):
            assert extract(text[:end], SCHEMA) in (None, _expected(truth)), text[:end]


@settings(deadline=None)
@given(st.text(alphabet="{}[]\":,\\ \n'`ab1/*", max_size=60))
def test_anything_is_survived(text: str) -> None:
    extract(text, SHORT)
    extract('{"label": "a", "why": ' + text, SHORT)


@settings(deadline=None)
@given(st.fixed_dictionaries({"label": st.text(), "why": st.text(min_size=1)}))
def test_valid_answers_come_back_by_both_ways(truth: dict[str, str]) -> None:
    text = json.dumps(truth)
    assert read_strictly(text) == truth
    found = extract(text, SHORT)
    assert found in (None, {key: value.strip() for key, value in truth.items()})


@pytest.mark.parametrize(
    "text",
    [
        "[1]",
        "3",
        "{'a': 1}",
        '{"a": "\\udc00"}',
        '{"a": NaN}',
        '{"a": 1, "a": 2}',
        "{" * 100_000,
        "",
    ],
)
def test_strict_reading_takes_objects_only(text: str) -> None:
    assert read_strictly(text) is None


def _expected(truth: Truth) -> Truth:
    return {
        key: [item.strip() for item in value]
        if isinstance(value, list)
        else value.strip()
        if isinstance(value, str)
        else float(value)
        for key, value in truth.items()
    }
