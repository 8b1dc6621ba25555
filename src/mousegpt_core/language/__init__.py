"""The one client for text and pictures: models, servers, keys, retries, cost, answers that fit."""

from __future__ import annotations

from mousegpt_core.language.contract import (
    LanguageModel,
    Message,
    Part,
    Picture,
    Reply,
    Request,
    Sampling,
)
from mousegpt_core.language.schema import AnswerField, AnswerSchema

__all__ = [
    "AnswerField",
    "AnswerSchema",
    "LanguageModel",
    "Message",
    "Part",
    "Picture",
    "Reply",
    "Request",
    "Sampling",
]
