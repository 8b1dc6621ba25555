"""One protocol asked in several ways, and which of them is right how often, at what price.

Each variant is the same protocol with other values; it is asked by the same engine, so that every
answer is kept, and what two variants have in common is asked once.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import pandas as pd

from mousegpt_core.analysis.answer_labels import LABELLED, NOT_ASKED, label_bouts
from mousegpt_core.analysis.classify import classify
from mousegpt_core.analysis.label_scheme import LabelScheme
from mousegpt_core.describe.model_describer import ModelDescriber
from mousegpt_core.describe.protocol import Protocol, load_protocol
from mousegpt_core.errors import DataError, SettingsError
from mousegpt_core.language.budget import Budget, Limits
from mousegpt_core.pipeline.answer_labelling import said_of, scheme_of_protocol
from mousegpt_core.pipeline.answered import (
    DEFAULT_PROTOCOL,
    answer_tables,
    asked_stage,
    newest_answers,
    read_asked,
)
from mousegpt_core.pipeline.asking import model_of, questions_of, refuse_unpriced
from mousegpt_core.pipeline.combining import combined_labels
from mousegpt_core.pipeline.describing import describe_study
from mousegpt_core.pipeline.evaluation import evaluate_variants
from mousegpt_core.pipeline.human_labels import human_files
from mousegpt_core.pipeline.reckoning import reckon
from mousegpt_core.pipeline.recording_stages import (
    recording_skeleton,
    run_clips,
    run_ethogram,
    study_rules,
)
from mousegpt_core.pipeline.work import Work
from mousegpt_core.plots import plot_ablation, to_svg
from mousegpt_core.settings import content_hash
from mousegpt_core.study import Recording, safe_name
from mousegpt_core.study.files import write_atomic, writing

#: What is shown with a clip: labelled clips, and the clips before and after it.
WAYS = {
    "zero-shot": ("0", "none"),
    "few-shot": ("", "none"),
    "temporal": ("", "temporal"),
    "autoregressive": ("", "autoregressive"),
}
KINEMATICS = "kinematics alone"
#: From so many recordings on, intervals are drawn over them, else over bouts of the human's labels.
_MANY = 5
_SCORES = ("macro_f1", "balanced_accuracy", "mcc", "kappa", "accuracy")
_BOOTSTRAP = 1000


@dataclass(frozen=True)
class Variant:
    """A protocol asked in one way.

    Attributes
    ----------
    way : str
        One of `WAYS`.
    varied : dict of str to str
        Keys of the protocol to their values, as in `load_protocol`.
    protocol : Protocol
        With all that; its name is that under which its questions are kept.
    """

    way: str
    varied: dict[str, str]
    protocol: Protocol

    @property
    def name(self) -> str:
        """For people."""
        return ", ".join([self.way, *(f"{key}={value}" for key, value in self.varied.items())])


def make_variants(
    protocol: str,
    folder: Path,
    ways: Sequence[str] = (),
    vary: Mapping[str, Sequence[str]] | None = None,
    changes: Mapping[str, str] | None = None,
) -> list[Variant]:
    """All ways of asking with all values of what is varied; those that ask the same, once.

    Parameters
    ----------
    protocol : str
        Name or file, as in `load_protocol`.
    folder : Path
        The study.
    ways : sequence of str
        Of `WAYS`; all by default.
    vary : mapping of str to sequence of str
        Keys of the protocol to the values that each is given.
    changes : mapping of str to str, optional
        What all of them change.

    Raises
    ------
    SettingsError
        If a way, a key or a value is not possible.
    """
    wrong = [way for way in ways if way not in WAYS]
    if wrong:
        raise SettingsError(f"no way of asking is called {wrong[0]!r}", hint=", ".join(WAYS))
    empty = [key for key, each in (vary or {}).items() if not each]
    if empty:
        raise SettingsError(f"{empty[0]} has no values", hint=f"--vary {empty[0]}=ONE,ANOTHER")
    base = load_protocol(protocol, folder, changes)
    shots = str(base.examples.shots or 1)
    found: dict[str, Variant] = {}
    values = [[(key, one) for one in each] for key, each in (vary or {}).items()]
    for pairs in itertools.product(*values):
        for way in ways or WAYS:
            given, context = WAYS[way]
            shown = {"examples.shots": given or shots, "examples.context": context}
            made = load_protocol(protocol, folder, {**(changes or {}), **shown, **dict(pairs)})
            mark = f"-{content_hash(dict(pairs))[:8]}" if pairs else ""
            named = made.model_copy(update={"name": f"{base.name}.{way}{mark}"})
            found.setdefault(made.hash, Variant(way, dict(pairs), named))
    return list(found.values())


def ablate_study(
    work: Work,
    *,
    describer: str = "",
    protocol: str = "",
    options: Mapping[str, Any] | None = None,
    ways: Sequence[str] = (),
    vary: Mapping[str, Sequence[str]] | None = None,
    changes: Mapping[str, str] | None = None,
    truth: Mapping[str, Path] | None = None,
    limit: int | None = None,
    limits: Limits | None = None,
    ensemble: bool = False,
    dry_run: bool = False,
    bootstrap: int = _BOOTSTRAP,
) -> dict[str, Any]:
    """Ask a model in several ways about the recordings that a person labelled, and score each.

    Parameters
    ----------
    work : Work
        The study at work.
    describer, protocol, options, changes
        As in `ask_study`.
    ways, vary
        As in `make_variants`.
    truth : mapping of str to Path, optional
        As in `evaluate_study`; by default the human labels that the protocol names.
    limit : int, optional
        Most clips to ask about in this run, of each variant.
    limits : Limits, optional
        What may be spent on all variants.
    ensemble : bool
        Also score each variant together with kinematics.
    dry_run : bool
        Ask nothing; tell what each variant would take.
    bootstrap : int
        Draws for the intervals.

    Returns
    -------
    dict
        ``variants``: a row each (scores, intervals, clips, tokens and cost per hour of film; of a
        dry run as `reckon`), ``total`` of a dry run, ``model``, ``protocol``, ``stopped``,
        ``drawn_over`` (what the intervals are drawn over), ``files``, ``failed``.

    Raises
    ------
    DataError
        If there are no human labels, or the variants have no clip in common.
    SettingsError
        If a variant is not possible, or its answers are no labels.
    """
    study = work.study
    section = study.section("describe")
    name = describer or str(section.get("describer", ""))
    asked = protocol or str(section.get("protocol", DEFAULT_PROTOCOL))
    limits = limits or Limits()
    kind, settings = model_of(study, name, options or {})
    refuse_unpriced(settings, limits)
    variants = make_variants(asked, study.folder, ways, vary, changes)
    behaviours = scheme_of_protocol(study, asked)
    files = dict(truth or _human_files(work, variants[0].protocol))
    only = sorted({owner.partition("/")[0] for owner in files})
    if dry_run:
        rows = []
        for one in variants:
            questions = questions_of(work, one.protocol)
            told = reckon(work, settings, questions, only=only, limit=limit)
            rows.append({**_told(one), **told})
        total = _total(rows)
        return {"variants": rows, "total": total, "model": settings.model, "protocol": asked}

    def make(left: Limits) -> ModelDescriber:
        return cast("ModelDescriber", kind(settings, budget=Budget(left)))

    stages, stopped = _ask_all(work, make, variants, only, limit, limits)
    run = Scoring(work, files, only, behaviours, bootstrap)
    rows = run.table([v for v in variants if v.name in stages], stages, ensemble=ensemble)
    result = {
        "variants": rows,
        "not_asked": [v.name for v in variants if v.name not in stages],
        "model": settings.model,
        "protocol": asked,
        "labels": list(behaviours.names),
        "stopped": stopped,
        "drawn_over": "recordings" if rows[0]["scored"] >= _MANY else "bouts of the human's labels",
        "failed": work.failures,
    }
    return {**result, "files": _write(work, asked, result)}


def _human_files(work: Work, protocol: Protocol) -> dict[str, Path]:
    """The files of a person's labels that the protocol names, by their owners."""
    folder = work.study.folder / protocol.examples.truth
    files = human_files(folder)
    if not files:
        raise DataError(
            "there are no human labels to score against", file=folder,
            expected="RECORDING.csv, or RECORDING@ANIMAL.csv where it has several animals",
            found="none", hint="put them there, or give --truth RECORDING=FILE",
        )  # fmt: skip
    return files


