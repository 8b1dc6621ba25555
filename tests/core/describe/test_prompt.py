"""What is said to a model, in which order."""

from __future__ import annotations

import json

from mousegpt_core.describe.prompt import Shown, build_request
from mousegpt_core.describe.protocol import load_protocol
from mousegpt_core.language import Picture


def shown(name: str, label: str = "", measured: str = "") -> Shown:
    return Shown(
        (Picture(name, lambda: b""),), frames=1, seconds=1.0, measured=measured, label=label
    )


def said(request: object) -> list[tuple[str, list[str]]]:
    return [
        (m.role, [p.shows if isinstance(p, Picture) else p for p in m.parts])
        for m in request.messages  # type: ignore[attr-defined]
    ]


def test_frames_are_asked_about_with_what_was_measured() -> None:
    protocol = load_protocol("mousegpt")
    request = build_request(protocol, shown("now", measured="Measured: fast."))
    (first, (instructions,)), (role, parts) = said(request)
    assert (first, role) == ("system", "user")
    assert '"Limb" (text)' in instructions
    assert parts == ["now", "Measured: fast.", "Describe the mouse at this moment."]
    assert request.schema == protocol.answer.answer_schema
    assert request.sampling == protocol.model


def test_examples_and_the_clip_before_are_questions_that_are_answered() -> None:
    protocol = load_protocol("fear")
    request = build_request(
        protocol,
        shown("now"),
        examples=[shown("a", "freezing"), shown("b", "fleeing")],
        before=shown("before", "exploring"),
        after=shown("after"),
    )
    messages = said(request)
    asked = protocol.words.question
    assert "- freezing: no movement" in messages[0][1][0]
    assert messages[1] == ("user", ["a", asked])
    assert messages[2] == ("assistant", [json.dumps({"label": "freezing"})])
    assert messages[5:7] == [
        ("user", ["before", asked]),
        ("assistant", [json.dumps({"label": "exploring"})]),
    ]
    last = messages[-1][1]
    assert [part for part in last if part in ("before", "after", "now")] == ["after", "now"]
    assert last[-1] == asked


def test_neighbours_without_labels_stand_before_the_clip() -> None:
    protocol = load_protocol("fear")
    request = build_request(protocol, shown("now"), before=shown("before"), after=shown("after"))
    assert len(request.messages) == 2
    last = said(request)[-1][1]
    assert [p for p in last if p in ("before", "after", "now")] == ["before", "after", "now"]


def test_what_never_changes_comes_first() -> None:
    protocol = load_protocol("fear")
    examples = [shown("a", "freezing")]
    one, two = (
        build_request(protocol, shown(name), examples=examples, after=shown(name + "+"))
        for name in ("one", "two")
    )
    assert one.messages[:3] == build_request(protocol, shown("one"), examples=examples).messages[:3]
    assert said(one)[:3] == said(two)[:3]
    assert one.key("model") != two.key("model")
