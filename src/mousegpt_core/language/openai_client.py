"""The connection to an OpenAI-compatible server: address, key, limits, retries, failures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, ValidationError

from mousegpt_core.errors import BackendCallError, MissingDependencyError
from mousegpt_core.language.keys import find_key, how_to_set
from mousegpt_core.language.limiter import Limiter
from mousegpt_core.language.openai_errors import Server, explained, refused_parameter
from mousegpt_core.language.retrying import Retrying, ServerError, with_retries
from mousegpt_core.settings import Settings

OPENAI = "https://api.openai.com/v1"
#: What some models refuse, and what a request can do without.
_MAY_BE_LEFT_OUT = ("max_tokens", "temperature", "seed")
_HERE = ("localhost", "127.0.0.1", "::1")

T = TypeVar("T", bound=BaseModel)


class ConnectionOptions(Settings):
    """Where a model runs.

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
    """

    model: str = Field(min_length=1)
    base_url: str = OPENAI
    api_version: str = ""
    key_variable: str = ""
    timeout_s: float = Field(default=120.0, gt=0)
    most_at_once: int = Field(default=32, ge=1)
    retrying: Retrying = Retrying()

    @property
    def key_name(self) -> str:
        """Name of the key that this server is given; "" = none."""
        if self.key_variable:
            return self.key_variable
        if self.api_version:
            return "AZURE_OPENAI_API_KEY"
        return "OPENAI_API_KEY" if self.base_url.rstrip("/") == OPENAI else ""


class Connection(Generic[T]):
    """Calls of one kind to one server, within one event loop.

    Parameters
    ----------
    options : ConnectionOptions
        Which server.
    call : callable
        From the client and a request's parameters to its raw response.
    reply : type
        What the response must be.

    Raises
    ------
    MissingDependencyError
        Without the extra ``openai``.
    BackendCallError
        If the server is one that needs a key, and there is none.
    """

    def __init__(
        self,
        options: ConnectionOptions,
        call: Callable[[Any, dict[str, Any]], Awaitable[Any]],
        reply: type[T],
    ) -> None:
        longest = options.retrying.longest_wait_s
        self.limiter = Limiter(options.most_at_once, longest_wait_s=longest)
        self.left_out: set[str] = set()
        self._options = options
        self._call = call
        self._reply = reply
        key = find_key(options.key_name)
        address = _shown(options.base_url)
        if key is None and options.key_name:
            raise BackendCallError(f"no key for {address}", hint=how_to_set(options.key_name))
        self._server = Server(address, options.model, options.key_name, options.timeout_s, key)
        self._client = _client(options, key.get_secret_value() if key else "none")

    async def ask(self, parameters: Callable[[], dict[str, Any]]) -> tuple[T, int]:
        """Call until there is a reply.

        Parameters
        ----------
        parameters : callable
            Gives the request; asked anew each time, as `left_out` may grow.

        Returns
        -------
        reply
            What the server says.
        retries : int
            How many times it was asked again.

        Raises
        ------
        BackendCallError
            The last failure.
        """

        async def once() -> T:
            async with self.limiter.slot():
                return await self._once(parameters())

        return await with_retries(once, self._options.retrying)

    async def close(self) -> None:
        """Close what is open."""
        await self._client.close()

    async def _once(self, parameters: dict[str, Any]) -> T:
        import openai

        try:
            # The client's own limit is one for each piece of the answer.
            async with asyncio.timeout(self._options.timeout_s):
                raw = await self._call(self._client, parameters)
            return self._reply.model_validate_json(raw.http_response.content)
        except openai.APIStatusError as error:
            failure = self._without(refused_parameter(error), parameters) or explained(
                error, self._server
            )
        except (openai.OpenAIError, TimeoutError, ValidationError) as error:
            failure = explained(error, self._server)
        # Without its cause: that one may hold the key.
        raise failure from None

    def _without(self, name: str, parameters: dict[str, Any]) -> ServerError | None:
        """Leave out from now on what the model does not take; None if that can't be done."""
        if name not in parameters or name not in _MAY_BE_LEFT_OUT:
            return None
        self.left_out.add(name)
        return ServerError(f"{self._server.address} does not take {name}", retryable=True)


def _client(options: ConnectionOptions, key: str) -> Any:
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


def _shown(address: str) -> str:
    """An address less what may be a password."""
    parts = urlsplit(address)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
