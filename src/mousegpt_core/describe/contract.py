"""What a describer is given and what it gives back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pandas as pd
import xarray as xr

from mousegpt_core.language import Request
from mousegpt_core.settings import Settings
from mousegpt_core.skeleton import Skeleton


@dataclass(frozen=True)
class Answer:
    """What a describer says of one clip.

    Attributes
    ----------
    clip_id : str
        The clip.
    sections : dict of str to str
        Keys are `clips.SECTIONS`: overall, head, limb, torso, others, keywords (comma separated).
    label : str
        Activity of the documented ethogram, or ``""``.
    score : float
        0-1, how well the label fits.
    status : str
        ``"described"``, ``"invalid"`` or ``"failed"``.
    reason : str
        Why not, where the status is not ``"described"``; else why a model was asked again.
    raw : str
        The unparsed answer of a model.
    model : str
        The model, as its server names it.
    request_key : str
        `Request.key` of what a model was asked; ``""`` = nothing could be asked, or no model.
    tokens_in, tokens_out : int
        Tokens that were charged.
    cost : float
        In the currency of the price list; nan = price not known.
    attempt : int
        How many times this was asked, in all runs; 0 = it was answered in an earlier one.
    retries : int
        How many times the server failed meanwhile, and was asked again.
    """

    clip_id: str
    sections: dict[str, str] = field(default_factory=dict)
    label: str = ""
    score: float = float("nan")
    status: str = "described"
    reason: str = ""
    raw: str = ""
    model: str = ""
    request_key: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    attempt: int = 1
    retries: int = 0


@dataclass(frozen=True)
class Known:
    """What came of a question that was asked before.

    Attributes
    ----------
    status, label : str
        As in `Answer`.
    attempts : int
        How many times it was asked.
    ask_again : bool
        Whether that does not do.
    reason : str
        Why not, where the status is not ``"described"``.
    """

    status: str
    label: str
    attempts: int
    ask_again: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Asking:
    """How a model is asked of clips, and how its answers are read.

    Attributes
    ----------
    request : callable
        From a clip's id, and the labels that were predicted of clips before it, to the question.
        Called from threads.
    read : callable
        From a clip's id and the checked values of the answer to what is said of the clip.
    chained : bool
        Whether a question depends on what was said of the clips before it: then the clips of each
        animal are asked one after the other.
    known : callable
        From a request's key to what came of it before; None = it was not asked.
    leave : callable
        Called once for each clip that is to be asked; False = begin no more.
    """

    request: Callable[[str, Mapping[str, str]], Request]
    read: Callable[[str, Mapping[str, Any]], Answer]
    chained: bool = False
    known: Callable[[str], Known | None] = lambda key: None
    leave: Callable[[], bool] = lambda: True


@dataclass(frozen=True)
class Evidence:
    """Everything that is known about a stretch of one recording.

    Attributes
    ----------
    clips : DataFrame
        Table `clips.CLIPS`: what to describe.
    kinematics : Dataset
        As `kinematics.compute_kinematics` gives it, covering the clips and some context around.
    ethogram : Dataset
        As `describe.ethogram.compute_ethogram` gives it, on the same times.
    skeleton : Skeleton
        Roles of the keypoints.
    ask : Asking, optional
        How a model is asked; not for describers that need none.
    """

    clips: pd.DataFrame
    kinematics: xr.Dataset
    ethogram: xr.Dataset
    skeleton: Skeleton
    ask: Asking | None = None


class Describer(ABC):
    """Turns clips into descriptions. One file per backend.

    Class attributes
    ----------------
    name : str
        Name to ask for it by.
    version : int
        Raised by hand when the same input gives another answer.
    paid : bool
        Whether answers cost money or long computing and so are kept for ever.
    Options : type of Settings
        Its options.

    Parameters
    ----------
    options : Settings, optional
        An instance of `Options`; its defaults if not given.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    paid: ClassVar[bool] = False
    Options: ClassVar[type[Settings]] = Settings

    def __init__(self, options: Settings | None = None) -> None:
        self.options = self.Options() if options is None else options

    @abstractmethod
    def describe(self, evidence: Evidence) -> AsyncIterator[Answer]:
        """Describe each clip; answers come as they are ready, in any order."""

    async def close(self) -> None:  # noqa: B027 (most have nothing to close)
        """Let go of connections and memory."""
