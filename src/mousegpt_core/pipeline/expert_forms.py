"""Blinded forms for experts who judge a study's descriptions, and what their answers come to."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mousegpt_core.analysis.experts import ANSWERS, QUESTIONS, Kind, plan_forms, score
from mousegpt_core.clips import CLIPS, SECTIONS
from mousegpt_core.describe.foreign_rows import Place
from mousegpt_core.describe.kinematic import KinematicDescriber
from mousegpt_core.describe.protocol import Protocol, load_protocol
from mousegpt_core.errors import DataError, FormatError, SettingsError, VideoError
from mousegpt_core.language import Picture
from mousegpt_core.pipeline.answered import (
    DEFAULT_PROTOCOL,
    answer_tables,
    asked_clips,
    imported_stage,
    newest_answers,
    read_asked,
)
from mousegpt_core.pipeline.asynchronous import collect
from mousegpt_core.pipeline.curating import described_clips
from mousegpt_core.pipeline.dataset_files import new_folder
from mousegpt_core.pipeline.filmed import views_with_films
from mousegpt_core.pipeline.previewing import prepare_showing
from mousegpt_core.pipeline.recording_stages import (
    evidence_of,
    recording_skeleton,
    run_clips,
    run_descriptions,
    run_ethogram,
)
from mousegpt_core.pipeline.showing import Showing
from mousegpt_core.pipeline.work import Work
from mousegpt_core.report.expert_form import FormItem, form_page
from mousegpt_core.settings import content_hash
from mousegpt_core.study import Recording, descriptions
from mousegpt_core.study.files import reading, validate_name, write_atomic, writing

#: Sources that need no answers of a model: the study's descriptions as they are, and kinematics.
STUDY, KINEMATIC = "study", "kinematic"
KEY, PLAN = "key.csv", "plan.json"
_PLACE = ["individuals", "start_frame", "stop_frame"]
_SAID = (*SECTIONS, "label")


@dataclass(frozen=True)
class _Item:
    """One item: a clip and what one or two sources say of it."""

    clip: pd.Series[Any]
    sources: tuple[str, ...]
    texts: tuple[dict[str, str], ...]
    pictures: tuple[Picture, ...]


def make_forms(
    work: Work,
    kind: Kind,
    sources: Sequence[str],
    experts: Sequence[str],
    *,
    clips: int = 100,
    repeats: float = 0.1,
    seed: int = 0,
    protocol: str = "",
    out: Path | None = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Write a form for each expert, and the key that tells whose answers they saw.

    Parameters
    ----------
    work : Work
        The study at work; no model is asked.
    kind : {"judge", "choose"}
        Each answer by itself, or the better one of two sources.
    sources : sequence of str
        Whose answers: ``"study"`` (its descriptions as they are now), ``"kinematic"``,
        ``"imported:NAME"``, or ``"DESCRIBER-MODEL-PROTOCOL"`` of what a model was asked.
    experts : sequence of str
        Their names; each gets a folder of its own.
    clips : int
        Clips that are drawn, of which all sources say something.
    repeats : float
        Share of the items that come twice.
    seed : int
        Of clips, orders and sides.
    protocol : str
        How clips are shown; by default as ``[describe]`` of study.toml says.
    out : Path, optional
        New folder; by default ``results/experts-KIND``.
    overwrite : bool
        Whether forms that are there are replaced.

    Returns
    -------
    dict
        ``folder``, ``forms`` (files), ``key`` (file), ``items``, ``clips``, ``kind``.

    Raises
    ------
    SettingsError
        If there are too few sources or experts, or a source is not known.
    DataError
        If no clip with a film is described by all sources.
    """
    _check(kind, sources, experts, clips)
    study = work.study
    name = protocol or str(study.section("describe").get("protocol", DEFAULT_PROTOCOL))
    none = {"examples.shots": "0", "examples.context": "none"}
    asked = load_protocol(name, study.folder, none)
    folder = Path(out or study.folder / "results" / f"experts-{kind}")
    with new_folder(folder, overwrite=overwrite, marker=PLAN) as partial, ExitStack() as stack:
        items = _draw(work, kind, sources, asked, clips, seed, stack)
        key = plan_forms(len(items), experts, repeats=repeats, seed=seed)
        for expert, form in key.groupby("expert", sort=False):
            work.step("experts", message=str(expert))
            _write_form(partial / "forms" / str(expert), kind, str(expert), form, items)
        write_atomic(partial / KEY, _key_table(key, items).to_csv(index=False))
        plan = {
            "kind": kind, "sources": list(sources), "experts": list(experts), "clips": clips,
            "repeats": repeats, "seed": seed, "protocol": asked.name, "hash": asked.hash,
        }  # fmt: skip
        write_atomic(partial / PLAN, json.dumps(plan, indent=1))
    work.finish("experts", str(folder))
    return {
        "folder": str(folder),
        "forms": [str(folder / "forms" / expert / "form.html") for expert in experts],
        "key": str(folder / KEY),
        "items": len(items),
        "clips": len({str(item.clip["clip_id"]) for item in items}),
        "kind": kind,
    }


