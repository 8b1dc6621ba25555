"""Which token comes next in each row of a batch: what its grammar allows, and its own chance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mousegpt_core.language.batching import Leave
from mousegpt_core.language.contract import Sampling
from mousegpt_core.language.schema import AnswerSchema

if TYPE_CHECKING:
    import torch

#: What brings an answer nearer to its end, the best first.
_CLOSERS = ("]", "}", '"', ",")
#: Letters that may be under way when an answer must come to its end.
_SPARE = 8


@dataclass
class Row:
    """One answer that is being written.

    Attributes
    ----------
    sampling : Sampling
        Its settings.
    matcher : llguidance.LLMatcher, optional
        Says which tokens keep to the schema; None = all do.
    closing_at : int
        When so few tokens are left, the answer is brought to its end.
    written : int
        Tokens so far.
    cut_off : bool
        Whether `Sampling.max_tokens` ended it.
    ended : bool
        Whether it has come to its end; what follows is padding.
    """

    sampling: Sampling
    matcher: Any = None
    closing_at: int = 0
    written: int = 0
    cut_off: bool = False
    ended: bool = False
    chance: Any = field(default=None, repr=False)

    @property
    def left(self) -> int:
        """Tokens that may still come."""
        return self.sampling.max_tokens - self.written


class Grammars:
    """Grammars of schemas for one tokenizer.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerFast
        The model's.
    vocabulary : int
        Number of tokens that the model scores; often more than the tokenizer has.
    ends : sequence of int
        Tokens that end an answer.
    """

    def __init__(self, tokenizer: Any, vocabulary: int, ends: Sequence[int]) -> None:
        import llguidance
        import llguidance.hf

        self.vocabulary = vocabulary
        self.ends = frozenset(ends)
        self.end = ends[0]
        self._tokens = llguidance.hf.from_tokenizer(
            tokenizer, n_vocab=vocabulary, eos_token=list(ends)
        )
        self._matcher = llguidance.LLMatcher
        self._closers: dict[str, int] = {
            sign: token
            for sign, token in zip(
                _CLOSERS, tokenizer.convert_tokens_to_ids(list(_CLOSERS)), strict=True
            )
            if token is not None
        }

    def row(self, schema: AnswerSchema | None, sampling: Sampling) -> Row:
        """An answer that is about to be written."""
        if schema is None:
            return Row(sampling)
        grammar = self._matcher.grammar_from_json_schema(
            schema.json_schema(), overrides={"whitespace_flexible": False}
        )
        closing_at = min(shortest(schema) + _SPARE, sampling.max_tokens // 2)
        return Row(sampling, self._matcher(self._tokens, grammar), closing_at)

    def closer(self, allowed: torch.Tensor) -> int | None:
        """The token that brings an answer nearest to its end, of those that are allowed."""
        may = {sign: token for sign, token in self._closers.items() if bool(allowed[token])}
        if '"' in may and "}" in may:  # within a text, where brackets are but letters
            return may['"']
        return next(iter(may.values()), None)


def shortest(schema: AnswerSchema) -> int:
    """Bytes of the shortest answer, choices aside, of which the longest counts."""
    empty = {"text": "", "number": 10.25, "list": []}
    values = {
        one.name: max(one.choices, key=len) if one.choices else empty[one.kind]
        for one in schema.fields
    }
    return len(json.dumps(values, ensure_ascii=False).encode())


class TokenChoice:
    """Scores of the next token of each row, so that the highest is the one to take.

    Grammars come first. Chance is the row's own, by the Gumbel-max trick (Gumbel 1954; Maddison
    et al. 2014): the highest of ``score / temperature + Gumbel noise`` is a draw from the softmax.
    So, rounding aside, an answer does not depend on which others are in its batch.

    Parameters
    ----------
    rows : sequence of Row
        In the order of the batch.
    grammars : Grammars
        Of the model.
    leave : Leave
        Once it is given up all rows end.
    """

    def __init__(self, rows: Sequence[Row], grammars: Grammars, leave: Leave) -> None:
        self._rows = rows
        self._grammars = grammars
        self._leave = leave
        self._begun = False

    def __call__(self, ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores ``(rows, vocabulary)`` of what comes after the tokens ``(rows, so far)``."""
        if self._begun:
            for row, token in zip(self._rows, ids[:, -1].tolist(), strict=True):
                self._take(row, token)
        self._begun = True
        allowed = self._allowed(scores)
        chosen = scores.masked_fill(~allowed, float("-inf"))
        for number, row in enumerate(self._rows):
            if row.sampling.temperature > 0:
                chosen[number] = self._by_chance(row, chosen[number])
        return chosen

    def _allowed(self, scores: torch.Tensor) -> torch.Tensor:
        """What may come, of type bool, ``(rows, vocabulary)``."""
        import torch
        from llguidance.torch import fill_next_token_bitmask

        words = (self._grammars.vocabulary + 31) // 32
        packed = torch.full((len(self._rows), words), -1, dtype=torch.int32)
        for number, row in enumerate(self._rows):
            if row.matcher is not None and not row.matcher.is_stopped():
                fill_next_token_bitmask(row.matcher, packed, number)
        places = torch.arange(32, dtype=torch.int32, device=scores.device)
        bits = (packed.to(scores.device)[:, :, None] >> places) & 1
        allowed = bits.flatten(1)[:, : scores.shape[1]].bool()
        for number, row in enumerate(self._rows):
            self._narrow(row, allowed[number])
        return allowed

    def _narrow(self, row: Row, allowed: torch.Tensor) -> None:
        """Bring an answer to its end where it must; `allowed` ``(vocabulary,)`` is changed."""
        whole = row.ended or (row.matcher is not None and row.matcher.is_stopped())
        if whole or self._leave.given_up or row.left <= 0:
            row.cut_off |= not whole
            allowed[:] = False
            allowed[self._grammars.end] = True
            return
        if row.left > row.closing_at or row.matcher is None:
            return
        row.cut_off = True
        closer = self._grammars.closer(allowed)
        if closer is not None:
            allowed[:] = False
            allowed[closer] = True

    def _take(self, row: Row, token: int) -> None:
        if row.ended:
            return
        row.written += 1
        row.ended = token in self._grammars.ends
        if row.matcher is not None and not (row.ended or row.matcher.is_stopped()):
            row.matcher.consume_token(token)

    def _by_chance(self, row: Row, scores: torch.Tensor) -> torch.Tensor:
        import torch

        if row.chance is None:
            row.chance = torch.Generator(scores.device).manual_seed(row.sampling.seed)
        drawn = torch.rand(scores.shape, generator=row.chance, device=scores.device)
        noise = -torch.log(-torch.log(drawn.clamp(1e-20, 1 - 1e-7)))
        return scores / row.sampling.temperature + noise
