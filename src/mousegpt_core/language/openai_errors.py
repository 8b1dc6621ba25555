"""Failures of OpenAI-compatible servers in words: what went wrong, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr, ValidationError

from mousegpt_core.language.keys import how_to_set, without_key
from mousegpt_core.language.retrying import ServerError, seconds_to_wait

#: Longest part of a server's own message that is repeated.
_LONGEST = 300


@dataclass(frozen=True)
class Server:
    """What a message says about a server.

    Attributes
    ----------
    address : str
        Without a password.
    model : str
        The model that was asked for.
    key_variable : str
        Name of its key; "" = it was given none.
    timeout_s : float
        Longest time for an answer.
    key : SecretStr, optional
        Its key, which some servers repeat, and we do not.
    """

    address: str
    model: str
    key_variable: str
    timeout_s: float
    key: SecretStr | None


def explained(error: Exception, server: Server) -> ServerError:
    """A failure of the client or the server as ours."""
    import openai

    if isinstance(error, openai.APIStatusError):
        return _of_status(error, server)
    if isinstance(error, openai.APITimeoutError | TimeoutError):
        return ServerError(
            f"{server.address} did not answer within {server.timeout_s:g} s",
            retryable=True,
            overloaded=True,
            hint="raise timeout_s, or look at the server's log",
        )
    if isinstance(error, openai.APIConnectionError):
        return ServerError(
            f"{server.address} cannot be reached, or hung up",
            retryable=True,
            hint="is the server running, and is base_url its address, with /v1 at its end?",
        )
    if isinstance(error, ValidationError):
        return ServerError(
            f"{server.address} answered with something that is no reply of a model",
            retryable=True,
            hint="is base_url the address of an OpenAI-compatible server, with /v1 at its end?",
        )
    return ServerError(
        f"{server.address}: {type(error).__name__}", hint="check base_url and the model's name"
    )


def refused_parameter(error: Any) -> str:
    """Name of the parameter that a server does not take; "" if that is not what it says."""
    if error.status_code not in (400, 422):
        return ""
    unsupported = str(error.code).startswith("unsupported_")
    return str(error.param) if unsupported and error.param else ""


def _of_status(error: Any, server: Server) -> ServerError:
    status = int(error.status_code)
    own = error.body.get("message") if isinstance(error.body, dict) else None
    said = without_key(" ".join(str(own or error.message).split()), server.key)[:_LONGEST]
    message = f"{server.address} refused with status {status}: {said}"
    if status == 429 and error.code == "insufficient_quota":
        hint = "the account has no money left, or reached its limit: see the provider's billing"
        return ServerError(message, status=status, hint=hint)
    if status in (408, 409, 425, 429) or status >= 500:
        headers = error.response.headers
        return ServerError(
            message,
            retryable=True,
            overloaded=status in (408, 429, 503, 504, 529),
            retry_after_s=seconds_to_wait(
                headers.get("retry-after"), headers.get("retry-after-ms")
            ),
            status=status,
            hint="the server has trouble or too much to do: try again later",
        )
    return ServerError(message, status=status, hint=_hint(status, server))


def _hint(status: int, server: Server) -> str:
    if status in (401, 403):
        if not server.key_variable:
            return "this server wants a key: name its environment variable in key_variable"
        return f"the key is wrong or may not do this; {how_to_set(server.key_variable)}"
    if status == 404:
        return (
            f"does the server have the model {server.model!r}? Its list is at "
            f"{server.address}/models; and base_url usually ends with /v1"
        )
    if status == 413:
        return "send fewer or smaller pictures"
    return "the request does not suit this model: see what the server says"
