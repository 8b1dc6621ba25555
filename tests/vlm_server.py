"""A small OpenAI-compatible server of a vision-language model that holds it to a JSON schema.

python vlm_server.py FOLDER PORT

FastAPI, transformers and llguidance, one question after the other. What is said hangs on chance,
and the chance on the question: a random model says much the same of all pictures, but here the same
question has the same answer and another one another. Texts are kept short, as random models come to
no end. Embeddings are means of the model's own token vectors.
"""

from __future__ import annotations

import base64
import io
import json
import sys
import threading
import zlib
from pathlib import Path
from typing import Any

Body = dict[str, Any]
LONGEST_TEXT = 24


class Served:
    """A model in memory."""

    def __init__(self, folder: Path) -> None:
        import llguidance
        import llguidance.hf
        import transformers

        self.name = folder.name
        self.lock = threading.Lock()
        self.processor = transformers.AutoProcessor.from_pretrained(folder)
        self.model = transformers.AutoModelForImageTextToText.from_pretrained(folder).eval()
        self.vectors = self.model.get_input_embeddings().weight.detach()
        self.guide = llguidance
        self.tokens = llguidance.hf.from_tokenizer(
            self.processor.tokenizer, n_vocab=self.vectors.shape[0]
        )

    def chat(self, body: Body) -> Body:
        with self.lock:
            return self._chat(body)

    def _chat(self, body: Body) -> Body:
        turns, images = _turns(body["messages"])
        text = self.processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        shown = {"images": [images]} if images else {}
        inputs = self.processor(text=[text], return_tensors="pt", **shown)
        asked = inputs["input_ids"].shape[1]
        wanted = body.get("response_format", {}).get("json_schema")
        chance = zlib.crc32(json.dumps(body["messages"]).encode())
        held = [self._holding(_short(wanted["schema"]), asked, chance)] if wanted else []
        ids = self.model.generate(
            **inputs,
            do_sample=False,
            max_new_tokens=body.get("max_tokens", 64),
            logits_processor=held,
        )[0, asked:]
        said = self.processor.tokenizer.decode(ids, skip_special_tokens=True)
        return _completion(self.name, said, asked, len(ids))

    def embed(self, body: Body) -> Body:
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        rows = [
            self.vectors[self.processor.tokenizer(text)["input_ids"]].mean(0).tolist()
            for text in texts
        ]
        data = [{"object": "embedding", "index": n, "embedding": row} for n, row in enumerate(rows)]
        usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
        return {"object": "list", "model": self.name, "data": data, "usage": usage}

    def _holding(self, schema: Body, asked: int, seed: int) -> Any:
        import torch

        grammar = self.guide.LLMatcher.grammar_from_json_schema(schema)
        matcher = self.guide.LLMatcher(self.tokens, grammar)
        chance = torch.Generator().manual_seed(seed)

        def hold(ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            if ids.shape[1] > asked and not matcher.is_stopped():
                matcher.consume_token(int(ids[0, -1]))
            bits = torch.frombuffer(bytearray(matcher.compute_bitmask()), dtype=torch.uint8)
            places = torch.arange(8, dtype=torch.uint8)
            allowed = ((bits[:, None] >> places) & 1).flatten()[: scores.shape[1]].bool()
            noise = torch.rand(scores.shape, generator=chance)
            return (scores + noise).masked_fill(~allowed, float("-inf"))

        return hold


def _turns(messages: list[Body]) -> tuple[list[Body], list[Any]]:
    from PIL import Image

    images, turns = [], []
    for message in messages:
        content = message["content"]
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        said: list[Body] = []
        for part in parts:
            if part["type"] == "text":
                said.append(part)
                continue
            data = base64.b64decode(part["image_url"]["url"].partition(",")[2])
            images.append(Image.open(io.BytesIO(data)).convert("RGB"))
            said.append({"type": "image"})
        turns.append({"role": message["role"], "content": said})
    return turns, images


def _short(schema: Body) -> Body:
    properties = {
        name: {**kind, "maxLength": LONGEST_TEXT}
        if kind["type"] == "string" and "enum" not in kind
        else {**kind, "maxItems": 2, "items": {"type": "string", "maxLength": 8}}
        if kind["type"] == "array"
        else kind
        for name, kind in schema["properties"].items()
    }
    return {**schema, "properties": properties, "x-guidance": {"whitespace_flexible": False}}


def _completion(model: str, text: str, asked: int, said: int) -> Body:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": asked,
            "completion_tokens": said,
            "total_tokens": asked + said,
        },
    }


def main(folder: Path, port: int) -> None:
    """Serve until it is killed."""
    import fastapi
    import uvicorn

    served = Served(folder)
    app = fastapi.FastAPI()
    models = {"object": "list", "data": [{"id": served.name, "object": "model"}]}
    app.get("/v1/models")(lambda: models)
    app.post("/v1/chat/completions")(served.chat)
    app.post("/v1/embeddings")(served.embed)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
