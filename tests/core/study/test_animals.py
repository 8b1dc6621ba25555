"""The table of animals."""

from __future__ import annotations

import math
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mousegpt_core.errors import DataError, FormatError
from mousegpt_core.study import GroupRule, Study


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "table of animals.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_import_merges_and_loses_nothing(study: Study, tmp_path: Path) -> None:
    study.set_animal("m1", treatment="control", cage="007")
    study.set_animal("m2", cage="12")
    study.import_animals(
        write(tmp_path, "animal,treatment,dose,Weight (g)\nm2,CRS,1.5,20\nm3,,,\n")
    )
    table = study.animals.set_index("animal")
    assert table.index.tolist() == ["m1", "m2", "m3"]
    assert table["treatment"].tolist() == ["control", "CRS", ""]
    assert table["cage"].tolist() == ["007", "12", ""]
    assert table["dose"].tolist()[1] == 1.5
    assert math.isnan(table["dose"].iloc[0])
    assert table["Weight (g)"].iloc[1] == 20
    study.import_animals(write(tmp_path, "animal,treatment\nm1,\n"))
    assert study.treatment_of("m1") == "control"
    assert study.treatment_of("nobody") == ""


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("animal;treatment\nm1;Kontrolle ü\n", "cp1252"),
        ("\ufeffanimal,treatment\r\nm1,Kontrolle ü\r\n\r\n", "utf-8"),
        ("Mouse_ID\tGroup\nm1\tKontrolle ü\n", "utf-8"),
        ('animal,treatment,\n"m1","Kontrolle ü",\n', "utf-8"),
    ],
)
def test_tables_as_spreadsheets_write_them(
    study: Study, tmp_path: Path, text: str, encoding: str
) -> None:
    study.import_animals(write(tmp_path, text, encoding))
    assert study.treatment_of("m1") == "Kontrolle ü"


def test_xlsx(study: Study, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["animal", "treatment", "age", "tag"], [1, "CRS", 8.5, None], ["m2", "x", 9, "t"]):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    study.import_animals(tmp_path / "a.xlsx")
    table = study.animals.set_index("animal")
    assert table["age"].to_dict() == {"1": 8.5, "m2": 9.0}
    assert table["tag"].to_dict() == {"1": "", "m2": "t"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("name,treatment\nm1,x\n", "no column 'animal'"),
        ("animal,dose\nm1,1\nm2,2\nm1,3\n", "row 4"),
        ("animal,dose\nm1,1,2\n", "row 2"),
        ("animal,dose\n,1\n", "row 2"),
        ("animal,dose,dose\nm1,1,1\n", "twice: dose"),
        ('animal,dose\n"m1,1\n', "not a csv"),
    ],
)
def test_errors_name_file_and_row(study: Study, tmp_path: Path, text: str, words: str) -> None:
    study.set_animal("old", treatment="x")
    with pytest.raises(FormatError, match=words) as caught:
        study.import_animals(write(tmp_path, text))
    assert "table of animals.csv" in str(caught.value)
    assert study.animals["animal"].tolist() == ["old"]


def test_broken_files(study: Study, tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"no book")
    (tmp_path / "b.csv").write_bytes(b"PK\x03\x04\x00\x00")
    for name in ("a.xlsx", "b.csv", "none.csv", "none.xlsx"):
        with pytest.raises(DataError, match=name):
            study.import_animals(tmp_path / name)


def test_a_persons_csv_keeps_its_form(study: Study) -> None:
    study.animals_path.write_text("treatment;animal;my notes\nCRS;m1;a,b\n", encoding="utf-8")
    study.set_animal("m2", treatment="control")
    assert study.animals_path.read_text(encoding="utf-8").splitlines() == [
        "treatment;animal;my notes;sex;age;dose",
        "CRS;m1;a,b;;;",
        "control;m2;;;;",
    ]


def test_set_animal_erases(study: Study) -> None:
    study.set_animal("m1", dose=2, sex="f")
    study.set_animal("m1", dose="")
    assert study.animals["dose"].tolist() == [""]
    assert study.animals["sex"].tolist() == ["f"]


def test_derived_groups(study: Study) -> None:
    for animal, treatment, value in (
        ("a", "control", 10), ("b", "control", 20), ("c", "CRS", 16), ("d", "CRS", 14),
        ("e", "CRS", ""),
    ):  # fmt: skip
        study.set_animal(animal, treatment=treatment, immobility=value)
    rule = GroupRule(label="depression-like", otherwise="resilient")
    table = study.derive_group("phenotype", "immobility", rule)
    assert table["phenotype"].tolist() == ["control", "control", "depression-like", "resilient", ""]
    assert study.section("groups")["phenotype"]["source"] == "immobility"
    below = GroupRule(label="low", side="below", reference="median", keep_reference=False)
    assert study.derive_group("half", "immobility", below)["half"].tolist() == [
        "low", "other", "other", "low", "",
    ]  # fmt: skip
    for column, source, bad in (
        ("x", "nothing", rule),
        ("x", "treatment", rule),
        ("x", "immobility", GroupRule(label="l", equals="nobody")),
        ("animal", "immobility", rule),
    ):
        with pytest.raises(DataError):
            study.derive_group(column, source, bad)


NAMES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
VALUES = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=8).map(str.strip)


@settings(max_examples=15, deadline=None)
@given(st.dictionaries(NAMES, st.tuples(VALUES, VALUES), max_size=5))
def test_any_animals(rows: dict[str, tuple[str, str]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        study = Study.create(folder)
        for animal, (treatment, note) in rows.items():
            study.set_animal(animal, treatment=treatment, note=note)
        table = Study.open(folder)._animals().set_index("animal")
        found = {name: (row["treatment"], row["note"]) for name, row in table.iterrows()}
        assert found == rows
