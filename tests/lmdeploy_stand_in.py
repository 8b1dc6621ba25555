"""A module with the part of LMDeploy's documented API that we use; LMDeploy itself needs a GPU."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest


@dataclass
class GenerationConfig:
    max_new_tokens: int = 512
    do_sample: bool = False
    temperature: float = 0.8
    random_seed: int | None = None
    response_format: dict[str, Any] | None = None


@dataclass
class EngineConfig:
    tp: int = 1
    session_len: int | None = None


@dataclass
class Response:
    text: str
    generate_token_len: int
    input_token_len: int
    finish_reason: str = "stop"


@dataclass
class Pipeline:
    """Answers what `says` makes of a conversation; keeps what it was given."""

    says: Callable[[list[dict[str, Any]]], dict[str, Any] | str]
    model: str
    backend_config: EngineConfig | None
    most: int
    batches: list[int] = field(default_factory=list)
    settings: list[GenerationConfig] = field(default_factory=list)
    closed: bool = False

    def __call__(
        self, prompts: list[list[dict[str, Any]]], gen_config: list[GenerationConfig]
    ) -> list[Response]:
        assert len(prompts) == len(gen_config)
        self.batches.append(len(prompts))
        self.settings += gen_config
        if len(prompts) > self.most:
            raise RuntimeError("CUDA out of memory")
        return [self._response(prompt) for prompt in prompts]

    def close(self) -> None:
        self.closed = True

    def _response(self, prompt: list[dict[str, Any]]) -> Response:
        said = self.says(prompt)
        text = said if isinstance(said, str) else json.dumps(said)
        return Response(text, generate_token_len=7, input_token_len=70)


def install(
    patch: pytest.MonkeyPatch,
    says: Callable[[list[dict[str, Any]]], dict[str, Any] | str],
    most: int = 1_000,
) -> list[Pipeline]:
    """Put the module in LMDeploy's place; returns the pipelines that are made."""
    made: list[Pipeline] = []

    def pipeline(model: str, backend_config: EngineConfig | None = None) -> Pipeline:
        made.append(Pipeline(says, model, backend_config, most))
        return made[-1]

    module = ModuleType("lmdeploy")
    vars(module).update(
        pipeline=pipeline,
        GenerationConfig=GenerationConfig,
        TurbomindEngineConfig=EngineConfig,
        PytorchEngineConfig=EngineConfig,
    )
    patch.setitem(sys.modules, "lmdeploy", module)
    return made
