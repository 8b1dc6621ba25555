"""Is a server there, does it take our key, which models has it, does the model answer?"""

from __future__ import annotations

import time
from typing import Any

from pydantic import BaseModel

from mousegpt_core.errors import BackendCallError
from mousegpt_core.language.contract import Message, Request, Sampling
from mousegpt_core.language.keys import key_place
from mousegpt_core.language.openai_client import Connection
from mousegpt_core.language.openai_server import OpenAIModel, ServerOptions

#: A question that costs next to nothing.
_QUESTION = Request(
    (Message("user", ("Say yes, and nothing else.",)),), sampling=Sampling(max_tokens=16)
)
_LONGEST = 60


class _Model(BaseModel):
    id: str


class _Models(BaseModel):
    data: list[_Model]


async def check_server(options: ServerOptions, *, ask: bool = True) -> dict[str, Any]:
    """Look at a server, and ask its model to say yes.

    Parameters
    ----------
    options : ServerOptions
        Which server and model.
    ask : bool
        Whether the model is asked; else only which models there are.

    Returns
    -------
    dict
        ``models``: names that the server knows (empty where it has no list), ``key``: where its
        key was found (as `key_place`), ``key_variable``; of a model that was asked ``answer`` and
        ``seconds``.

    Raises
    ------
    BackendCallError
        If the server cannot be reached, or refuses; its hint says what to do.
    MissingDependencyError
        Without the extra ``openai``.
    """
    found: dict[str, Any] = {
        "key_variable": options.key_name,
        "key": key_place(options.key_name),
        "models": await _served(options, needed=not ask),
    }
    if ask:
        model, began = OpenAIModel(options), time.monotonic()
        try:
            reply = await model.ask(_QUESTION)
        finally:
            await model.close()
        found |= {"answer": reply.text.strip()[:_LONGEST], "seconds": time.monotonic() - began}
    return found


async def _served(options: ServerOptions, *, needed: bool) -> list[str]:
    """Names of the models; none where a server has no such list, unless it is needed."""
    connection = Connection(
        options, lambda client, _: client.models.with_raw_response.list(), _Models
    )
    try:
        listed, _ = await connection.ask(dict)
    except BackendCallError as error:
        if needed or error.status != 404:
            raise
        return []
    finally:
        await connection.close()
    return sorted(model.id for model in listed.data)
