"""A vision-language model in this process, by the library transformers."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from mousegpt_core.errors import BackendCallError
from mousegpt_core.language.batching import Batcher
from mousegpt_core.language.contract import LanguageModel, Message, Picture, Reply, Request
from mousegpt_core.language.local_options import LocalOptions
from mousegpt_core.language.transformers_engine import EXTRA, Prompt, TransformersEngine
from mousegpt_core.language.weights import find_weights
from mousegpt_core.settings import Settings

if TYPE_CHECKING:
    from PIL.Image import Image


class TransformersOptions(LocalOptions):
    """Which model, and where it runs.

    Attributes
    ----------
    device : {"auto", "cpu", "cuda"}
        The GPU if there is one, else the processor.
    dtype : {"auto", "bfloat16", "float16", "float32"}
        Automatic: bfloat16 on a GPU, else float32.
    max_pixels : int
        Pictures of more pixels are made smaller; 0 = as the model's own settings say.
    """

    device: Literal["auto", "cpu", "cuda"] = "auto"
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    max_pixels: int = Field(default=0, ge=0)

    @property
    def identity(self) -> str:
        """Name and weights; not where it runs."""
        return self.identity_of(None)

    def identity_of(self, folder: Path | None) -> str:
        """As `identity`; `folder` where it is known already."""
        changes = {"dtype": self.dtype, "max_pixels": self.max_pixels}
        return self.named("transformers", folder, **changes)


class TransformersModel(LanguageModel):
    """A model of a folder or of the hub, asked in batches by a thread of its own.

    Answers keep to their schema by construction: tokens that would break it cannot be chosen
    (llguidance). An answer that would be longer than `Sampling.max_tokens` is brought to a
    valid end, and marked as cut off. Use it within one event loop, and close it there.

    Parameters
    ----------
    options : TransformersOptions
        Which model, where.

    Raises
    ------
    MissingDependencyError
        Without the extra ``transformers``.
    BackendCallError
        If there is no such model, it sees no pictures, or it cannot be loaded.
    """

    name: ClassVar[str] = "transformers"
    Options: ClassVar[type[Settings]] = TransformersOptions

    def __init__(self, options: TransformersOptions) -> None:
        self.options = options
        folder = find_weights(options.model, options.revision, extra=EXTRA)
        self._identity = options.identity_of(folder)
        self._engine = TransformersEngine(
            folder,
            device=options.device,
            dtype=options.dtype,
            trust_remote_code=options.trust_remote_code,
        )
        self.batcher = Batcher[Prompt, Reply](
            self._engine.generate, most=options.batch, wait_s=options.wait_ms / 1000
        )

    @property
    def identity(self) -> str:
        """Name and weights; not where it runs."""
        return self._identity

    async def ask(self, request: Request) -> Reply:
        """Reply to one request, in a batch with others.

        Raises
        ------
        BackendCallError
            If a picture cannot be read, or the request does not fit into the memory.
        """
        prompt = await asyncio.to_thread(prompt_of, request, self.options.max_pixels)
        return await self.batcher.ask(prompt)

    async def close(self) -> None:
        """Give up what is under way, wait for its end, and give the memory back."""
        await self.batcher.close()
        self._engine.close()


def prompt_of(request: Request, max_pixels: int) -> Prompt:
    """A request as a chat template takes it; pictures of more pixels are made smaller."""
    images: list[Image] = []
    turns = []
    for message in request.messages:
        images += [opened(part, max_pixels) for part in message.parts if isinstance(part, Picture)]
        turns.append({"role": message.role, "content": _content(message)})
    return Prompt(turns, tuple(images), request.schema, request.sampling)


def opened(picture: Picture, max_pixels: int) -> Image:
    """A picture, RGB, of no more pixels than these; 0 = any number.

    Raises
    ------
    BackendCallError
        If it is none.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        image = Image.open(io.BytesIO(picture.load())).convert("RGB")
    except (UnidentifiedImageError, OSError) as error:
        raise BackendCallError(
            f"not a picture that can be read: {picture.shows[:100]}",
            hint="look at it: mousegpt preview",
        ) from error
    share = (max_pixels / (image.width * image.height)) ** 0.5 if max_pixels else 1.0
    if share >= 1:
        return image
    size = (max(1, int(image.width * share)), max(1, int(image.height * share)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _content(message: Message) -> list[dict[str, str]]:
    return [
        {"type": "image"} if isinstance(part, Picture) else {"type": "text", "text": part}
        for part in message.parts
    ]
