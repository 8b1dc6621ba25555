"""A model in this process by LMDeploy's batch pipeline, on a GPU."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import Field

from mousegpt_core.errors import BackendCallError, MissingDependencyError
from mousegpt_core.language import enforcement
from mousegpt_core.language.batching import Batcher, Leave, OutOfMemoryError
from mousegpt_core.language.chat_messages import chat_messages
from mousegpt_core.language.contract import LanguageModel, Reply, Request, Sampling
from mousegpt_core.language.local_options import LocalOptions
from mousegpt_core.language.schema import AnswerSchema
from mousegpt_core.language.weights import find_weights
from mousegpt_core.settings import Settings

EXTRA = "lmdeploy"


class LmdeployOptions(LocalOptions):
    """Which model, and how LMDeploy runs it.

    Attributes
    ----------
    engine : {"auto", "turbomind", "pytorch"}
        LMDeploy's engine; automatic: what it takes for the model.
    tensor_parallel : int
        GPUs that share the model.
    session_length : int
        Longest question and answer together, in tokens; 0 = as the model's settings say.
    """

    batch: int = Field(default=64, ge=1)
    engine: Literal["auto", "turbomind", "pytorch"] = "auto"
    tensor_parallel: int = Field(default=1, ge=1)
    session_length: int = Field(default=0, ge=0)

    @property
    def identity(self) -> str:
        """Name and weights; not where it runs."""
        return self.named("lmdeploy", None)


@dataclass(frozen=True)
class _Prompt:
    """Messages as OpenAI has them, and how the answer is written."""

    messages: list[dict[str, Any]]
    schema: AnswerSchema | None
    sampling: Sampling


class LmdeployModel(LanguageModel):
    """A model of a folder or of the hub, asked in batches by LMDeploy's offline pipeline.

    LMDeploy holds answers to their schema, and sorts requests into its own batches on the GPU.
    Use it within one event loop, and close it there.

    Parameters
    ----------
    options : LmdeployOptions
        Which model, how.

    Raises
    ------
    MissingDependencyError
        Without the package lmdeploy.
    BackendCallError
        If there is no such model, or LMDeploy cannot load it.
    """

    name: ClassVar[str] = "lmdeploy"
    Options: ClassVar[type[Settings]] = LmdeployOptions

    def __init__(self, options: LmdeployOptions) -> None:
        self.options = options
        self._library = _library()
        folder = find_weights(options.model, options.revision, extra=EXTRA)
        self._identity = options.named("lmdeploy", folder)
        try:
            self._pipeline = self._library.pipeline(
                str(folder), backend_config=_engine(self._library, options), **_trust(options)
            )
        except (OSError, ValueError, RuntimeError, AssertionError) as error:
            raise BackendCallError(
                f"LMDeploy cannot load {folder}: {type(error).__name__}: {_first_line(error)}",
                hint="does it know this kind of model, and is there a GPU with room for it?",
            ) from error
        self._batcher = Batcher[_Prompt, Reply](
            self._answers, most=options.batch, wait_s=options.wait_ms / 1000
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
            If the pipeline fails.
        """
        messages = await chat_messages(request, "", "auto")
        return await self._batcher.ask(_Prompt(messages, request.schema, request.sampling))

    async def close(self) -> None:
        """Wait for the batch that is under way, and let go of the GPU."""
        await self._batcher.close()
        self._pipeline.close()

    def _answers(self, prompts: Sequence[_Prompt], leave: Leave) -> list[Reply]:
        settings = [self._settings(prompt) for prompt in prompts]
        try:
            responses = self._pipeline([prompt.messages for prompt in prompts], gen_config=settings)
        except RuntimeError as error:
            if "out of memory" in str(error).lower():
                raise OutOfMemoryError(_first_line(error)) from None
            raise
        return [self._reply(response) for response in responses]

    def _settings(self, prompt: _Prompt) -> Any:
        sampling = prompt.sampling
        schema = prompt.schema
        return self._library.GenerationConfig(
            max_new_tokens=sampling.max_tokens,
            do_sample=sampling.temperature > 0,
            temperature=sampling.temperature,
            random_seed=sampling.seed,
            response_format=None if schema is None else enforcement.json_schema_format(schema),
        )

    def _reply(self, response: Any) -> Reply:
        return Reply(
            text=response.text,
            model=self.options.model_name,
            tokens_in=response.input_token_len,
            tokens_out=response.generate_token_len,
            cost=0.0,
            cut_off=response.finish_reason == "length",
        )


def _library() -> Any:
    try:
        return importlib.import_module("lmdeploy")
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            "lmdeploy", extra=EXTRA, purpose="a model run by LMDeploy"
        ) from error


def _engine(library: Any, options: LmdeployOptions) -> Any:
    """Settings of the engine; None = LMDeploy chooses."""
    length = options.session_length or None
    kinds = {"turbomind": "TurbomindEngineConfig", "pytorch": "PytorchEngineConfig"}
    if options.engine == "auto" and options.tensor_parallel == 1 and length is None:
        return None
    kind = getattr(library, kinds.get(options.engine, "TurbomindEngineConfig"))
    return kind(tp=options.tensor_parallel, session_len=length)


def _trust(options: LmdeployOptions) -> dict[str, Any]:
    return {"trust_remote_code": True} if options.trust_remote_code else {}


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0][:200]
