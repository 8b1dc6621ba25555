"""What we take of a server's replies; anything else in them is its own affair."""

from __future__ import annotations

from pydantic import BaseModel, Field

from mousegpt_core.language.cost import Price


class _Said(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Said
    finish_reason: str | None = None


class _InputDetails(BaseModel):
    cached_tokens: int | None = None


class Usage(BaseModel):
    """Tokens that were charged."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _InputDetails | None = None

    def cost(self, price: Price) -> float:
        """What they cost."""
        details = self.prompt_tokens_details
        cached = (details.cached_tokens if details else 0) or 0
        return price.of(self.prompt_tokens, self.completion_tokens, cached)


class Completion(BaseModel):
    """A chat completion."""

    model: str | None = None
    choices: list[_Choice] = Field(min_length=1)
    usage: Usage | None = None


class _Vector(BaseModel):
    index: int
    embedding: list[float] = Field(min_length=1)


class Embeddings(BaseModel):
    """Vectors of texts."""

    data: list[_Vector]
    usage: Usage | None = None
