"""A model that is right as often as is known: a server that answers from a recording's truth.

It knows which moments it is shown by the colour of the film (`coded_film`), and finds out from the
question itself what else it is shown: examples, neighbours, the label before. Each of these ways of
asking has a confusion matrix of its own. What is said of a clip depends on the seed and the clip
alone, and the confidence that goes with it is right: of answers given with .8, 80 % are right.
Asked to judge what was said of a clip, it is right as often as is known, too.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from loopback import Fault, FaultKind, LoopbackServer
from mousegpt_core.video import write_film

Array = NDArray[Any]
Way = Literal["zero-shot", "few-shot", "temporal", "autoregressive"]
#: A colour tells one of 16 ** 3 moments; steps between them outlive any compression.
_LEVELS, _STEP = 16, 16
#: Said before the clip itself, where neighbours are shown too.
_ASKED = "The clip that is asked about:"
#: What else than its label is drawn of a clip.
_FAULTS, _JUDGES, _AGAIN = 1, 2, 10


def colour(code: int) -> tuple[int, int, int]:
    """The colour of a moment."""
    digits = (code // _LEVELS**2, code // _LEVELS % _LEVELS, code % _LEVELS)
    red, green, blue = (_STEP * digit + _STEP // 2 for digit in digits)
    return red, green, blue


def code_of(image: Array) -> int:
    """The moment of a picture, by its commonest colour; drawings on it do no harm."""
    red, green, blue = (int(value) // _STEP for value in np.median(image, axis=(0, 1)))
    return red * _LEVELS**2 + green * _LEVELS + blue


def coded_film(path: Path, codes: Sequence[int], fps: float, size: int = 64) -> Path:
    """Write a film of which each frame has the colour of its code."""
    frames = (np.full((size, size, 3), colour(code), np.uint8) for code in codes)
    return write_film(path, frames, fps, crf=8, gop=1)


@dataclass(frozen=True)
class Asked:
    """What a question shows.

    Attributes
    ----------
    codes : tuple of int
        Moments of the clip that is asked about.
    way : str
        How it is asked.
    width : int
        Of its pictures, in pixels.
    """

    codes: tuple[int, ...]
    way: Way
    width: int


def read_question(body: Mapping[str, Any]) -> Asked | None:
    """What a request's body shows; None where it shows no picture."""
    shown = [_images(message["content"]) for message in body["messages"]]
    turns = [place for place, images in enumerate(shown) if images]
    if not turns:
        return None
    asked = body["messages"][turns[-1]]["content"]
    texts = [part.get("text", "") for part in asked]
    own = _images(asked[texts.index(_ASKED) :] if _ASKED in texts else asked)
    codes = tuple(map(code_of, own))
    labelled = [max(map(code_of, shown[place])) for place in turns[:-1]]
    way: Way = "few-shot" if labelled else "zero-shot"
    if _ASKED in texts:
        way = "temporal"
    # A labelled clip that ends where this one begins is the one before it.
    if labelled and 0 < codes[0] - labelled[-1] <= max(2, 2 * len(codes)):
        way = "autoregressive"
    return Asked(codes, way, own[0].shape[1])


def _images(content: Any) -> list[Array]:
    parts = [] if isinstance(content, str) else content
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    return [_decoded(url) for url in urls]


