"""A loopback server that says what is true of made-up clips."""

from __future__ import annotations

from typing import Any

from scripted_model import asked_about, says


def truthful(body: dict[str, Any]) -> dict[str, str] | str:
    """The true answer to a question of `MadeUpShowing`; to others, some words."""
    clip = clip_of(body)
    return dict(says(clip)) if clip else "The mouse walks."


def clip_of(body: dict[str, Any]) -> str:
    """The clip that a request is about; ``""`` = none, as where the server is tried."""
    for message in body["messages"]:
        content = message["content"]
        for part in [{"text": content}] if isinstance(content, str) else content:
            if "in clip " in part.get("text", ""):
                return asked_about(part["text"])
    return ""