def _ask_all(
    work: Work,
    make: Callable[[Limits], ModelDescriber],
    variants: Sequence[Variant],
    only: Sequence[str],
    limit: int | None,
    limits: Limits,
) -> tuple[dict[str, str], str]:
    """Ask in one way after the other, as long as there is money.

    Returns
    -------
    stages : dict of str to str
        Variants that were asked to their tables.
    stopped : str
        As `describe_study`.
    """
    left: Limits | None = limits
    stages: dict[str, str] = {}
    stopped = ""
    for variant in variants:
        if left is None:
            return stages, "budget"
        made = make(left)
        questions = questions_of(work, variant.protocol)
        told = describe_study(work, made, questions, only=only, limit=limit)
        stages[variant.name] = asked_stage(made.name, made.model_name, variant.protocol.name)
        stopped = told["stopped"] or stopped
        if told["stopped"] == "budget":
            break
        left = _left(left, told["all"])
    return stages, stopped


def _left(limits: Limits, spent: Mapping[str, Any]) -> Limits | None:
    """What may still be spent; None = nothing."""
    money, tokens = limits.money, limits.tokens
    if money is not None:
        money -= spent["cost"]
    if tokens is not None:
        tokens -= spent["tokens_in"] + spent["tokens_out"]
    if (money is not None and money <= 0) or (tokens is not None and tokens <= 0):
        return None
    return Limits(money=money, tokens=tokens)


