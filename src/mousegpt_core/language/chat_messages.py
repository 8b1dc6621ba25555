"""Requests in the words of OpenAI's Chat Completions, which other engines take, too."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from mousegpt_core.language.contract import Part, Request


async def chat_messages(request: Request, words: str, detail: str) -> list[dict[str, Any]]:
    """Messages of a chat completion, pictures as data in their addresses.

    Parameters
    ----------
    request : Request
        What is asked.
    words : str
        Added to the last message; "" = nothing.
    detail : str
        How finely OpenAI looks at pictures.
    """
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