def score_forms(folder: Path, files: Sequence[Path] = (), *, seed: int = 0) -> dict[str, Any]:
    """Score filled forms by their key, and write the tables.

    Parameters
    ----------
    folder : Path
        As `make_forms` made it.
    files : sequence of Path
        Filled forms (csv); by default those in the folder.
    seed : int
        Of the bootstrap.

    Returns
    -------
    dict
        ``tables`` (name to rows), ``files``, ``missing`` (answers that were not given).

    Raises
    ------
    FormatError
        If a form has a value that is none, an item that is not there, or one twice.
    DataError
        If there is no key, or nothing was answered.
    """
    folder = Path(folder)
    kind, key = _plan_and_key(folder)
    given = [Path(file) for file in files] or sorted(folder.glob("forms/*/*.csv"))
    answers = _answers(given, kind, key)
    empty = (answers[list(QUESTIONS[kind])] == "").to_numpy()
    if empty.all():
        raise DataError("nothing was answered", file=folder, hint="give the filled forms")
    tables = score(kind, key, answers, seed=seed)
    with writing(folder):
        (folder / "scores").mkdir(exist_ok=True)
    written = []
    for name, table in tables.items():
        path = folder / "scores" / f"{name}.csv"
        write_atomic(path, table.to_csv(index=False))
        written.append(str(path))
    rows = {
        name: [_plain(row) for row in table.to_dict("records")] for name, table in tables.items()
    }
    unanswered = len(key) - len(answers)
    return {
        "kind": kind,
        "tables": rows,
        "files": written,
        "missing": int(empty.sum()) + unanswered * len(QUESTIONS[kind]),
    }


def _plan_and_key(folder: Path) -> tuple[Kind, pd.DataFrame]:
    """What was asked, and the key; raises `DataError` where one is not there, or damaged."""
    if not (folder / PLAN).is_file():
        raise DataError(
            "no forms were made here", file=folder, hint="mousegpt experts make STUDY ..."
        )
    try:
        with reading(folder / KEY):
            kind: Kind = json.loads((folder / PLAN).read_text(encoding="utf-8"))["kind"]
            key = pd.read_csv(folder / KEY, keep_default_na=False, dtype={"expert": str})
        return kind, key[["expert", "number", "item", "again", "swapped", "first", "second"]]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{PLAN} or {KEY} is damaged", file=folder, found=str(error),
            hint="put back what `mousegpt experts make` wrote",
        ) from error  # fmt: skip


def _check(kind: str, sources: Sequence[str], experts: Sequence[str], clips: int) -> None:
    if kind not in QUESTIONS:
        raise SettingsError(f"forms cannot be {kind!r}", hint="one of: " + ", ".join(QUESTIONS))
    least = 2 if kind == "choose" else 1
    if len(set(sources)) < max(least, len(sources)) or not sources:
        raise SettingsError(
            f"{kind} needs {least} different sources or more",
            hint="for example --source study --source kinematic",
        )
    if not experts or len(set(experts)) < len(experts):
        raise SettingsError("every expert needs a name of its own", hint="--expert ada --expert bo")
    for name in experts:
        validate_name(name, "name of an expert")
    if clips < 1:
        raise SettingsError("there must be at least one clip", hint="for example --clips 100")


# -- items ------------------------------------------------------------------------------------


def _draw(
    work: Work,
    kind: Kind,
    sources: Sequence[str],
    protocol: Protocol,
    count: int,
    seed: int,
    stack: ExitStack,
) -> list[_Item]:
    """Clips at random that all sources describe and a film shows, and what is said of them."""
    found = {
        id: table
        for id, table in work.each(
            _filmed(work), lambda one: _described_by_all(work, one, sources, protocol)
        ).items()
        if len(table)
    }
    places = [(id, row) for id, table in found.items() for row in range(len(table))]
    order = np.random.default_rng(seed).permutation(len(places))
    shown: dict[str, Callable[[str], tuple[Picture, ...]]] = {}
    items: list[_Item] = []
    drawn = 0
    for place in order:
        id, row = places[place]
        if id not in shown:
            shown[id] = _shower(work, work.study.recording(id), protocol, found[id], stack)
        clip = found[id].iloc[row]
        try:
            pictures = shown[id](str(clip["clip_id"]))
        except (DataError, VideoError):
            continue
        texts = {source: _text_of(work, source, clip) for source in sources}
        if not all(texts.values()):
            continue
        items += _items(kind, clip, texts, pictures)
        drawn += 1
        if drawn == count:
            break
    if not items:
        raise DataError(
            "no clip is described by all sources and shown by a film",
            expected=", ".join(sources), file=work.study.folder,
            hint="sources must be of clips that are cut alike; recordings need films",
        )  # fmt: skip
    return items