def _told(variant: Variant) -> dict[str, Any]:
    return {"variant": variant.name, "way": variant.way, "varied": variant.varied}


def _total(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sums of what all variants would take; None where one is not known."""
    names = ("requests", "images", "tokens_in", "tokens_out", "cost", "seconds")
    each = {name: [row[name] for row in rows] for name in names}
    return {name: None if None in values else sum(values) for name, values in each.items()}


@dataclass(frozen=True)
class Scoring:
    """Scores of variants against a person's labels."""

    work: Work
    truth: Mapping[str, Path]
    only: Sequence[str]
    behaviours: LabelScheme
    bootstrap: int

    def table(
        self, variants: Sequence[Variant], stages: Mapping[str, str], *, ensemble: bool
    ) -> list[dict[str, Any]]:
        """A row for each variant, and for kinematics."""
        reached = {v.name: self._reached(v, stages[v.name]) for v in variants}
        said = {v.name: self._said(stages[v.name], reached[v.name]) for v in variants}
        costs = {v.name: self._costs(stages[v.name], reached[v.name]) for v in variants}
        rows = {v.name: {**_told(v), **_ends(said[v.name]), **costs[v.name]} for v in variants}
        asked = list(said)
        for variant in variants if ensemble else ():
            name = f"{variant.name} + kinematics"
            said[name] = self._combined(variant, stages[variant.name], reached[variant.name])
            own = {**_ends(said[name]), **costs[variant.name]}
            rows[name] = {**_told(variant), "variant": name, **own}
        rows[KINEMATICS] = {"variant": KINEMATICS, "way": "", "varied": {}}
        bouts = {
            name: {id: label_bouts(one, one, name) for id, one in tables.items()}
            for name, tables in said.items()
        }
        bouts[KINEMATICS] = {one.id: self._kinematic(one) for one in self._recordings()}
        scores = evaluate_variants(
            self.work.study,
            {o: f for o, f in self.truth.items() if o.partition("/")[0] in bouts[KINEMATICS]},
            bouts,
            self.behaviours,
            asked=asked,
            bootstrap=self.bootstrap,
        )
        return [{**row, **_scores(scores[name])} for name, row in rows.items()]

    def _recordings(self) -> list[Recording]:
        chosen = self.work.chosen(self.only)
        return [one for one in chosen if one.id not in self.work.failed]

    def _reached(self, variant: Variant, stage: str) -> list[Recording]:
        """Recordings that were asked about just so, now or before; a limit may leave some out."""
        wanted = variant.protocol.hash
        entries = {one.id: one.store.entry(stage) for one in self._recordings()}
        asked = {id: e.provenance.settings["protocol"] for id, e in entries.items() if e}
        return [one for one in self._recordings() if asked.get(one.id) == wanted]

    def _said(self, stage: str, reached: Sequence[Recording]) -> dict[str, pd.DataFrame]:
        return {one.id: said_of(self.work, one, stage, self.behaviours, 0.0) for one in reached}

    def _combined(
        self, variant: Variant, stage: str, reached: Sequence[Recording]
    ) -> dict[str, pd.DataFrame]:
        if not reached:
            return {}
        said, _ = combined_labels(
            self.work,
            reached,
            stage,
            variant.protocol,
            self.behaviours,
            partial(said_of, self.work),
            0.0,
        )
        return said

    def _kinematic(self, recording: Recording) -> pd.DataFrame:
        """Bouts of the same behaviours by their definitions alone."""
        run_ethogram(self.work, recording)
        run_clips(self.work, recording)
        return classify(
            recording.store.read_dataset("ethogram"),
            recording.store.read_table("clips"),
            self.behaviours,
            rules=study_rules(self.work.study),
            recording=recording.id,
            skeleton=recording_skeleton(self.work.study, recording),
        ).bouts

    def _costs(self, stage: str, reached: Sequence[Recording]) -> dict[str, Any]:
        """Tokens and money for an hour of film, over all clips that were answered."""
        tokens_in = tokens_out = cost = seconds = 0.0
        for recording in reached:
            asked, _ = read_asked(recording, stage)
            lengths = (asked["stop_s"] - asked["start_s"]).set_axis(asked["clip_id"])
            for answers in answer_tables(recording, asked, newest_answers(recording)):
                paid = answers[answers["request_key"] != ""]
                seconds += float(lengths[paid["clip_id"]].sum())
                tokens_in += float(paid["tokens_in"].sum())
                tokens_out += float(paid["tokens_out"].sum())
                cost += float(paid["cost"].sum(skipna=False))
        hours = seconds / 3600
        per_hour = {"tokens_in": tokens_in, "tokens_out": tokens_out, "cost": cost}
        return {
            "film_s": seconds,
            **{
                f"{name}_per_hour": None if not hours or math.isnan(value) else value / hours
                for name, value in per_hour.items()
            },
        }


def _ends(said: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """How many clips there were and how they ended."""
    ends = pd.concat([pd.Series(dtype=object), *(one["status"] for one in said.values())])
    asked = int((ends != NOT_ASKED).sum())
    return {
        "clips": asked,
        "labelled": int((ends == LABELLED).sum()),
        "not_asked": len(ends) - asked,
    }


def _scores(scores: Mapping[str, Any]) -> dict[str, Any]:
    """What is shown of an evaluation."""
    interval = scores.get("interval", {})
    return {
        **{name: scores[name] for name in _SCORES},
        "unknown": scores["unknown"],
        "frames": scores["frames"],
        "scored": len(scores["recordings"]),
        "f1": {name: each["f1"] for name, each in scores["per_class"].items()},
        "interval": interval,
        "confusion": scores["confusion"],
    }


def _write(work: Work, protocol: str, result: Mapping[str, Any]) -> dict[str, str]:
    """The table as csv and JSON, and its figure, in the study's results."""
    folder = work.study.folder / "results"
    stem = f"ablation-{safe_name(Path(protocol).stem)}"
    rows = result["variants"]
    flat = pd.DataFrame([_flat(row) for row in rows])
    figure = plot_ablation(rows, result["labels"], result["drawn_over"])
    title = f"Ways of asking by {result['protocol']}, scored against a person"
    texts = {
        "csv": flat.to_csv(index=False),
        "json": json.dumps(result, indent=1, ensure_ascii=False),
        "svg": to_svg(figure, name="ablation", title=title),
    }
    with writing(folder):
        folder.mkdir(exist_ok=True)
    for ending, text in texts.items():
        write_atomic(folder / f"{stem}.{ending}", text)
    return {ending: str(folder / f"{stem}.{ending}") for ending in texts}


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row for a table: one value a column."""
    nested = ("varied", "f1", "interval", "confusion")
    flat = {key: value for key, value in row.items() if key not in nested}
    flat |= row["varied"]
    flat |= {f"f1 {name}": value for name, value in row["f1"].items()}
    for name, (low, high) in row["interval"].items():
        flat |= {f"{name} low": low, f"{name} high": high}
    return flat
