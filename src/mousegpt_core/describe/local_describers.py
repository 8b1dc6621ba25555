"""Describers whose model runs in this process, in batches."""

from __future__ import annotations

from typing import ClassVar

from mousegpt_core.describe.model_describer import ModelDescriber
from mousegpt_core.language.budget import Budget
from mousegpt_core.language.lmdeploy_model import LmdeployModel, LmdeployOptions
from mousegpt_core.language.transformers_model import TransformersModel, TransformersOptions
from mousegpt_core.settings import Settings

#: Batches that are gathered or under way at once: while one is written the next comes together.
_BATCHES = 2


class TransformersDescriber(ModelDescriber):
    """Describes clips by a model that the library transformers runs.

    Parameters
    ----------
    options : TransformersOptions
        Which model, where.
    budget : Budget, optional
        What may be spent.
    """

    name: ClassVar[str] = "transformers"
    Options: ClassVar[type[Settings]] = TransformersOptions

    def __init__(self, options: TransformersOptions, *, budget: Budget | None = None) -> None:
        model = TransformersModel(options)
        super().__init__(model, options, at_once=_BATCHES * options.batch, budget=budget)


class LmdeployDescriber(ModelDescriber):
    """Describes clips by a model that LMDeploy's batch pipeline runs on a GPU.

    Parameters
    ----------
    options : LmdeployOptions
        Which model, how.
    budget : Budget, optional
        What may be spent.
    """

    name: ClassVar[str] = "lmdeploy"
    Options: ClassVar[type[Settings]] = LmdeployOptions

    def __init__(self, options: LmdeployOptions, *, budget: Budget | None = None) -> None:
        model = LmdeployModel(options)
        super().__init__(model, options, at_once=_BATCHES * options.batch, budget=budget)
