"""A described clip as a row that a model is trained on. Pure: question and answer in, rows out.

Two layouts: the messages and pictures that ms-swift (and whatever reads ShareGPT) trains on, and
the typed columns of a Hugging Face dataset.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mousegpt_core.clips import SECTIONS
from mousegpt_core.describe.protocol_tables import Form
from mousegpt_core.language import Picture, Request

if TYPE_CHECKING:
    import pyarrow as pa

#: Stands in a text where a picture stands.
IMAGE = "<image>"
_KINDS = {"str": "string", "float": "float64", "int": "int64", "bool": "bool"}
#: What is known of a clip besides question and answer: column to kind; text is never null.
FACTS: dict[str, str] = {
    "clip_id": "str",
    "recording": "str",
    "individual": "str",
    "treatment": "str",
    "start_s": "float",
    "stop_s": "float",
    "clock_view": "str",
    "start_frame": "int",
    "stop_frame": "int",
    **dict.fromkeys(SECTIONS, "str"),
    "label": "str",
    "score": "float",
    "describer": "str",
    "model": "str",
    "edited": "bool",
}
#: Lists in a row: name to the columns of their members. Speeds in cm/s, positions in cm.
LISTS: dict[str, dict[str, str]] = {
    "speeds": {"region": "str", "cm_s": "float"},
    "keypoints": {"frame": "int", "keypoint": "str", "x": "float", "y": "float", "z": "float"},
}


@dataclass(frozen=True)
class TrainingRow:
    """One clip, as a question with its answer.

    Attributes
    ----------
    request : Request
        What a model is shown and asked.
    answer : str
        What it should say.
    facts : mapping
        Columns of `FACTS` and `LISTS`.
    """

    request: Request
    answer: str
    facts: Mapping[str, Any]

    @property
    def pictures(self) -> list[Picture]:
        """All that are shown, in their order."""
        return [p for m in self.request.messages for p in m.parts if isinstance(p, Picture)]

    def messages(self) -> list[dict[str, str]]:
        """The conversation, with `IMAGE` where a picture stands; the answer comes last."""
        turns = [
            {"role": each.role, "content": "\n".join(map(_marked, each.parts))}
            for each in self.request.messages
        ]
        return [*turns, {"role": "assistant", "content": self.answer}]


def answer_text(form: Form, said: Mapping[str, Any]) -> str:
    """What is said of a clip, as a model should answer by a protocol.

    Parameters
    ----------
    form : Form
        What the protocol asks for; keys that mean nothing in the study's tables are left out.
    said : mapping
        Sections, label and score of a description.

    Returns
    -------
    str
        JSON.

    Raises
    ------
    InvalidResponseError
        If it is no answer by this protocol: another label, or none.
    """
    values: dict[str, Any] = {}
    for field in form.fields:
        if not field.means:
            continue
        value: Any = said[field.means]
        if field.kind == "list":
            value = [part.strip() for part in str(value).split(",") if part.strip()]
        asked = field.field(tuple(form.labels))
        values[field.name] = asked.checked(value)
    return json.dumps(values, ensure_ascii=False)


def is_said(said: Mapping[str, Any], form: Form) -> bool:
    """Whether a description says anything of what the protocol asks for."""
    texts = (str(said[f.means]) for f in form.fields if f.means and f.means != "score")
    return any(text.strip() for text in texts)


def swift_row(row: TrainingRow, names: Sequence[str]) -> dict[str, Any]:
    """A row of JSON lines for ms-swift.

    Parameters
    ----------
    row : TrainingRow
        The row.
    names : sequence of str
        Paths of its pictures.
    """
    return {"messages": row.messages(), "images": list(names)}


def hub_row(row: TrainingRow, names: Sequence[str], encoded: Sequence[bytes]) -> dict[str, Any]:
    """A row of a Hugging Face dataset.

    Parameters
    ----------
    row : TrainingRow
        The row.
    names : sequence of str
        Of its pictures.
    encoded : sequence of bytes
        The pictures.
    """
    images = [{"bytes": data, "path": name} for name, data in zip(names, encoded, strict=True)]
    return {"messages": row.messages(), "images": images, **row.facts}


def hub_schema() -> pa.Schema:
    """Columns of a Hugging Face dataset, with what the library `datasets` must know of them."""
    import pyarrow as pa

    message = {"role": "str", "content": "str"}
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    columns = [
        ("messages", pa.list_(_struct(message))),
        ("images", pa.list_(image)),
        *((name, pa.type_for_alias(_KINDS[kind])) for name, kind in FACTS.items()),
        *((name, pa.list_(_struct(members))) for name, members in LISTS.items()),
    ]
    features: dict[str, Any] = {
        "messages": [_features(message)],
        "images": {"feature": {"_type": "Image"}, "_type": "Sequence"},
        **_features(FACTS),
        **{name: [_features(members)] for name, members in LISTS.items()},
    }
    told = json.dumps({"info": {"features": features}})
    return pa.schema(columns, metadata={"huggingface": told})


def _struct(members: Mapping[str, str]) -> pa.StructType:
    import pyarrow as pa

    return pa.struct([(name, pa.type_for_alias(_KINDS[kind])) for name, kind in members.items()])


def _features(members: Mapping[str, str]) -> dict[str, Any]:
    return {name: {"dtype": _KINDS[kind], "_type": "Value"} for name, kind in members.items()}


def _marked(part: str | Picture) -> str:
    """A part of a message as text; words that look like the mark of a picture are none."""
    return IMAGE if isinstance(part, Picture) else part.replace(IMAGE, "< image >")
