"""A study: a folder with everything of one experiment."""

from __future__ import annotations

import difflib
import os
import time
import unicodedata
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from mousegpt_core.errors import DataError, MouseGPTError, SettingsError, SkeletonError, typed
from mousegpt_core.skeleton import Skeleton
from mousegpt_core.study.animals import (
    GroupRule,
    derive_groups,
    empty_animals,
    merge_animals,
    read_animals,
    set_values,
    typed_animals,
    write_animals,
)
from mousegpt_core.study.files import (
    reading,
    remove,
    sync_path,
    sync_tree,
    validate_name,
    write_atomic,
    writing,
)
from mousegpt_core.study.listing import Listing, is_recording
from mousegpt_core.study.locks import Leases
from mousegpt_core.study.log import Log
from mousegpt_core.study.migrations import (
    FORMAT_VERSION,
    check_version,
    finish_migration,
    migrate,
)
from mousegpt_core.study.recording import (
    Recording,
    RecordingInfo,
    identified,
    recording_document,
)
from mousegpt_core.study.store import ResultStore
from mousegpt_core.study.toml import edit_toml, load_toml, merge_into

#: Tables of ``study.toml`` and what a new study says in them.
SECTIONS: dict[str, str] = {
    "clips": "rate = 5.0  # clips per second",
    "silhouette": "",
    "kinematics": "# smoothing, thresholds, ...; all have defaults",
    "describe": 'describer = "kinematic"',
    "curation": "",
    "embed": 'embedder = "lsa"',
    "profile": "",
    "map": "",
    "report": 'compare = "treatment"  # column of animals.csv whose groups are compared',
    "groups": "",
    "skeletons": "",
}
_PLAIN = ("format_version", "name", "notes")
_STALE_S = 3600.0

_NEW_STUDY = """\
# A study of mousegpt. Edit freely: your changes and comments are kept.
format_version = {version}
name = {name}

{sections}
"""


