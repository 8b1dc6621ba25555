"""Any server that speaks OpenAI's Chat Completions: OpenAI, Azure, vLLM, LMDeploy, Ollama, ..."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field, ValidationError

from mousegpt_core.errors import BackendCallError, MissingDependencyError
from mousegpt_core.language import enforcement
from mousegpt_core.language.contract import LanguageModel, Part, Reply, Request
from mousegpt_core.language.cost import Price, price_of
from mousegpt_core.language.enforcement import Means
from mousegpt_core.language.keys import find_key, how_to_set
from mousegpt_core.language.limiter import Limiter
from mousegpt_core.language.openai_errors import Server, explained, refused_parameter
from mousegpt_core.language.openai_replies import Completion
from mousegpt_core.language.retrying import Retrying, ServerError, with_retries
from mousegpt_core.settings import Settings, content_hash

OPENAI = "https://api.openai.com/v1"


class ServerOptions(Settings):
    """Where a model runs and how it is asked.

    Attributes
    ----------
    model : str
        Name of the model on the server (Azure: of the deployment).
    base_url : str
        Address of the server, up to ``/v1`` (Azure: the resource's endpoint).
    api_version : str
        Of Azure; "" = the server is not Azure.
    key_variable : str
        Environment variable, or name in the keyring, that holds the key. "" = OPENAI_API_KEY
        for OpenAI itself and AZURE_OPENAI_API_KEY for Azure; no other server is given a key that
        was not meant for it.
    timeout_s : float
        Longest time for one answer.
    most_at_once : int
        Never more requests at once; how many the server bears is found out.
    retrying : Retrying
        When failed requests are made again.
    detail : str
        How finely OpenAI looks at pictures: "auto", "low" or "high".
    extra : dict
        Further parameters of each request, as the server knows them
        (``{"chat_template_kwargs": {"enable_thinking": false}}``).
    """

    model: str = Field(min_length=1)
    base_url: str = OPENAI
    api_version: str = ""
    key_variable: str = ""
    timeout_s: float = Field(default=120.0, gt=0)
    most_at_once: int = Field(default=32, ge=1)
    retrying: Retrying = Retrying()
    detail: str = Field(default="auto", pattern="^(auto|low|high)$")
    extra: dict[str, Any] = Field(default_factory=dict)

    @property
    def key_name(self) -> str:
        """Name of the key that this server is given; "" = none."""
        if self.key_variable:
            return self.key_variable
        if self.api_version:
            return "AZURE_OPENAI_API_KEY"
        return "OPENAI_API_KEY" if self.base_url.rstrip("/") == OPENAI else ""


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
        self.limiter = Limiter(options.most_at_once)
        self._cache_file = cache_file or enforcement.cache_file()
        self._key = find_key(options.key_name)
        if self._key is None and options.key_name:
            raise BackendCallError(
                f"no key for {_shown(options.base_url)}", hint=how_to_set(options.key_name)
            )
        self._server = Server(
            _shown(options.base_url), options.model, options.key_name, options.timeout_s, self._key
        )
        self._client = _client(options, self._key.get_secret_value() if self._key else "none")
        self._left_out: set[str] = set()
        self._means: Means | None = None
        self._finding = asyncio.Lock()

    @property
    def identity(self) -> str:
        """The model's name, and what else changes its answers."""
        changes = {"detail": self.options.detail, "extra": self.options.extra}
        plain = changes == {"detail": "auto", "extra": {}}
        return f"openai/{self.options.model}" + ("" if plain else f"#{content_hash(changes)}")

    @property
    def price(self) -> Price | None:
        """What it costs; None = not known."""
        return price_of(self.options.model)

    async def ask(self, request: Request) -> Reply:
        """Reply to one request; the schema is enforced by the strongest means of the server.

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
        return await self._ask(request, wanted, words)

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
        await self._client.close()

    async def _words(self, request: Request, wanted: dict[str, Any] | None) -> str:
        return (await self._ask(request, wanted, "")).text

    async def _ask(self, request: Request, wanted: dict[str, Any] | None, words: str) -> Reply:
        messages = await _messages(request, words, self.options.detail)

        async def once() -> Completion:
            async with self.limiter.slot():
                return await self._complete(self._parameters(request, messages, wanted))

        completion = await with_retries(once, self.options.retrying)
        return self._reply(completion)

    def _parameters(
        self, request: Request, messages: list[dict[str, Any]], wanted: dict[str, Any] | None
    ) -> dict[str, Any]:
        limit = "max_tokens"
        if limit in self._left_out:
            limit = "max_completion_tokens"
        parameters: dict[str, Any] = {
            "model": self.options.model,
            "messages": messages,
            limit: request.sampling.max_tokens,
            "temperature": request.sampling.temperature,
            "seed": request.sampling.seed,
        }
        if wanted is not None:
            parameters["response_format"] = wanted
        return {name: value for name, value in parameters.items() if name not in self._left_out}

    async def _complete(self, parameters: dict[str, Any]) -> Completion:
        """One call; a parameter that the model does not take is left out from then on."""
        import openai

        try:
            # The client's own limit is one for each piece of the answer.
            async with asyncio.timeout(self.options.timeout_s):
                raw = await self._client.chat.completions.with_raw_response.create(
                    **parameters, extra_body=self.options.extra or None
                )
            return Completion.model_validate_json(raw.http_response.content)
        except openai.APIStatusError as error:
            name = refused_parameter(error)
            if name in parameters and name not in self._left_out and name in _MAY_BE_LEFT_OUT:
                self._left_out.add(name)
                raise ServerError(
                    f"{self._server.address} does not take {name}", retryable=True
                ) from None
            failure = explained(error, self._server)
        except (openai.OpenAIError, TimeoutError, ValidationError) as error:
            failure = explained(error, self._server)
        # Without its cause: that one may hold the key.
        raise failure from None

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


#: What some models refuse, and what an answer can do without.
_MAY_BE_LEFT_OUT = ("max_tokens", "temperature", "seed")
_HERE = ("localhost", "127.0.0.1", "::1")


def _client(options: ServerOptions, key: str) -> Any:
    try:
        import openai
    except ModuleNotFoundError as error:
        raise MissingDependencyError("openai", extra="openai", purpose="a model server") from error
    # Retries are ours: the client's know nothing of the limiter.
    shared: dict[str, Any] = {"api_key": key, "max_retries": 0, "timeout": options.timeout_s}
    if urlsplit(options.base_url).hostname in _HERE:
        # A proxy that the environment names does not know this machine.
        shared["http_client"] = openai.DefaultAsyncHttpxClient(trust_env=False)
    if options.api_version:
        return openai.AsyncAzureOpenAI(
            azure_endpoint=options.base_url, api_version=options.api_version, **shared
        )
    return openai.AsyncOpenAI(base_url=options.base_url, **shared)


async def _messages(request: Request, words: str, detail: str) -> list[dict[str, Any]]:
    """Messages of a chat completion; `words` are added to the last."""
    messages = []
    for number, message in enumerate(request.messages):
        last = number == len(request.messages) - 1
        parts = (*message.parts, words) if words and last else message.parts
        if all(isinstance(part, str) for part in parts):
            content: Any = "\n\n".join(part for part in parts if isinstance(part, str))
        else:
            content = [await _part(part, detail) for part in parts]
        messages.append({"role": message.role, "content": content})
    return messages


async def _part(part: Part, detail: str) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    data = base64.b64encode(await asyncio.to_thread(part.load)).decode()
    image = {"url": f"data:{part.media_type};base64,{data}"}
    if detail != "auto":
        image["detail"] = detail
    return {"type": "image_url", "image_url": image}


def _shown(address: str) -> str:
    """An address less what may be a password."""
    parts = urlsplit(address)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
