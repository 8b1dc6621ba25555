"""Any server that speaks OpenAI's Chat Completions: OpenAI, Azure, vLLM, LMDeploy, Ollama, ..."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from mousegpt_core.language import enforcement
from mousegpt_core.language.chat_messages import chat_messages
from mousegpt_core.language.contract import LanguageModel, ModelOptions, Reply, Request
from mousegpt_core.language.cost import Price
from mousegpt_core.language.enforcement import Means
from mousegpt_core.language.limiter import Limiter
from mousegpt_core.language.openai_client import Connection, ConnectionOptions
from mousegpt_core.language.openai_replies import Completion
from mousegpt_core.settings import Settings, content_hash


class ServerOptions(ConnectionOptions, ModelOptions):
    """Where a model runs, and how it is asked.

    Attributes
    ----------
    detail : str
        How finely OpenAI looks at pictures: "auto", "low" or "high".
    extra : dict
        Further parameters of each request, as the server knows them
        (``{"chat_template_kwargs": {"enable_thinking": false}}``).
    """

    detail: str = Field(default="auto", pattern="^(auto|low|high)$")
    extra: dict[str, Any] = Field(default_factory=dict)

    @property
    def identity(self) -> str:
        """The model's name, and what else changes its answers."""
        changes = {"detail": self.detail, "extra": self.extra}
        plain = changes == {"detail": "auto", "extra": {}}
        return f"openai/{self.model}" + ("" if plain else f"#{content_hash(changes)}")


class OpenAIModel(LanguageModel):
    """A model behind an OpenAI-compatible server.

    Use it within one event loop, and close it there.

    Parameters
    ----------
    options : ServerOptions
        Which model, where.
    cache_file : Path, optional
        Where it is remembered how servers enforce schemas; the user's cache if not given.

    Raises
    ------
    MissingDependencyError
        Without the extra ``openai``.
    BackendCallError
        If the server is one that needs a key, and there is none.
    """

    name: ClassVar[str] = "openai"
    Options: ClassVar[type[Settings]] = ServerOptions

    def __init__(self, options: ServerOptions, *, cache_file: Path | None = None) -> None:
        self.options = options
        self._connection = Connection(options, _complete, Completion)
        self._cache_file = cache_file or enforcement.cache_file()
        self._means: Means | None = None
        self._finding = asyncio.Lock()
        self._unpaid: list[Reply] = []  # by which the means were found out

    @property
    def limiter(self) -> Limiter:
        """How many requests are under way, and may be."""
        return self._connection.limiter

    @property
    def identity(self) -> str:
        """That of its options: not where it runs."""
        return self.options.identity

    @property
    def price(self) -> Price | None:
        """What it costs; None = not known."""
        return self.options.price

    async def ask(self, request: Request) -> Reply:
        """Reply to one request; the schema is enforced by the strongest means of the server.

        The first reply's tokens and cost are also those of finding out these means.

        Raises
        ------
        BackendCallError
            If no reply comes, in spite of retries.
        """
        if request.schema is None:
            return await self._ask(request, None, "")
        means = await self.means()
        wanted = enforcement.response_format(means, request.schema)
        words = "" if means == "json_schema" else enforcement.in_words(request.schema)
        return self._paid(await self._ask(request, wanted, words))

    async def means(self) -> Means:
        """How the server enforces a schema: remembered, or else found out."""
        async with self._finding:
            if self._means is None:
                place = (self._cache_file, self.options.base_url, self.options.model)
                self._means = enforcement.recall(*place)
                if self._means is None:
                    self._means = await enforcement.find_means(self._words)
                    enforcement.remember(*place, self._means)
        return self._means

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def _words(self, request: Request, wanted: dict[str, Any] | None) -> str:
        self._unpaid.append(await self._ask(request, wanted, ""))
        return self._unpaid[-1].text

    def _paid(self, reply: Reply) -> Reply:
        """A reply with what was not accounted for yet."""
        replies, self._unpaid = [reply, *self._unpaid], []
        return replace(
            reply,
            tokens_in=sum(one.tokens_in for one in replies),
            tokens_out=sum(one.tokens_out for one in replies),
            cost=math.fsum(one.cost for one in replies),
        )

    async def _ask(self, request: Request, wanted: dict[str, Any] | None, words: str) -> Reply:
        messages = await chat_messages(request, words, self.options.detail)
        completion, retries = await self._connection.ask(
            lambda: self._parameters(request, messages, wanted)
        )
        return replace(self._reply(completion), retries=retries)

    def _parameters(
        self, request: Request, messages: list[dict[str, Any]], wanted: dict[str, Any] | None
    ) -> dict[str, Any]:
        left_out = self._connection.left_out
        # Newer models of OpenAI have another name for it.
        limit = "max_completion_tokens" if "max_tokens" in left_out else "max_tokens"
        parameters: dict[str, Any] = {
            "model": self.options.model,
            "messages": messages,
            limit: request.sampling.max_tokens,
            "temperature": request.sampling.temperature,
            "seed": request.sampling.seed,
        }
        if wanted is not None:
            parameters["response_format"] = wanted
        if self.options.extra:
            parameters["extra_body"] = self.options.extra
        return {name: value for name, value in parameters.items() if name not in left_out}

    def _reply(self, completion: Completion) -> Reply:
        price, usage = self.price, completion.usage
        choice = completion.choices[0]
        return Reply(
            text=choice.message.content or choice.message.refusal or "",
            model=completion.model or self.options.model,
            tokens_in=usage.prompt_tokens if usage else 0,
            tokens_out=usage.completion_tokens if usage else 0,
            cost=usage.cost(price) if usage and price else float("nan"),
            cut_off=choice.finish_reason == "length",
        )


def _complete(client: Any, parameters: dict[str, Any]) -> Awaitable[Any]:
    response: Awaitable[Any] = client.chat.completions.with_raw_response.create(**parameters)
    return response
