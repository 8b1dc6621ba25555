"""A language model that answers by a script, and what is asked of it: no server, no film."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pandas as pd

from mousegpt_core.clips import CLIPS, make_table
from mousegpt_core.describe.contract import Answer
from mousegpt_core.language import (
    AnswerField,
    AnswerSchema,
    LanguageModel,
    Message,
    Picture,
    Reply,
    Request,
    Sampling,
)
from mousegpt_core.language.contract import ModelOptions

SCHEMA = AnswerSchema(fields=(AnswerField(name="overall"), AnswerField(name="label")))


def says(clip_id: str) -> dict[str, str]:
    """What is true of a clip."""
    number = int(hashlib.sha256(clip_id.encode()).hexdigest()[:8], 16)
    label = ("walking", "rearing", "grooming")[number % 3]
    return {"overall": f"In {clip_id} the mouse is {label}.", "label": label}


def asked_about(text: str) -> str:
    """The clip that a question made here is about."""
    return text.rpartition("clip ")[2].split()[0]


class ScriptedOptions(ModelOptions):
    """What is known of the scripted model without it."""

    @property
    def identity(self) -> str:
        return "scripted/1"


class ScriptedModel(LanguageModel):
    """Replies with what the script says of the clip; keeps count."""

    name: ClassVar[str] = "scripted"

    def __init__(self, script: Callable[[str, int], Any] = lambda clip, times: says(clip)) -> None:
        self.script = script
        self.asked: list[str] = []
        self.under_way = 0
        self.most_at_once = 0
        self.closed = False

    @property
    def identity(self) -> str:
        return "scripted/1"

    async def ask(self, request: Request) -> Reply:
        clip = asked_about(str(request.messages[1].parts[0]))
        self.asked.append(clip)
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            await asyncio.sleep(0)
            said = self.script(clip, self.asked.count(clip))
            if isinstance(said, Exception):
                raise said
            text = said if isinstance(said, str) else json.dumps(said)
            return Reply(text, "scripted-1", tokens_in=10, tokens_out=5, cost=0.01)
        finally:
            self.under_way -= 1

    async def close(self) -> None:
        self.closed = True


class MadeUpShowing:
    """A recording as a model is shown it, without films."""

    def __init__(
        self,
        recording: str = "M1",
        count: int = 12,
        *,
        individuals: tuple[str, ...] = ("a",),
        words: str = "",
        load: Callable[[str], bytes] = lambda clip_id: clip_id.encode(),
        chained: bool = False,
        sampling: Sampling | None = None,
    ) -> None:
        ids = [f"{recording}/{one}@{n:06d}" for one in individuals for n in range(count)]
        starts = [n / 5 for _ in individuals for n in range(count)]
        self._clips = make_table(
            CLIPS,
            {
                "clip_id": ids,
                "recording": recording,
                "individuals": [one for one in individuals for _ in range(count)],
                "start_s": starts,
                "stop_s": [start + 0.2 for start in starts],
            },
            length=len(ids),
        )
        self.words, self.load, self.chained = words, load, chained
        self.sampling = Sampling() if sampling is None else sampling

    def clips(self) -> pd.DataFrame:
        return self._clips

    def request(self, clip_id: str, labels: Mapping[str, str]) -> Request:
        said = " then ".join(labels.values()) if self.chained else ""
        picture = Picture(f"frame of {clip_id}", lambda: self.load(clip_id))
        text = f"{self.words}{said} What does it do in clip {clip_id} ?"
        messages = (Message("system", ("You watch mice.",)), Message("user", (text, picture)))
        return Request(messages, SCHEMA, self.sampling)


def read(clip_id: str, values: Mapping[str, Any]) -> Answer:
    """An answer's values as what is said of the clip."""
    return Answer(clip_id, {"overall": str(values["overall"])}, label=str(values["label"]))