def _items(
    kind: Kind,
    clip: pd.Series[Any],
    texts: dict[str, dict[str, str]],
    pictures: tuple[Picture, ...],
) -> Iterator[_Item]:
    if kind == "judge":
        for source, text in texts.items():
            yield _Item(clip, (source,), (text,), pictures)
        return
    for pair in combinations(sorted(texts), 2):
        yield _Item(clip, pair, tuple(texts[source] for source in pair), pictures)


def _filmed(work: Work) -> list[Recording]:
    filmed = [one for one in work.chosen() if views_with_films(one.info)]
    if not filmed:
        raise DataError(
            "no recording has a film to show to experts", file=work.study.folder,
            hint="add recordings with --film FILE",
        )  # fmt: skip
    return filmed


def _described_by_all(
    work: Work, recording: Recording, sources: Sequence[str], protocol: Protocol
) -> pd.DataFrame:
    """Clips of a recording that each source describes, with a column of texts for each."""
    prepare_showing(work, recording, protocol)
    run_ethogram(work, recording)
    stored = [source for source in sources if source != KINEMATIC]
    if not stored:
        run_clips(work, recording)
        return recording.store.read_table("clips")
    joined: pd.DataFrame | None = None
    for source in stored:
        table = _stored(work, recording, source).rename(
            columns={name: f"{source}/{name}" for name in _SAID}
        )
        if joined is None:
            joined = table
        else:
            joined = joined.merge(table.drop(columns=_others(table)), on=_PLACE, how="inner")
    return pd.DataFrame() if joined is None else joined


def _others(table: pd.DataFrame) -> list[str]:
    return [name for name in CLIPS.columns if name in table.columns and name not in _PLACE]


def _stored(work: Work, recording: Recording, source: str) -> pd.DataFrame:
    """What a source said of a recording's clips: columns of `clips.CLIPS` and what is said."""
    if source == STUDY:
        run_descriptions(work, recording)
        said = described_clips(recording)
        clips = recording.store.read_table("clips")
    else:
        stage = imported_stage(source) or f"asked/{source}"
        known = [name for name in recording.store.stages() if name.startswith("asked/")]
        if stage not in known:
            raise SettingsError(
                f"there are no answers of {source!r}",
                hint="sources: "
                + ", ".join([STUDY, KINEMATIC, *(name.removeprefix("asked/") for name in known)]),
            )
        asked, _ = read_asked(recording, stage)
        tables = list(answer_tables(recording, asked, newest_answers(recording)))
        said = descriptions(pd.concat(tables, ignore_index=True), recording.log.edits("none"))
        clips = asked_clips(asked)
    joined: pd.DataFrame = clips.merge(said[["clip_id", *_SAID]], on="clip_id", how="inner")
    return joined


def _text_of(work: Work, source: str, clip: pd.Series[Any]) -> dict[str, str]:
    """What a source says of a clip: section to text, empty ones left out."""
    if source == KINEMATIC:
        said = _by_kinematics(work, clip)
    else:
        said = {name: str(clip[f"{source}/{name}"]) for name in _SAID}
    return {name: text for name, text in said.items() if text.strip()}


def _by_kinematics(work: Work, clip: pd.Series[Any]) -> dict[str, str]:
    recording = work.study.recording(str(clip["recording"]))
    table = clip[list(CLIPS.columns)].to_frame().T.infer_objects()
    skeleton = recording_skeleton(work.study, recording)
    for evidence in evidence_of(recording, table, skeleton):
        for answer in collect(KinematicDescriber().describe(evidence)):
            return dict(answer.sections)
    return {}


def _shower(
    work: Work, recording: Recording, protocol: Protocol, clips: pd.DataFrame, stack: ExitStack
) -> Callable[[str], tuple[Picture, ...]]:
    """From a clip's id to its pictures."""
    table = clips[list(CLIPS.columns)].reset_index(drop=True)
    showing = Showing(work.study, recording, protocol, stack, table)

    def show(clip_id: str) -> tuple[Picture, ...]:
        asked = showing.request(clip_id).messages[-1]
        return tuple(part for part in asked.parts if isinstance(part, Picture))

    return show


# -- forms ------------------------------------------------------------------------------------


