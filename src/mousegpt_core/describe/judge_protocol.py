"""How a model judges a description: what it is shown, told and asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from mousegpt_core.clips import SECTIONS
from mousegpt_core.describe.contract import Answer
from mousegpt_core.describe.judging import CRITERIA, Judgement
from mousegpt_core.errors import SettingsError
from mousegpt_core.language import AnswerField, AnswerSchema, Message, Request, Sampling
from mousegpt_core.settings import Settings, content_hash, read_toml

_BUILT_IN = Path(__file__).with_name("judges")
_ANSWER = "{answer}"


@dataclass(frozen=True)
class Judged(Answer):
    """What a judge says of what was said of a clip.

    Attributes
    ----------
    judgement : Judgement
        Its scores; of status ``"described"`` they are there.
    """

    judgement: Judgement = field(default_factory=Judgement)


class JudgeProtocol(Settings):
    """A file of ``describe/judges``, or of a study's ``judges``.

    Attributes
    ----------
    name : str
        The file's.
    about : str
        For people.
    pictures : bool
        Whether the judge sees what the describer saw.
    instructions, question : str
        What it is told; ``{answer}`` in the question is what was said.
    criteria : dict of str to str
        What accuracy, coherence and relevance mean.
    model : Sampling
        Settings of the model.
    """

    name: str
    about: str = ""
    pictures: bool = True
    instructions: str = Field(min_length=1)
    question: str = Field(min_length=1)
    criteria: dict[str, str]
    model: Sampling = Sampling(max_tokens=300)

    @model_validator(mode="after")
    def _fits(self) -> JudgeProtocol:
        if _ANSWER not in self.question:
            raise ValueError(f"the question must have {_ANSWER}, or nothing is shown to be judged")
        if set(self.criteria) != set(CRITERIA):
            raise ValueError(f"criteria must be {', '.join(CRITERIA)}")
        return self

    @property
    def hash(self) -> str:
        """Changes with everything that is shown or said."""
        return content_hash(self.model_dump(mode="json", exclude={"name", "about"}))

    @property
    def answer_schema(self) -> AnswerSchema:
        """Three scores and a reason."""
        scores = [
            AnswerField(
                name=name, kind="number", minimum=0, maximum=10, description=self.criteria[name]
            )
            for name in CRITERIA
        ]
        reason = AnswerField(name="reason", description="Why, in one or two sentences.")
        return AnswerSchema(fields=(*scores, reason))

    def read(self, clip_id: str, values: Mapping[str, Any]) -> Judged:
        """The checked values of an answer as a judgement."""
        scores = {name: float(values[name]) for name in CRITERIA}
        return Judged(clip_id, judgement=Judgement(**scores, reason=str(values["reason"])))

    def request(self, asked: Request, said: Mapping[str, str]) -> Request:
        """What the judge is asked of a description.

        Parameters
        ----------
        asked : Request
            What the describer was asked; its last message shows the clip.
        said : mapping of str to str
            `clips.SECTIONS` and label to what was said.
        """
        keys = "\n".join(
            f'- "{f.name}" ({"number 0 to 10" if f.kind == "number" else "text"}): {f.description}'
            for f in self.answer_schema.fields
        )
        told = {name: said[name] for name in (*SECTIONS, "label") if said.get(name)}
        answer = json.dumps(told, ensure_ascii=False, indent=1)
        shown = list(asked.messages[-1].parts) if self.pictures else []
        # The last words are the describer's question; those before say what pictures show.
        words = [place for place, part in enumerate(shown) if isinstance(part, str)]
        parts = [part for place, part in enumerate(shown) if place != max(words, default=-1)]
        question = self.question.replace(_ANSWER, answer).strip()
        return Request(
            (
                Message("system", (f"{self.instructions.strip()}\n\nKeys of the answer:\n{keys}",)),
                Message("user", (*parts, question)),
            ),
            self.answer_schema,
            self.model,
        )


def list_judges(folder: Path | None = None) -> dict[str, Path]:
    """Names of the built-in judges and of a study's own, with their files; its own win."""
    files = sorted(_BUILT_IN.glob("*.toml"))
    if folder is not None:
        files += sorted((Path(folder) / "judges").glob("*.toml"))
    return {file.stem: file for file in files}


def load_judge(name: str, folder: Path | None = None) -> JudgeProtocol:
    """A judge by its name or file.

    Raises
    ------
    SettingsError
        If there is none of that name, or a key is not possible.
    """
    known = list_judges(folder)
    path = known.get(name)
    if path is None:
        if not name.endswith(".toml"):
            raise SettingsError(f"no judge is called {name!r}", hint="judges: " + ", ".join(known))
        path = Path(name)
    return JudgeProtocol.parse({**read_toml(path), "name": path.stem}, source=str(path))
