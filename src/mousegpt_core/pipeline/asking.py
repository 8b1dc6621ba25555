"""A model asked about a study as a person orders it: describer, protocol, limits, dry run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
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
    times: int = 1,
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
    times : int
        How often each clip is asked about, each time with another seed. The first answers
        describe; how far the others agree is the confidence in them. A limit holds for each time.
    dry_run : bool
        Only reckon what would be asked, and what it would take.

    Returns
    -------
    dict
        As `describe_study`, or `reckon` of all times; ``again``: ``all`` of each time but the
        first.

    Raises
    ------
    SettingsError
        If describer, protocol or options do not fit, money is limited and has no price, or the
        same would be said each time.
    """
    study = work.study
    section = dict(study.section("describe"))
    name = describer or str(section.get("describer", ""))
    own = section if section.get("describer") == name else {}
    asked = protocol or str(own.get("protocol", DEFAULT_PROTOCOL))
    kind, settings = model_of(study, name, options or {})
    each_time = _each_time(work, load_protocol(asked, study.folder, changes), times)
    limits = limits or Limits()
    refuse_unpriced(settings, limits)
    orders: dict[str, Any] = {"only": only, "limit": limit, "retry": retry}
    if dry_run:
        return _summed([reckon(work, settings, each, **orders) for each in each_time])
    budget, made = Budget(limits), []
    for questions in each_time:
        made.append(describe_study(work, kind(settings, budget=budget), questions, **orders))
    return {**made[0], "again": [later["all"] for later in made[1:]]}


def _each_time(work: Work, protocol: Protocol, times: int) -> list[Questions]:
    """The same questions, each time with another seed.

    Raises
    ------
    SettingsError
        If the model leaves nothing to chance.
    """
    if times > 1 and protocol.model.temperature == 0:
        raise SettingsError(
            f"at temperature 0 the protocol {protocol.name!r} gets the same answer each time",
            hint="give it some chance: --set model.temperature=0.7",
        )
    found = []
    for time in range(times):
        model = protocol.model.model_copy(update={"seed": protocol.model.seed + time})
        again = protocol.model_copy(update={"model": model})
        found.append(replace(questions_of(work, again), time=time))
    return found


def _summed(reckoned: list[dict[str, Any]]) -> dict[str, Any]:
    """What all times would take together; what is not known of one is not known."""
    total = dict(reckoned[0])
    for name in ("there_already", "unshown", "requests", "images", "tokens_in", "tokens_out"):
        total[name] = sum(each[name] for each in reckoned)
    total["reasons"] = sum((each["reasons"] for each in reckoned), Counter[str]())
    for name in ("cost", "seconds"):
        values = [each[name] for each in reckoned]
        total[name] = None if None in values else sum(values)
    return {**total, "estimated": any(each["estimated"] for each in reckoned)}


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
    source = "the describer's options (--model, --base-url, --option KEY=VALUE, or study.toml)"
    settings: ModelOptions = kind.Options.parse({**own, **options}, source=source)
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
