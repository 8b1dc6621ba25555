"""What a language model is asked and what it replies; one file per backend."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from pydantic import Field

from mousegpt_core.language.cost import Price, price_of
from mousegpt_core.language.schema import AnswerSchema
from mousegpt_core.settings import Settings, content_hash

#: Digits of a request's key: answers that cost money are found again by it, among millions.
KEY_DIGITS = 32


@dataclass(frozen=True)
class Picture:
    """A picture that is made when it is sent, and known by what it shows.

    Attributes
    ----------
    shows : str
        What it is made of and how (films' fingerprints, frames, boxes, settings): equal texts,
        equal pictures. Requests are keyed by it and not by the bytes, so that another version of
        a decoder buys no answer twice, and nothing is decoded to find that one is there.
    load : callable
        Makes the encoded picture.
    media_type : str
        ``"image/jpeg"`` or ``"image/png"``.
    """

    shows: str
    load: Callable[[], bytes]
    media_type: str = "image/jpeg"

    @property
    def ending(self) -> str:
        """Of the names of files that hold it: ``"jpg"`` or ``"png"``."""
        return {"image/jpeg": "jpg", "image/png": "png"}[self.media_type]


Part = str | Picture


@dataclass(frozen=True)
class Message:
    """One turn of a conversation: words and pictures in their order."""

    role: Literal["system", "user", "assistant"]
    parts: tuple[Part, ...]


class Sampling(Settings):
    """How a model chooses its words.

    Attributes
    ----------
    temperature : float
        0 = always the likeliest.
    max_tokens : int
        Longest reply.
    seed : int
        Of the chance in it, where the model heeds one.
    """

    temperature: float = Field(default=0.0, ge=0, le=2)
    max_tokens: int = Field(default=1024, ge=1)
    seed: int = 0


@dataclass(frozen=True)
class Request:
    """One question.

    Attributes
    ----------
    messages : tuple of Message
        What never changes comes first, so that servers can keep it.
    schema : AnswerSchema, optional
        What the answer must look like; None = free text.
    sampling : Sampling
        Settings of the model.
    """

    messages: tuple[Message, ...]
    schema: AnswerSchema | None = None
    sampling: Sampling = field(default_factory=Sampling)

    def key(self, model: str) -> str:
        """Hash of everything that an answer depends on; `model` as `LanguageModel.identity`."""
        return content_hash(
            {
                "model": model,
                "messages": [
                    [message.role, [_part_value(part) for part in message.parts]]
                    for message in self.messages
                ],
                "schema": None if self.schema is None else self.schema.json_schema(),
                "sampling": self.sampling.fingerprint(),
            },
            length=KEY_DIGITS,
        )


@dataclass(frozen=True)
class Reply:
    """What a model says.

    Attributes
    ----------
    text : str
        Its words, as they came.
    model : str
        The model as the server names it.
    tokens_in, tokens_out : int
        Tokens that were charged; 0 = not told.
    cost : float
        In the currency of the price list; nan = price not known.
    cut_off : bool
        Whether `max_tokens` ended it.
    retries : int
        How many times it had to be asked again, as the server failed.
    """

    text: str
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = float("nan")
    cut_off: bool = False
    retries: int = 0


class ModelOptions(Settings):
    """Which model; what is known of it without asking it.

    Attributes
    ----------
    model : str
        Its name, as its backend knows it.
    """

    model: str = Field(min_length=1)

    @property
    def identity(self) -> str:
        """That of the model, as `LanguageModel.identity`."""
        raise NotImplementedError

    @property
    def model_name(self) -> str:
        """The model's own name, for people, files and price lists."""
        return self.model

    @property
    def price(self) -> Price | None:
        """What it costs; None = not known."""
        return price_of(self.model_name)


class LanguageModel(ABC):
    """Replies to requests of text and pictures.

    Class attributes
    ----------------
    name : str
        Name to ask for it by.
    Options : type of Settings
        Its options.
    """

    name: ClassVar[str]
    Options: ClassVar[type[Settings]] = Settings

    @property
    @abstractmethod
    def identity(self) -> str:
        """What tells its replies from another's: model and revision; not where it runs."""

    @abstractmethod
    async def ask(self, request: Request) -> Reply:
        """Reply to one request; many may be under way at once.

        Raises
        ------
        BackendCallError
            If no reply comes, in spite of retries.
        """

    async def close(self) -> None:  # noqa: B027 (most have nothing to close)
        """Let go of connections and memory."""


def _part_value(part: Part) -> Any:
    return part if isinstance(part, str) else {"picture": part.shows}
