"""Backends by name: listed without being imported, loaded on use.

Built-in backends are lazy ``"module:Class"`` names; other packages add theirs by entry points of
the group ``mousegpt.<kind>`` and cannot shadow ours.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from mousegpt_core.errors import MissingDependencyError, UnknownBackendError

Kind = Literal["describers", "embedders", "language_models"]

BUILT_IN: dict[Kind, dict[str, str]] = {
    "describers": {
        "kinematic": "mousegpt_core.describe.kinematic:KinematicDescriber",
        "openai": "mousegpt_core.describe.model_describer:OpenAIDescriber",
        "transformers": "mousegpt_core.describe.local_describers:TransformersDescriber",
        "lmdeploy": "mousegpt_core.describe.local_describers:LmdeployDescriber",
    },
    "embedders": {
        "lsa": "mousegpt_core.embed.lsa:LsaEmbedder",
        "minilm": "mousegpt_core.embed.minilm:MiniLmEmbedder",
        "openai": "mousegpt_core.embed.openai:OpenAIEmbedder",
    },
    "language_models": {
        "openai": "mousegpt_core.language.openai_server:OpenAIModel",
        "transformers": "mousegpt_core.language.transformers_model:TransformersModel",
        "lmdeploy": "mousegpt_core.language.lmdeploy_model:LmdeployModel",
    },
}


@dataclass(frozen=True)
class BackendInfo:
    """A backend that can be asked for by name.

    Attributes
    ----------
    name : str
        Name to ask for.
    kind : str
        ``"describers"``, ``"embedders"`` or ``"language_models"``.
    target : str
        ``"module:Class"``.
    source : str
        ``"built-in"`` or the distribution that brings it.
    """

    name: str
    kind: Kind
    target: str
    source: str


def list_backends(kind: Kind) -> list[BackendInfo]:
    """All backends of a kind, without importing any of them."""
    found = [BackendInfo(name, kind, target, "built-in") for name, target in BUILT_IN[kind].items()]
    found += [
        BackendInfo(point.name, kind, point.value, point.dist.name if point.dist else "unknown")
        for point in _foreign(kind)
    ]
    return found


def load_backend(kind: Kind, name: str) -> type[Any]:
    """Import the class of a backend.

    Raises
    ------
    UnknownBackendError
        If there is none of that name; the hint lists those that exist.
    MissingDependencyError
        If importing it fails for want of an optional package.
    """
    target = BUILT_IN[kind].get(name)
    if target is None:
        target = next((point.value for point in _foreign(kind) if point.name == name), None)
    if target is None:
        names = ", ".join(info.name for info in list_backends(kind))
        raise UnknownBackendError(f"no {_one(kind)} is called {name!r}", hint=f"there are: {names}")
    module, _, attribute = target.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)  # type: ignore[no-any-return]
    except ModuleNotFoundError as error:
        missing = error.name or module
        raise MissingDependencyError(
            missing, extra=name, purpose=f"the {_one(kind)} {name!r}"
        ) from error


def _one(kind: Kind) -> str:
    return kind[:-1].replace("_", " ")


@cache  # all that is installed is looked through for it
def _foreign(kind: Kind) -> tuple[EntryPoint, ...]:
    """Entry points of other packages, less those that would shadow a built-in backend."""
    points = entry_points(group=f"mousegpt.{kind}")
    return tuple(point for point in points if point.name not in BUILT_IN[kind])
