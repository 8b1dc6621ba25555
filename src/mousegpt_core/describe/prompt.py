"""A protocol and a clip that is shown, as the request that a model gets.

What never changes comes first (instructions, then examples), so that servers can keep it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from mousegpt_core.describe.protocol import Protocol
from mousegpt_core.language import AnswerField, Message, Part, Picture, Request

_BEFORE = "The clip just before it, which is not asked about:"
_AFTER = "The clip just after it, which is not asked about:"
_ASKED = "The clip that is asked about:"


@dataclass(frozen=True)
class Shown:
    """A clip as it is shown.

    Attributes
    ----------
    pictures : tuple of Picture
        In their order.
    frames : int
        Frames on them.
    seconds : float
        Length of the clip.
    measured : str
        What was measured, in words.
    label : str
        What a person, or an earlier answer, says of it.
    """

    pictures: tuple[Picture, ...]
    frames: int
    seconds: float
    measured: str = ""
    label: str = ""


def build_request(
    protocol: Protocol,
    clip: Shown,
    *,
    examples: Sequence[Shown] = (),
    before: Shown | None = None,
    after: Shown | None = None,
) -> Request:
    """What a model is asked of a clip.

    Parameters
    ----------
    protocol : Protocol
        How.
    clip : Shown
        The clip.
    examples : sequence of Shown
        With their labels.
    before, after : Shown, optional
        Its neighbours in time; one with a label comes as a question that is answered already.
    """
    messages = [Message("system", (instructions(protocol, clip),))]
    labelled = [*examples, *([before] if before is not None and before.label else [])]
    for example in labelled:
        answer = json.dumps(protocol.answer.labelled(example.label), ensure_ascii=False)
        messages.append(Message("user", _question(protocol, example)))
        messages.append(Message("assistant", (answer,)))
    parts: list[Part] = []
    if before is not None and not before.label:
        parts += [_BEFORE, *before.pictures]
    if after is not None:
        parts += [_AFTER, *after.pictures]
    if parts:
        parts.append(_ASKED)
    messages.append(Message("user", (*parts, *_question(protocol, clip))))
    return Request(tuple(messages), protocol.answer.answer_schema, protocol.model)


def instructions(protocol: Protocol, clip: Shown) -> str:
    """The instructions, and the keys of the answer."""
    lines = [_key(field) for field in protocol.answer.answer_schema.fields]
    said = protocol.words.filled("instructions", _values(protocol, clip))
    return "\n".join([said, "", "Keys of the answer:", *lines])


def _question(protocol: Protocol, clip: Shown) -> tuple[Part, ...]:
    asked = protocol.words.filled("question", _values(protocol, clip))
    measured = (clip.measured,) if clip.measured else ()
    return (*clip.pictures, *measured, asked)


def _values(protocol: Protocol, clip: Shown) -> dict[str, str]:
    labels = protocol.answer.labels.items()
    return {
        "labels": "\n".join(f"- {name}: {said}" if said else f"- {name}" for name, said in labels),
        "frames": str(clip.frames),
        "seconds": f"{clip.seconds:.2g}",
    }


def _key(field: AnswerField) -> str:
    kinds = {"text": "text", "number": "number", "list": "list of texts"}
    kind = " | ".join(field.choices) if field.choices else kinds[field.kind]
    limits = [f"{field.minimum:g}"] if field.minimum is not None else []
    limits += [f"{field.maximum:g}"] if field.maximum is not None else []
    span = f" {' to '.join(limits)}" if len(limits) == 2 else ""
    return f'- "{field.name}" ({kind}{span})' + (
        f": {field.description}" if field.description else ""
    )
