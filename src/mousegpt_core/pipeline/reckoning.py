"""What it would take to ask a model about a study, reckoned without asking it."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from mousegpt_core.errors import DataError, VideoError
from mousegpt_core.language import Picture, Request
from mousegpt_core.language.contract import ModelOptions
from mousegpt_core.language.cost import Price
from mousegpt_core.pipeline.describing import Questions, count_reason
from mousegpt_core.pipeline.work import Work
from mousegpt_core.study import Recording

#: Tokens of a reply where no earlier one tells.
_REPLY_TOKENS = 150
#: Letters of English in one token, about.
_LETTERS = 4
#: Pixels of a picture in one token, about (28 x 28, as Qwen2.5-VL has them).
_PIXELS = 28 * 28


@dataclass
class _Count:
    """What was counted: clips, questions, and what is in them."""

    clips: int = 0
    requests: int = 0
    unshown: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    answered: set[str] = field(default_factory=set)
    images: int = 0
    letters: int = 0
    pixels: float = 0.0


def reckon(
    work: Work,
    model: ModelOptions,
    questions: Questions,
    *,
    only: Sequence[str] | None = None,
    limit: int | None = None,
    retry: Collection[str] = (),
) -> dict[str, Any]:
    """What `describing.describe_study` would ask; no server, key or package is needed for it.

    Tokens are those of earlier answers to the same protocol by the same model where there are some,
    else estimated: four letters or 784 pixels each, and 150 of a reply.

    Parameters
    ----------
    model : ModelOptions
        The model.
    work, questions, only, limit, retry
        As in `describe_study`.

    Returns
    -------
    dict
        ``clips``, ``there_already``, ``unshown`` (clips that cannot be shown), ``reasons`` (of
        how many, why), ``requests``, ``images``,
        ``tokens_in``, ``tokens_out``, ``cost`` (None = price not known), ``seconds`` (None = no
        earlier run tells), ``estimated`` (whether the tokens are), ``failed``.
    """
    identity, count, past = model.identity, _Count(), []
    for recording in work.chosen(only):
        try:
            with ExitStack() as stack:
                _count(recording, identity, questions, retry, count, stack)
        except (DataError, VideoError) as error:
            work.failed[recording.id] = error
        past.append(questions.ledger.past(recording, questions))
    ready = count.clips - count.requests - count.unshown
    share = 1.0
    if limit is not None and count.requests > limit:
        share = limit / count.requests
    per_request = _per_request(count, pd.concat(past)) if past else None
    return {
        "clips": count.clips,
        "there_already": ready,
        "unshown": count.unshown,
        "reasons": count.reasons,
        "requests": round(count.requests * share),
        "images": round(count.images * share),
        **_amounts(per_request, round(count.requests * share), model.price),
        "model": identity,
        "protocol": questions.name,
        "failed": work.failures,
    }


def _count(
    recording: Recording,
    identity: str,
    questions: Questions,
    retry: Collection[str],
    count: _Count,
    stack: ExitStack,
) -> None:
    """Count what is to be asked of one recording; its first question is looked at closely."""
    shown = questions.show(recording, stack)
    known = questions.ledger.known(recording, retry)
    clips = shown.clips()
    labels: dict[str, str] = {}
    for clip_id in clips["clip_id"]:
        count.clips += 1
        try:
            request = shown.request(clip_id, labels)
        except (DataError, VideoError) as error:
            count.unshown += 1
            count_reason(count.reasons, clip_id, str(error))
            continue
        key = request.key(identity)
        before = known.get(key)
        if before is not None and not before.ask_again:
            labels[clip_id] = before.label
            count.answered.add(key)
            continue
        count.requests += 1
        pictures = [part for part in _parts(request) if isinstance(part, Picture)]
        count.images += len(pictures)
        count.letters += sum(len(part) for part in _parts(request) if isinstance(part, str))
        if not count.pixels:
            count.pixels = sum(map(_size, pictures)) / max(len(pictures), 1)


def _parts(request: Request) -> Iterator[str | Picture]:
    for message in request.messages:
        yield from message.parts


def _size(picture: Picture) -> int:
    """Pixels of a picture."""
    from PIL import Image

    with Image.open(io.BytesIO(picture.load())) as image:
        return image.width * image.height


def _per_request(count: _Count, past: pd.DataFrame) -> dict[str, Any]:
    """Tokens in and out, and seconds, of one request."""
    told = past[(past["tokens_in"] > 0) & past["request_key"].isin(count.answered)]
    if len(told):
        longest = told[told["run_id"] == told["run_id"].value_counts().idxmax()]
        moments = pd.to_datetime(longest["created"])
        seconds = (moments.max() - moments.min()).total_seconds() / max(len(longest) - 1, 1)
        return {
            "in": told["tokens_in"].mean(),
            "out": told["tokens_out"].mean(),
            "seconds": seconds or None,
            "estimated": False,
        }
    tokens = count.letters / _LETTERS + count.images * count.pixels / _PIXELS
    return {
        "in": tokens / max(count.requests, 1),
        "out": _REPLY_TOKENS,
        "seconds": None,
        "estimated": True,
    }


def _amounts(one: dict[str, Any] | None, requests: int, price: Price | None) -> dict[str, Any]:
    """Tokens, money and time of so many requests."""
    one = one or {"in": 0, "out": 0, "seconds": None, "estimated": True}
    tokens_in, tokens_out = round(one["in"] * requests), round(one["out"] * requests)
    return {
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "cost": None if price is None else price.of(tokens_in, tokens_out),
        "seconds": None if one["seconds"] is None else one["seconds"] * requests,
        "estimated": one["estimated"],
    }