def _write_form(
    folder: Path, kind: Kind, expert: str, form: pd.DataFrame, items: Sequence[_Item]
) -> None:
    """``form.html``, the same as ``form.csv``, and the pictures; nothing tells the source."""
    (folder / "pictures").mkdir(parents=True)
    shown = []
    for row in form.itertuples():
        number, item = int(str(row.number)), items[int(str(row.item))]
        names = []
        for place, picture in enumerate(item.pictures, start=1):
            name = f"pictures/{number:04d}-{place}.{picture.ending}"
            (folder / name).write_bytes(picture.load())
            names.append(name)
        texts = tuple(reversed(item.texts)) if row.swapped else item.texts
        shown.append(FormItem(number, tuple(names), texts))
    mark = content_hash([kind, form.to_dict("list"), [item.texts for item in items]])
    page = form_page(expert, shown, QUESTIONS[kind], ANSWERS[kind], mark)
    write_atomic(folder / "form.html", page)
    write_atomic(folder / "form.csv", _blank(kind, expert, shown).to_csv(index=False))


def _blank(kind: Kind, expert: str, shown: Sequence[FormItem]) -> pd.DataFrame:
    sides = ["text"] if kind == "judge" else ["left", "right"]
    rows = [
        {
            "expert": expert,
            "number": item.number,
            "pictures": " ".join(item.pictures),
            **dict(zip([f"{side}_says" for side in sides], map(_words, item.texts), strict=True)),
            **dict.fromkeys(QUESTIONS[kind], ""),
        }
        for item in shown
    ]
    return pd.DataFrame(rows)


def _words(text: dict[str, str]) -> str:
    return "\n".join(f"{name.capitalize()}: {said}" for name, said in text.items())


def _key_table(key: pd.DataFrame, items: Sequence[_Item]) -> pd.DataFrame:
    of_each = [items[item] for item in key["item"]]
    return key.assign(
        clip_id=[item.clip["clip_id"] for item in of_each],
        recording=[item.clip["recording"] for item in of_each],
        first=[item.sources[0] for item in of_each],
        second=[item.sources[1] if len(item.sources) > 1 else "" for item in of_each],
    )


# -- answers ----------------------------------------------------------------------------------


def _answers(files: Sequence[Path], kind: Kind, key: pd.DataFrame) -> pd.DataFrame:
    """Filled forms as one table; raises as `score_forms`."""
    known = set(zip(key["expert"], key["number"], strict=True))
    names = ("expert", "number", *QUESTIONS[kind])
    seen: dict[tuple[str, int], str] = {}
    rows = []
    for file in files:
        for line, values in _form_rows(file, names):
            at = Place(file, f"line {line}")
            place = (values["expert"], _number(values["number"]))
            if place not in known:
                at.refuse(
                    "no such item was on a form", expected="expert and number of a form",
                    found=f"{values['expert']!r}, {values['number']!r}",
                    hint="leave these two columns as they are",
                )  # fmt: skip
            if place in seen:
                at.refuse(
                    "this item is answered twice", found=f"{seen[place]}, too",
                    hint="give each form once",
                )  # fmt: skip
            seen[place] = f"{file.name}, line {line}"
            said = {name: values[name].strip().casefold() for name in QUESTIONS[kind]}
            for name, answer in said.items():
                if answer not in ("", *ANSWERS[kind]):
                    at.refuse(
                        f"{name!r} is no answer", expected=", ".join(ANSWERS[kind]),
                        found=repr(answer), hint="write one of these, or nothing",
                    )  # fmt: skip
            rows.append({"expert": place[0], "number": place[1], **said})
    return pd.DataFrame(rows, columns=list(names))


def _form_rows(file: Path, names: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with reading(file), file.open(encoding="utf-8-sig", newline="") as stream:
            header = stream.readline()
            stream.seek(0)
            delimiter = ";" if header.count(";") > header.count(",") else ","
            rows = csv.DictReader(stream, delimiter=delimiter, strict=True, restval="")
            missing = [name for name in names if name not in (rows.fieldnames or ())]
            if missing:
                raise FormatError(
                    f"no column {', '.join(missing)}", file=file, place="line 1",
                    expected=", ".join(names), hint="give forms of these experts, as they were",
                )  # fmt: skip
            for values in rows:
                yield rows.line_num, {name: values[name] for name in names}
    except (csv.Error, UnicodeDecodeError) as error:
        raise FormatError(
            f"not a form in csv: {error}", file=file, hint="save it again as csv in UTF-8"
        ) from error


def _number(text: str) -> int:
    return int(text) if text.strip().isdecimal() and len(text) < 10 else 0


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    """For JSON: nan is null."""
    return {
        str(name): None if isinstance(value, float) and math.isnan(value) else value
        for name, value in row.items()
    }
