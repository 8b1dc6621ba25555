"""A model asked about a study as a person orders it: describer, protocol, limits, dry run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from mousegpt_core.describe.model_describer import ModelDescriber
from mousegpt_core.describe.protocol import Protocol, load_protocol
from mousegpt_core.errors import SettingsError
from mousegpt_core.language.budget import Budget, Limits
from mousegpt_core.language.contract import ModelOptions
from mousegpt_core.pipeline.answered import DEFAULT_PROTOCOL
from mousegpt_core.pipeline.describing import Questions, Shown, describe_study
from mousegpt_core.pipeline.previewing import prepare_showing
from mousegpt_core.pipeline.reckoning import reckon
from mousegpt_core.pipeline.showing import Showing
from mousegpt_core.pipeline.work import Work
from mousegpt_core.registry import load_backend
from mousegpt_core.study import Recording, Study


def ask_study(
    work: Work,
    *,
    describer: str = "",
    protocol: str = "",
    options: Mapping[str, Any] | None = None,
    changes: Mapping[str, str] | None = None,
    only: Sequence[str] | None = None,
    limit: int | None = None,
    retry: Collection[str] = (),
    limits: Limits | None = None,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Ask a model about a study; what is not given is as ``[describe]`` of study.toml says.

    Parameters
    ----------
    work : Work
        The study at work.
    describer, protocol : str
        Their names.
    options : mapping, optional
        Of the describer, over those of study.toml.
    changes : mapping of str to str, optional
        Of the protocol, as in `load_protocol`.
    only, limit, retry
        As in `describe_study`.
    limits : Limits, optional
        What may be spent.
    dry_run : bool
        Only reckon what would be asked, and what it would take.

    Returns
    -------
    dict
        As `describe_study`, or `reckon`.

    Raises
    ------
    SettingsError
        If describer, protocol or options do not fit, or money is limited and has no price.
    """
    study = work.study
    section = dict(study.section("describe"))
    name = describer or str(section.get("describer", ""))
    own = section if section.get("describer") == name else {}
    asked = protocol or str(own.get("protocol", DEFAULT_PROTOCOL))
    kind, settings = model_of(study, name, options or {})
    questions = questions_of(work, load_protocol(asked, study.folder, changes))
    limits = limits or Limits()
    refuse_unpriced(settings, limits)
    if dry_run:
        return reckon(work, settings, questions, only=only, limit=limit, retry=retry)
    made = kind(settings, budget=Budget(limits))
    return describe_study(work, made, questions, only=only, limit=limit, retry=retry)


def model_of(study: Study, name: str, options: Mapping[str, Any]) -> tuple[type[Any], ModelOptions]:
    """The class of a describer that asks a model, and its options.

    Parameters
    ----------
    study : Study
        Its ``[describe]`` says what is not given, if it names the same describer.
    name : str
        The describer.
    options : mapping
        Over those of study.toml.

    Raises
    ------
    SettingsError
        If it asks no model, or the options do not fit.
    """
    section = study.section("describe")
    kind = _describer(name)
    own = section if section.get("describer") == name else {}
    own = {key: value for key, value in own.items() if key not in ("describer", "protocol")}
    settings: ModelOptions = kind.Options.parse(
        {**own, **options}, source="the describer's options"
    )
    return kind, settings


def refuse_unpriced(settings: ModelOptions, limits: Limits) -> None:
    """Check that a limit in money can be kept to.

    Raises
    ------
    SettingsError
        If the model's price is not known.
    """
    if limits.money is not None and settings.price is None:
        raise SettingsError(
            f"a limit in money needs a price, and none is known for {settings.model!r}",
            hint="give the model a price in your prices.toml, or limit tokens: --max-tokens",
        )


def _describer(name: str) -> type[Any]:
    """The class of a describer that asks a model."""
    kind = load_backend("describers", name)
    if not issubclass(kind, ModelDescriber):
        raise SettingsError(
            f"the describer {name!r} asks no model", hint="name one that does: --describer openai"
        )
    return kind


def questions_of(work: Work, protocol: Protocol) -> Questions:
    """What a protocol asks of a study's recordings."""

    def show(recording: Recording, stack: ExitStack) -> Shown:
        prepare_showing(work, recording, protocol)
        return Showing(work.study, recording, protocol, stack)

    return Questions(
        protocol.name,
        protocol.hash,
        show,
        lambda clip_id, values: protocol.answer.to_answer(clip_id, dict(values)),
        chained=protocol.is_chained,
        seed=protocol.model.seed,
    )
