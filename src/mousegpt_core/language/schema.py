"""What an answer must look like, as words in a file, a JSON Schema and a check."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import Field, model_validator

from mousegpt_core.errors import InvalidResponseError
from mousegpt_core.settings import Settings


class AnswerField(Settings):
    """One key of an answer.

    Attributes
    ----------
    name : str
        The key.
    kind : {"text", "choice", "number", "list"}
        A list is one of texts.
    description : str
        What it should say; models read it.
    choices : tuple of str
        Of a choice.
    minimum, maximum : float, optional
        Of a number.
    """

    name: str = Field(min_length=1)
    kind: Literal["text", "choice", "number", "list"] = "text"
    description: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None

    @model_validator(mode="after")
    def _fits(self) -> AnswerField:
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError("a choice, and nothing else, has `choices`")
        if self.kind != "number" and (self.minimum is not None or self.maximum is not None):
            raise ValueError("only a number has `minimum` and `maximum`")
        return self

    def json_schema(self) -> dict[str, Any]:
        """This key's part of the JSON Schema."""
        said = {"description": self.description} if self.description else {}
        if self.kind == "number":
            limits = {"minimum": self.minimum, "maximum": self.maximum}
            return {
                "type": "number",
                **{k: v for k, v in limits.items() if v is not None},
                **said,
            }
        if self.kind == "list":
            return {"type": "array", "items": {"type": "string"}, **said}
        enum = {"enum": list(self.choices)} if self.choices else {}
        return {"type": "string", **enum, **said}

    def checked(self, value: Any) -> str | float | list[str]:
        """The value, or why it does not fit.

        Raises
        ------
        InvalidResponseError
            Names the key and what was found.
        """
        if self.kind == "number":
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise self._wrong("a number", value)
            low = float("-inf") if self.minimum is None else self.minimum
            high = float("inf") if self.maximum is None else self.maximum
            if not low <= value <= high:
                raise self._wrong(f"a number from {low:g} to {high:g}", value)
            return float(value)
        if self.kind == "list":
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                raise self._wrong("a list of texts", value)
            return [item.strip() for item in value]
        if not isinstance(value, str):
            raise self._wrong("a text", value)
        if self.choices and value.strip() not in self.choices:
            raise self._wrong(f"one of {', '.join(self.choices)}", value)
        return value.strip()

    def _wrong(self, expected: str, value: Any) -> InvalidResponseError:
        found = json.dumps(value, ensure_ascii=False, default=str)[:80]
        return InvalidResponseError(
            f"the answer's {self.name!r} should be {expected}, not {found}",
            hint="the raw answer is kept; ask again, or a model that keeps to a schema",
        )


class AnswerSchema(Settings):
    """The keys of an answer, all of them required, in the order in which they are written."""

    fields: tuple[AnswerField, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unique(self) -> AnswerSchema:
        names = [field.name for field in self.fields]
        if len(set(names)) < len(names):
            raise ValueError("two fields have the same name")
        return self

    def json_schema(self) -> dict[str, Any]:
        """JSON Schema of the answer: closed, all keys required (what strict servers want)."""
        return {
            "type": "object",
            "properties": {field.name: field.json_schema() for field in self.fields},
            "required": [field.name for field in self.fields],
            "additionalProperties": False,
        }

    def checked(self, values: dict[str, Any]) -> dict[str, str | float | list[str]]:
        """The values of all keys; further ones are left out.

        Raises
        ------
        InvalidResponseError
            Names the first key that is missing or does not fit.
        """
        missing = [field.name for field in self.fields if field.name not in values]
        if missing:
            raise InvalidResponseError(
                f"the answer lacks {', '.join(missing)}",
                hint="the raw answer is kept; ask again, or a model that keeps to a schema",
            )
        return {field.name: field.checked(values[field.name]) for field in self.fields}
