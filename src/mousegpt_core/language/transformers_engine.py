"""Vision-language models in this process: their own classes of the library transformers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mousegpt_core.errors import BackendCallError, MissingDependencyError
from mousegpt_core.language.batching import Leave, OutOfMemoryError
from mousegpt_core.language.contract import Reply, Sampling
from mousegpt_core.language.schema import AnswerSchema
from mousegpt_core.language.token_choice import Grammars, Row, TokenChoice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image

#: What must be there, and what brings it.
PACKAGES = ("torch", "torchvision", "transformers", "llguidance")
EXTRA = "transformers"
_OUT_OF_MEMORY = ("out of memory", "not enough memory", "can't allocate memory")


@dataclass(frozen=True)
class Prompt:
    """A question as a chat template takes it.

    Attributes
    ----------
    turns : list of dict
        ``role`` and ``content``, where each picture is ``{"type": "image"}``.
    images : tuple of Image
        RGB, in their order.
    schema : AnswerSchema, optional
        What the answer is held to.
    sampling : Sampling
        How it is written.
    """

    turns: list[dict[str, Any]]
    images: tuple[Image, ...]
    schema: AnswerSchema | None
    sampling: Sampling


class TransformersEngine:
    """A model in memory; batches of prompts to replies.

    Parameters
    ----------
    folder : Path
        As `save_pretrained` writes it.
    device, dtype : str
        As in `TransformersOptions`.
    trust_remote_code : bool
        Whether code that lies beside the weights may be run.

    Raises
    ------
    MissingDependencyError
        Without the extra ``transformers``.
    BackendCallError
        If it is no vision-language model, or cannot be loaded.
    """

    def __init__(
        self, folder: Path, *, device: str, dtype: str, trust_remote_code: bool = False
    ) -> None:
        torch, transformers = _libraries()
        self.device = _device(torch, device)
        self._name = folder.name
        chosen = _dtype(torch, dtype, self.device)
        trust = {"trust_remote_code": trust_remote_code, "local_files_only": True}
        with _told(folder), _fitting(torch):
            config = transformers.AutoConfig.from_pretrained(folder, **trust)
            kind = _model_class(transformers, config, folder)
            self._processor = transformers.AutoProcessor.from_pretrained(folder, **trust)
            self._model = kind.from_pretrained(folder, dtype=chosen, **trust)
            self._model = self._model.to(self.device).eval()
        tokenizer = self._processor.tokenizer
        tokenizer.padding_side = "left"  # answers begin where prompts end
        self._ends = _ends(self._model.generation_config, tokenizer)
        vocabulary = self._model.get_output_embeddings().weight.shape[0]
        self._grammars = Grammars(tokenizer, vocabulary, self._ends)

    def generate(self, prompts: Sequence[Prompt], leave: Leave) -> list[Reply]:
        """Replies to prompts, in their order; those with pictures apart from those without.

        Raises
        ------
        OutOfMemoryError
            If so many do not fit.
        """
        replies: dict[int, Reply] = {}
        for shown in (True, False):
            places = [n for n, prompt in enumerate(prompts) if bool(prompt.images) is shown]
            if places:
                made = self._generate([prompts[place] for place in places], leave)
                replies |= dict(zip(places, made, strict=True))
        return [replies[place] for place in range(len(prompts))]

    def close(self) -> None:
        """Give the memory back; nothing can be asked any more."""
        torch, _ = _libraries()
        self._model = self._processor = None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _generate(self, prompts: list[Prompt], leave: Leave) -> list[Reply]:
        torch, transformers = _libraries()
        rows = [self._grammars.row(prompt.schema, prompt.sampling) for prompt in prompts]
        settings = transformers.GenerationConfig(
            do_sample=False,
            max_new_tokens=max(row.sampling.max_tokens for row in rows),
            eos_token_id=self._ends,
            pad_token_id=self._ends[0],
        )
        with _fitting(torch), torch.inference_mode():
            inputs = self._inputs(prompts)
            choice = TokenChoice(rows, self._grammars, leave)
            ids = self._model.generate(
                **inputs,
                generation_config=settings,
                logits_processor=transformers.LogitsProcessorList([choice]),
            )
        asked = inputs["attention_mask"].sum(dim=1).tolist()
        written = ids[:, inputs["input_ids"].shape[1] :].tolist()
        return [
            self._reply(row, new, count)
            for row, new, count in zip(rows, written, asked, strict=True)
        ]

    def _inputs(self, prompts: list[Prompt]) -> Any:
        texts = [
            self._processor.apply_chat_template(
                prompt.turns, tokenize=False, add_generation_prompt=True
            )
            for prompt in prompts
        ]
        shown = {"images": [list(prompt.images) for prompt in prompts]} if prompts[0].images else {}
        made = self._processor(text=texts, padding=True, return_tensors="pt", **shown)
        return made.to(self.device, self._model.dtype)

    def _reply(self, row: Row, tokens: list[int], asked: int) -> Reply:
        end = next((n for n, token in enumerate(tokens) if token in self._ends), len(tokens))
        text = self._processor.tokenizer.decode(tokens[:end], skip_special_tokens=True)
        cut_off = row.cut_off or end == row.sampling.max_tokens
        count = min(end + 1, row.sampling.max_tokens)
        return Reply(text, self._name, asked, count, 0.0, cut_off)


def _libraries() -> tuple[Any, Any]:
    """The packages torch and transformers.

    Raises
    ------
    MissingDependencyError
        Without the extra ``transformers``.
    """
    import importlib

    for package in PACKAGES:
        try:
            importlib.import_module(package)
        except ModuleNotFoundError as error:
            raise MissingDependencyError(
                package, extra=EXTRA, purpose="a model in this process"
            ) from error
    return importlib.import_module("torch"), importlib.import_module("transformers")


def _device(torch: Any, wanted: str) -> str:
    there = bool(torch.cuda.is_available())
    if wanted == "cuda" and not there:
        raise BackendCallError(
            "torch finds no GPU", hint="device=cpu, or a build of torch for the GPU"
        )
    return ("cuda" if there else "cpu") if wanted == "auto" else wanted


def _dtype(torch: Any, wanted: str, device: str) -> Any:
    automatic = "float32" if device == "cpu" else "bfloat16"
    return getattr(torch, automatic if wanted == "auto" else wanted)


def _model_class(transformers: Any, config: Any, folder: Path) -> Any:
    """The class that the configuration names, where the library has it."""
    if getattr(config, "vision_config", None) is None:
        raise BackendCallError(
            f"{folder} is a model of the kind {config.model_type!r}, which sees no pictures",
            hint="take a vision-language model: Qwen2.5-VL, Qwen3-VL, InternVL, MiniCPM-V",
        )
    names = getattr(config, "architectures", None) or [""]
    return getattr(transformers, names[0], transformers.AutoModelForImageTextToText)


def _ends(config: Any, tokenizer: Any) -> list[int]:
    """Tokens that end an answer."""
    named = config.eos_token_id
    ends = named if isinstance(named, list) else [named]
    return [one for one in ends if one is not None] or [tokenizer.eos_token_id]


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """What goes wrong while loading, in words."""
    try:
        yield
    except OutOfMemoryError as error:
        raise BackendCallError(
            f"{folder} does not fit into the memory: {error}",
            hint="take a smaller model, or dtype=bfloat16",
        ) from error
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        first = str(error).strip().splitlines()[0][:200] if str(error).strip() else ""
        raise BackendCallError(
            f"{folder} cannot be loaded: {type(error).__name__}: {first}",
            hint="is it whole, and does the installed transformers know this kind of model? "
            "Code of its own beside the weights is run only with trust_remote_code=true",
        ) from error


@contextmanager
def _fitting(torch: Any) -> Iterator[None]:
    """Tell a lack of memory from other errors, and give back what can be."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        lacking = isinstance(error, MemoryError | torch.OutOfMemoryError)
        if not lacking and not any(words in str(error).lower() for words in _OUT_OF_MEMORY):
            raise
        told = OutOfMemoryError(str(error).partition("\n")[0])
    else:
        return
    # Outside the handler, where no traceback holds the batch.
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    raise told
