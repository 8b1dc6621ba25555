"""Clips a second of a model in this process, beside its library's loop and the processor's peak.

python benchmarks/local_models.py FOLDER [CLIPS] [SIZE]

FOLDER holds a vision-language model (a small random one will do: weights do not change the time).
With a GPU, a Qwen2.5-VL folder is blown up to SIZE (2b, 3b or 8b) with random weights, and pictures
are 896 x 448 as MouseGPT has them; without one, FOLDER is taken as it is. Measured in one run:

- our model, batches of 1, 8 and 32, held to a schema of six texts, 128 tokens each;
- transformers' own `generate` in batches of 8, not held to anything, pictures prepared beforehand;
- a product of large matrices, for the peak. The share of it is 2 x parameters x tokens, asked and
  answered, in the time that it took (attention and the pictures' encoder are not counted).
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import torch
import transformers

from drawn_pictures import drawn
from mousegpt_core.language import Message, Picture, Reply, Request, Sampling
from mousegpt_core.language.schema import AnswerSchema
from mousegpt_core.language.transformers_model import (
    TransformersModel,
    TransformersOptions,
    prompt_of,
)

SECTIONS = ("overall", "head", "limb", "torso", "others", "keywords")
SCHEMA = AnswerSchema.parse({"fields": [{"name": name} for name in SECTIONS]})
ANSWER = 128
WIDTH, HEIGHT = 896, 448
#: Sizes of the language part: width, width between, layers, heads, heads of keys.
SIZES = {
    "2b": (1536, 8960, 28, 12, 2),
    "3b": (2048, 11008, 36, 16, 2),
    "8b": (3584, 18944, 28, 28, 4),
}
GPU = torch.cuda.is_available()


def blown_up(folder: Path, place: Path, size: str) -> Path:
    """The model of a folder with the widths of a larger one and random weights."""
    width, between, layers, heads, key_heads = SIZES[size]
    config = transformers.AutoConfig.from_pretrained(folder)
    text = config.text_config
    text.hidden_size, text.intermediate_size, text.num_hidden_layers = width, between, layers
    text.num_attention_heads, text.num_key_value_heads = heads, key_heads
    text.layer_types, text.vocab_size = ["full_attention"] * layers, 151_936
    text.rope_parameters["mrope_section"] = [16, 24, 24]
    vision = config.vision_config
    vision.depth, vision.hidden_size, vision.intermediate_size = 32, 1280, 3420
    vision.num_heads, vision.out_hidden_size = 16, width
    vision.fullatt_block_indexes = [7, 15, 23, 31]
    out = place / f"random-{size}"
    shutil.copytree(folder, out, ignore=shutil.ignore_patterns("*.safetensors"))
    with torch.device("cuda"):
        model = transformers.AutoModelForImageTextToText.from_config(config, dtype=torch.bfloat16)
    model.generation_config = transformers.GenerationConfig.from_pretrained(folder)
    model.save_pretrained(out)
    pictures = json.loads((out / "preprocessor_config.json").read_text())
    pictures |= {"max_pixels": WIDTH * HEIGHT, "min_pixels": WIDTH * HEIGHT // 4}
    pictures["size"] = {"shortest_edge": WIDTH * HEIGHT // 4, "longest_edge": WIDTH * HEIGHT}
    (out / "preprocessor_config.json").write_text(json.dumps(pictures))
    return out


def question(number: int, schema: AnswerSchema | None = SCHEMA) -> Request:
    """A clip as MouseGPT's protocol shows it."""
    data = drawn(str(number), WIDTH, HEIGHT)
    words = "Describe the mouse at this moment. " * 20
    messages = (
        Message("system", ("You are an expert of mouse behaviour. " * 10,)),
        Message("user", (Picture(f"clip {number}", lambda: data), words)),
    )
    return Request(messages, schema, Sampling(max_tokens=ANSWER))