def _decoded(url: str) -> Array:
    data = base64.b64decode(url.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@dataclass
class Truthful:
    """What the server knows, and how well it says it.

    Attributes
    ----------
    truth : mapping of int to str
        True label of each moment.
    labels : tuple of str
        All labels.
    skills : mapping of str to array of shape (label, label)
        For each way of asking, how often each label (column) is said of each true one (row).
    words : mapping of str to mapping of str to str
        What else is said with a label, by the keys of the answer.
    faults : mapping of str to float
        Share of clips that end in each kind of fault, whenever they are asked about.
    small : int
        Pictures narrower than this (px) are seen as badly as without examples.
    spread : float
        How much clips differ in difficulty, 0-1.
    judges : float
        How often it knows, as a judge, whether a label is right.
    seed : int
        Of all chance.
    said : dict of (str, int) to (str, str)
        True label and what was said, by way of asking and first moment of the clip.
    """

    truth: Mapping[int, str]
    labels: tuple[str, ...]
    skills: Mapping[str, Array]
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    faults: Mapping[FaultKind, float] = field(default_factory=dict)
    small: int = 0
    spread: float = 0.9
    judges: float = 0.9
    seed: int = 0
    said: dict[tuple[str, int], tuple[str, str]] = field(default_factory=dict)

    def server(self, **options: Any) -> LoopbackServer:
        """A server that answers so; options as of `LoopbackServer`."""
        return LoopbackServer(answer=self.answer, fault_of=self.fault, **options)

    def answer(self, body: dict[str, Any]) -> dict[str, Any] | str:
        """What is said to a request."""
        asked = read_question(body)
        if asked is None:
            return "The mouse walks."
        if "accuracy" in json.dumps(body.get("response_format", {})):
            return self.verdict(asked, json.dumps(body["messages"][-1]))
        label, score = self.judged(asked, body.get("seed", 0))
        return {"label": label, "score": round(score, 3), **self.words.get(label, {})}

    def verdict(self, asked: Asked, text: str) -> dict[str, Any]:
        """What is thought of the label in a text."""
        (said,) = (label for label in self.labels if f'\\"label\\": \\"{label}' in text)
        knows = self._chance(asked.codes[0], _JUDGES).random() < self.judges
        right = (said == self.true_label(asked.codes)) == knows
        score = 9 if right else 2
        return {"accuracy": score, "coherence": 10, "relevance": 10, "reason": f"It is {said}."}

    def judged(self, asked: Asked, seed: int = 0) -> tuple[str, float]:
        """The label that is said, and the share of such answers that are right.

        How hard a clip is does not depend on the request's seed.
        """
        true = self.true_label(asked.codes)
        skill = self.skills["zero-shot" if asked.width < self.small else asked.way]
        row = np.asarray(skill[self.labels.index(true)], dtype=np.float64)
        hard, chance, which = self._chance(asked.codes[0]).random(3)
        if seed:
            chance, which = self._chance(asked.codes[0], _AGAIN + seed).random(2)
        right = row[self.labels.index(true)]
        sure = right + self.spread * (1 - 2 * hard) * min(right, 1 - right)
        said = true
        if chance >= sure:
            others = np.where(np.array(self.labels) == true, 0.0, row)
            said = self.labels[int(np.searchsorted(np.cumsum(others) / others.sum(), which))]
        if not seed:
            self.said[asked.way, asked.codes[0]] = (true, said)
        return said, float(sure)

    def true_label(self, codes: Sequence[int]) -> str:
        """The label of most of these moments."""
        names, counts = np.unique([self.truth[code] for code in codes], return_counts=True)
        return str(names[counts.argmax()])

    def fault(self, number: int, body: dict[str, Any]) -> Fault | None:
        """What goes wrong with a request."""
        asked = read_question(body)
        if asked is None:
            return None
        draw = self._chance(asked.codes[0], _FAULTS).random()
        for kind, share in self.faults.items():
            if draw < share:
                return Fault(kind)
            draw -= share
        return None

    def _chance(self, code: int, what: int = 0) -> np.random.Generator:
        return np.random.default_rng([self.seed, code, what])


def counted(truthful: Truthful, way: Way) -> Array:
    """Clips by true (row) and said (column) label, of all that were asked about in one way."""
    matrix = np.zeros((len(truthful.labels), len(truthful.labels)), dtype=np.int64)
    for (asked, _), pair in truthful.said.items():
        if asked == way:
            true, said = map(truthful.labels.index, pair)
            matrix[true, said] += 1
    return matrix
