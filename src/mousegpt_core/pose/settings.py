"""Settings of the silhouettes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mousegpt_core.settings import Settings


class SilhouetteSettings(Settings):
    """How an animal is told from its background, in a film that has no poses."""

    polarity: Literal["auto", "dark", "light", "both"] = Field(
        default="auto", description="Whether animals are darker or lighter than what is behind them"
    )
    rate: float = Field(default=30.0, gt=0, description="About so many frames a second are used")
    longest_side: int = Field(
        default=480, ge=64, le=4096, description="Pictures are shrunk to at most this (px)"
    )
    background_frames: int = Field(
        default=100, ge=10, le=1000, description="Frames that the background is learnt from"
    )
    threshold: float | None = Field(
        default=None,
        gt=0,
        lt=255,
        description="Difference from the background that is animal (grey levels); none: found",
    )