class Study:
    """A study on disk; open it with `Study.open` or make one with `Study.create`.

    Attributes
    ----------
    folder : Path
        Where it is.
    store : ResultStore
        Results of the study as a whole: models, vectors, tables.
    log : Log
        A person's changes to what is of the study as a whole: its behaviours.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.store = ResultStore(self.folder, "study")
        self.log = Log(self.folder / "log.sqlite")
        self._leases = Leases(self.folder, "study")
        self._listing = Listing(self.folder)

    @classmethod
    def create(cls, folder: Path | str, *, name: str = "") -> Study:
        """Make a new study in a folder, which may exist.

        Raises
        ------
        DataError
            If there is a study already.
        MouseGPTError
            If the folder cannot be written.
        """
        folder = Path(folder)
        toml = folder / "study.toml"
        if toml.exists():
            raise DataError("there is a study already", file=folder, hint="open it instead")
        with writing(folder):
            (folder / "recordings").mkdir(parents=True, exist_ok=True)
            if not (folder / "animals.csv").exists():
                write_animals(folder / "animals.csv", empty_animals())
            sections = "\n".join(
                f"[{key}]\n{text}\n" for key, text in SECTIONS.items() if text
            ).rstrip()
            # Last, because it is what makes the folder a study.
            write_atomic(
                toml,
                _NEW_STUDY.format(
                    version=FORMAT_VERSION,
                    name=_quoted(name or folder.absolute().name),
                    sections=sections,
                ),
            )
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path | str) -> Study:
        """Open a study; one of an older format is brought to the present one.

        Raises
        ------
        DataError
            If the folder is no study.
        SettingsError
            If ``study.toml`` is damaged, has an unknown table, or is of a newer program.
        """
        folder = Path(folder)
        toml = folder / "study.toml"
        with reading(folder):
            if not toml.is_file():
                raise DataError(
                    "this folder is not a study" if folder.is_dir() else "no such folder",
                    file=folder,
                    hint=f"make a study with `mousegpt new {typed(folder)}`",
                )
        finish_migration(folder)
        migrate(folder, check_version(load_toml(toml), toml))
        study = cls(folder)
        _ = study.settings  # says now what is wrong with it
        return study

    @property
    def toml_path(self) -> Path:
        """``study.toml``."""
        return self.folder / "study.toml"

    @property
    def animals_path(self) -> Path:
        """``animals.csv``."""
        return self.folder / "animals.csv"

    @property
    def report_path(self) -> Path:
        """Where ``report.html`` is, once it is made."""
        return self.folder / "results" / "report.html"

    @property
    def name(self) -> str:
        """What the study is called."""
        return str(self.settings.get("name") or self.folder.absolute().name)

    @property
    def settings(self) -> dict[str, Any]:
        """What ``study.toml`` says now.

        Raises
        ------
        SettingsError
            If it is not TOML or has a table that is not known.
        """
        values = load_toml(self.toml_path)
        for key, value in values.items():
            if key not in _PLAIN:
                self._check_section(key)
                if not isinstance(value, dict):
                    raise SettingsError(
                        f"{self.toml_path}: {key!r} must be a table: [{key}]",
                        hint="write it as [name] with its settings below",
                    )
        return values

    def section(self, name: str) -> dict[str, Any]:
        """Settings of one table of ``study.toml``, empty if it is not there.

        Raises
        ------
        SettingsError
            If there is no such table in any study.
        """
        self._check_section(name)
        return dict(self.settings.get(name, {}))

    def set_section(self, name: str, **values: Any) -> None:
        """Change some settings of a table, None takes one out; comments and others stay."""
        self._check_section(name)
        given = {key: value for key, value in values.items() if value is not None}
        with self._editing(), edit_toml(self.toml_path) as document:
            merge_into(document, {name: given})
            for key in values.keys() - given.keys():
                document[name].pop(key, None)

    @property
    def recordings(self) -> dict[str, Recording]:
        """The recordings that can be read, by id, sorted."""
        return self._listing.read()[0]

    @property
    def unreadable(self) -> dict[str, MouseGPTError]:
        """Why other recordings cannot be read, by the names of their folders, sorted."""
        return self._listing.read()[1]

    def recording(self, id: str) -> Recording:
        """One recording.

        Raises
        ------
        DataError
            If there is none of that id, or the study is gone.
        """
        validate_name(id, "id of a recording")
        root = self.folder / "recordings"
        # Its name as the folder lists it: some systems would find it in another case, too.
        if not root.is_dir():
            raise DataError(
                "the study is not there any more",
                file=self.folder,
                hint="put it back where it was, or open it where it is now",
            )
        with reading(root):
            there = id in os.listdir(root)
        if not there or not is_recording(root / id):
            raise DataError(
                f"there is no recording {id!r}",
                file=self.folder,
                expected=", ".join(self.recordings) or "none yet",
                hint="add one with `mousegpt add`",
            )
        return Recording(root / id, self.folder)

    def refuse_taken(self, id: str) -> None:
        """Check that an id is free.

        Raises
        ------
        DataError
            If it is taken (whatever its case), or cannot be an id.
        """
        id = validate_name(id, "id of a recording")
        root = self.folder / "recordings"
        for path in root.iterdir() if root.is_dir() else ():
            if unicodedata.normalize("NFC", path.name).casefold() == id.casefold():
                raise DataError(
                    f"the id {id!r} is taken", file=path, hint="choose another id for it"
                )

    def add_recording(self, info: RecordingInfo) -> Recording:
        """Add a recording: it is there completely or not at all.

        Sizes and fingerprints of its files are filled in; animals that are not yet in
        ``animals.csv`` get a row there.

        Raises
        ------
        DataError
            If the id is taken (whatever its case) or a file is not there.
        """
        info = identified(info, self.folder)
        target = self.folder / "recordings" / info.id
        temporary = target.with_name(f".new-{info.id}-{uuid.uuid4().hex[:8]}")
        with self._editing(), writing(target):
            target.parent.mkdir(exist_ok=True)
            self.refuse_taken(info.id)
            # First: an animal without a recording does no harm, the other way round it would.
            new = pd.DataFrame({"animal": list(info.individuals)}, dtype=object)
            self._write_animals(merge_animals(self._animals(), new))
            temporary.mkdir()
            try:
                write_atomic(temporary / "recording.toml", recording_document(info))
                sync_tree(temporary)
                os.rename(temporary, target)
            except BaseException:
                remove(temporary)
                raise
            sync_path(target.parent)
        return Recording(target, self.folder)

    @property
    def animals(self) -> pd.DataFrame:
        """The animals: animal*, treatment, sex, age, dose and a person's own columns.

        Columns that hold only numbers are numbers (NaN = empty), all others text.
        """
        return typed_animals(self._animals())

    def import_animals(self, path: Path | str) -> None:
        """Take over a table of animals from csv or xlsx.

        Merged by animal: columns and animals that only one of the tables has are kept, an empty
        new value erases nothing.

        Raises
        ------
        DataError
            If the file cannot be read as a table of animals; names the row.
        """
        new = read_animals(Path(path))
        with self._editing():
            self._write_animals(merge_animals(self._animals(), new))

    def set_animal(self, animal: str, **columns: Any) -> None:
        """Set columns of one animal, which is added if need be."""
        with self._editing():
            self._write_animals(set_values(self._animals(), animal, columns))

    def treatment_of(self, animal: str) -> str:
        """The group an animal is in, ``""`` if it has none."""
        table = self._animals()
        found = table.loc[table["animal"] == animal, "treatment"]
        return str(found.iloc[0]) if len(found) else ""

    def derive_group(self, column: str, source_column: str, rule: GroupRule) -> pd.DataFrame:
        """Write a column of groups derived from a measurement, and the rule into ``study.toml``.

        Parameters
        ----------
        column : str
            The new column of ``animals.csv``, e.g. ``"phenotype"``.
        source_column : str
            Column with the measurement, e.g. ``"immobility"``.
        rule : GroupRule
            How.

        Returns
        -------
        DataFrame
            The animals.

        Raises
        ------
        DataError
            If it cannot be derived, or would overwrite the animals' names or its own sources.
        """
        if column in ("animal", source_column, rule.where):
            raise DataError(
                f"the groups cannot be written over the column {column!r}",
                hint="choose another name for the new column",
            )
        with self._editing():
            table = self._animals()
            table[column] = derive_groups(typed_animals(table), source_column, rule)
            self._write_animals(table)
            with edit_toml(self.toml_path) as document:
                values = {"source": source_column, **rule.fingerprint()}
                merge_into(document, {"groups": {column: values}})
        return self.animals

    def refresh_groups(self) -> None:
        """Derive all groups of ``[groups.COLUMN]`` in ``study.toml`` anew.

        A table of groups whose source column is not there yet is passed over.

        Raises
        ------
        SettingsError
            If a rule does not fit; names the file and the column.
        DataError
            If a group cannot be derived.
        """
        for column, values in self.section("groups").items():
            place = f"{self.toml_path} [groups.{column}]"
            if not isinstance(values, dict) or not isinstance(values.get("source"), str):
                raise SettingsError(
                    f"{place}: the measurement is not named",
                    hint='write source = "COLUMN", a column of animals.csv',
                )
            rule = dict(values)
            source = rule.pop("source")
            parsed = GroupRule.parse(rule, source=place)
            if source in self.animals.columns:
                self.derive_group(column, source, parsed)

    def skeleton(self, name: str) -> Skeleton | None:
        """A skeleton of this study, or None if ``study.toml`` has none of that name.

        Raises
        ------
        SkeletonError
            If its keypoints and roles do not fit; names the file.
        """
        values = self.section("skeletons").get(name)
        if values is None:
            return None
        place = f"{self.toml_path}, [skeletons.{name}]"
        if not isinstance(values, dict) or not isinstance(values.get("keypoints"), list):
            raise SkeletonError(
                f"{place}: keypoints = [...] is missing",
                hint="list the names of the keypoints in the order of the pose file",
            )
        try:
            keypoints = tuple(str(keypoint) for keypoint in values["keypoints"])
            return Skeleton(name, keypoints, _roles(values.get("roles", {})))
        except SkeletonError as error:
            raise SkeletonError(f"{place}: {error.message}", hint=error.hint) from error

    @property
    def skeletons(self) -> tuple[str, ...]:
        """Names of the skeletons of this study."""
        return tuple(self.section("skeletons"))

    def set_skeleton(self, name: str, skeleton: Skeleton) -> None:
        """Write a skeleton into ``study.toml``, where a person can correct its roles."""
        roles = {
            role: members[0] if len(members) == 1 else list(members)
            for role, members in skeleton.roles.items()
        }
        with self._editing(), edit_toml(self.toml_path) as document:
            is_new = name not in document.get("skeletons", {})
            values = {"keypoints": list(skeleton.keypoints), "roles": roles}
            merge_into(document, {"skeletons": {}})
            merge_into(document["skeletons"], {name: {}})
            table: Any = document["skeletons"][name]
            if is_new:
                table.comment("which keypoint has which role; roles can be corrected here")
            merge_into(table, values, only_these=True)

    def sweep(self) -> list[Path]:
        """Delete replaced results and leftovers of killed processes, where nobody works."""
        gone = self.store.sweep()
        for recording in self.recordings.values():
            gone += recording.store.sweep()
        unlocked = [
            *(self.folder / "recordings").glob(".new-*"),
            *(self.folder / "results").glob(".writing-*"),
            *(self.folder / "labels" / "human").glob(".writing-*"),
        ]
        for path in unlocked:
            if time.time() - path.stat().st_mtime > _STALE_S:
                remove(path)
                gone.append(path)
        return gone

    def _animals(self) -> pd.DataFrame:
        return read_animals(self.animals_path) if self.animals_path.exists() else empty_animals()

    def _write_animals(self, animals: pd.DataFrame) -> None:
        if not self.animals_path.exists() or not animals.equals(self._animals()):
            write_animals(self.animals_path, animals)

    def _check_section(self, name: str) -> None:
        if name not in SECTIONS:
            near = difflib.get_close_matches(name, SECTIONS, n=1)
            raise SettingsError(
                f"{self.toml_path}: unknown table [{name}]",
                hint=(f"did you mean [{near[0]}]? " if near else "")
                + "known: "
                + ", ".join(SECTIONS),
            )

    @contextmanager
    def _editing(self) -> Iterator[None]:
        with self._leases.short(".study"):
            yield


def _roles(values: Any) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(values, dict):
        raise SkeletonError(
            "roles must be a table of role = keypoint",
            hint='write for example roles = {nose = "Snout", tail_base = "Tail1"}',
        )
    return {
        role: tuple(str(part) for part in (members if isinstance(members, list) else [members]))
        for role, members in values.items()
    }


def _quoted(text: str) -> str:
    import tomlkit

    return tomlkit.item(text).as_string()