def ours(folder: Path, requests: Sequence[Request], batch: int) -> tuple[float, list[Reply]]:
    """Seconds of all requests, and the replies."""

    async def run() -> tuple[float, list[Reply]]:
        options = TransformersOptions(model=str(folder), batch=batch, wait_ms=200)
        model = TransformersModel(options)
        await model.ask(question(-1))  # compiles kernels
        began = time.perf_counter()
        replies = await asyncio.gather(*map(model.ask, requests))
        seconds = time.perf_counter() - began
        await model.close()
        return seconds, list(replies)

    return asyncio.run(run())


def library(folder: Path, requests: Sequence[Request], batch: int) -> float:
    """Seconds of the library's own loop over prepared batches, each answer of the same length."""
    processor = transformers.AutoProcessor.from_pretrained(folder)
    processor.tokenizer.padding_side = "left"
    dtype = torch.bfloat16 if GPU else torch.float32
    model = transformers.AutoModelForImageTextToText.from_pretrained(folder, dtype=dtype)
    model = model.to("cuda" if GPU else "cpu").eval()
    batches = []
    for first in range(0, len(requests), batch):
        prompts = [prompt_of(request, 0) for request in requests[first : first + batch]]
        texts = [
            processor.apply_chat_template(one.turns, tokenize=False, add_generation_prompt=True)
            for one in prompts
        ]
        images = [list(one.images) for one in prompts]
        made = processor(text=texts, images=images, padding=True, return_tensors="pt")
        batches.append(made.to(model.device, dtype))
    length: dict[str, Any] = {"max_new_tokens": ANSWER, "min_new_tokens": ANSWER}
    with torch.inference_mode():
        model.generate(**batches[0], do_sample=False, **length)
        began = time.perf_counter()
        for one in batches:
            model.generate(**one, do_sample=False, **length)
        return time.perf_counter() - began


def peak() -> float:
    """Operations a second of a product of matrices."""
    side, times = (8192, 50) if GPU else (1024, 20)
    dtype = torch.bfloat16 if GPU else torch.float32
    left, right = (torch.rand(side, side, device="cuda" if GPU else "cpu").to(dtype) for _ in "ab")
    for count in (3, times):
        began = time.perf_counter()
        for _ in range(count):
            left @ right
        if GPU:
            torch.cuda.synchronize()
    return 2 * side**3 * times / (time.perf_counter() - began)


def main(folder: Path, clips: int, size: str) -> None:
    """Measure and print a table."""
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    where = torch.cuda.get_device_name() if GPU else "the processor: it was NOT run on a GPU"
    print(f"{clips} clips, {folder.name}{f' at {size}' if GPU else ''}, on {where}")
    with tempfile.TemporaryDirectory() as place:
        model = blown_up(folder, Path(place), size) if GPU else folder
        loaded = transformers.AutoModelForImageTextToText.from_pretrained(model)
        parameters = loaded.model.language_model.num_parameters()
        del loaded
        most, requests = peak(), [question(number) for number in range(clips)]
        for batch in (1, 8, 32):
            asked = requests[: clips // 4] if batch == 1 else requests
            seconds, replies = ours(model, asked, batch)
            tokens = sum(reply.tokens_in + reply.tokens_out for reply in replies)
            written = sum(reply.tokens_out for reply in replies)
            share = 2 * parameters * tokens / seconds / most
            print(
                f"ours, batches of {batch:2d}: {len(asked) / seconds:7.2f} clips/s, "
                f"{written / seconds:7.0f} tokens/s written, {share:.2%} of the peak"
            )
        seconds = library(model, requests, 8)
        written = clips * ANSWER
        print(
            f"the library, batches of 8, free: {clips / seconds:7.2f} clips/s, "
            f"{written / seconds:7.0f} tokens/s written"
        )


if __name__ == "__main__":
    main(
        Path(sys.argv[1]),
        int(sys.argv[2]) if len(sys.argv) > 2 else 64,
        sys.argv[3] if len(sys.argv) > 3 else "3b",
    )
