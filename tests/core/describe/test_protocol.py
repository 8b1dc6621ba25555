"""Protocols as files: what they say, and what is refused where."""

from __future__ import annotations

from pathlib import Path

import pytest

from mousegpt_core.clips import SECTIONS
from mousegpt_core.describe.protocol import line_of, list_protocols, load_protocol, protocol_text
from mousegpt_core.errors import SettingsError


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / "protocols" / f"{name}.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


def test_the_three_published_protocols_are_built_in() -> None:
    assert {"mousegpt", "fear", "clip-caption"} <= set(list_protocols())
    mousegpt = load_protocol("mousegpt")
    assert (mousegpt.clips.rate, mousegpt.frames.size, mousegpt.frames.margin) == (
        5.0,
        (448, 448),
        35.0,
    )
    assert mousegpt.words.kinematics == "speeds"
    fear = load_protocol("fear")
    assert (fear.clips.length_s, fear.examples.shots, fear.is_chained) == (1.0, 1, True)
    schema = fear.answer.answer_schema.json_schema()
    assert schema["properties"]["label"]["enum"] == ["freezing", "fleeing", "exploring"]
    assert load_protocol("clip-caption").clips.bouts == "activities"


def test_six_parts_become_the_sections() -> None:
    form = load_protocol("mousegpt").answer
    values = {field.name: f"says {field.name}" for field in form.fields}
    answer = form.to_answer("m@1", values)
    assert list(answer.sections) == list(SECTIONS)
    assert answer.sections["limb"] == "says Limb"
    assert (answer.clip_id, answer.label) == ("m@1", "")


def test_labels_scores_and_lists_become_what_they_mean(tmp_path: Path) -> None:
    write(
        tmp_path,
        "mine",
        'based_on = "fear"\n[answer]\nfields = [\n'
        ' { name = "what", kind = "choice", means = "label" },\n'
        ' { name = "sure", kind = "number", minimum = 0, maximum = 1, means = "score" },\n'
        ' { name = "words", kind = "list", means = "keywords" },\n'
        ' { name = "why" },\n]\n[examples]\nshots = 0\ncontext = "none"\n',
    )
    form = load_protocol("mine", tmp_path).answer
    values = {"what": "freezing", "sure": 0.7, "words": ["still", "tense"], "why": "so"}
    answer = form.to_answer("m@1", values)
    assert (answer.label, answer.score) == ("freezing", 0.7)
    assert answer.sections["keywords"] == "still, tense"
    assert answer.sections["head"] == ""


def test_a_protocol_based_on_another_says_only_what_differs(tmp_path: Path) -> None:
    write(tmp_path, "fear", 'based_on = "fear"\n[clips]\nrate = 2.0\n[frames]\ncount = 4\n')
    mine, built_in = load_protocol("fear", tmp_path), load_protocol("fear")
    assert (mine.clips.rate, mine.clips.length_s, mine.frames.count) == (2.0, None, 4)
    assert mine.answer == built_in.answer
    assert mine.hash != built_in.hash
    assert "rate = 2.0" in protocol_text("fear", tmp_path)


def test_changes_are_written_as_in_toml() -> None:
    changed = load_protocol("fear", changes={"examples.shots": "0", "examples.context": "temporal"})
    assert (changed.examples.shots, changed.examples.context) == (0, "temporal")
    with pytest.raises(SettingsError, match="shots"):
        load_protocol("fear", changes={"examples.shots": "many"})
    with pytest.raises(SettingsError, match="no key of a protocol"):
        load_protocol("fear", changes={"shots": "1"})


def test_closed_labels_of_the_study(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "mine.toml").write_text(
        'reaction_s = 0.2\n[digging]\ndefinition = "paws move litter"\n[other]\n'
    )
    write(tmp_path, "digs", 'based_on = "fear"\n[answer]\nscheme = "mine"\n')
    assert load_protocol("digs", tmp_path).answer.labels == {
        "digging": "paws move litter",
        "other": "",
    }
    with pytest.raises(SettingsError, match="line 3: the study has no labels 'mine'"):
        load_protocol(str(tmp_path / "protocols" / "digs.toml"))


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('based_on = "fear"\n[frames]\nsise = 3\n', 3, "no such key"),
        ('based_on = "fear"\n[frames]\n\ncount = 1\nlayout = "sheet"\n', 5, "count of at least 2"),
        ('based_on = "fear"\n[clips]\nrate = 2.0\nlength_s = 1.0\n', 3, "give one of"),
        ('based_on = "fear"\n[clips]\nrate = 2.0\nstride_s = 1.0\n', 4, "goes with length_s"),
        ('based_on = "fear"\n[views]\nshow = "named"\n', 3, "needs names"),
        ('based_on = "mousegpt"\n[examples]\nshots = 2\n', 3, "only a label"),
        ('based_on = "mousegpt"\n[examples]\ncontext = "autoregressive"\n', 3, "only a label"),
        (
            'based_on = "fear"\n[words]\nquestion = """\nWhich?\n{lables}\n"""\n',
            3,
            "nothing is called {lables}",
        ),
        (
            'based_on = "mousegpt"\n[[answer.fields]]\nname = "a"\nmeans = "head"\n'
            '[[answer.fields]]\nname = "b"\nmeens = "head"\n',
            7,
            "no such key",
        ),
        (
            'based_on = "mousegpt"\n[[answer.fields]]\nname = "a"\nmeans = "head"\n'
            '[[answer.fields]]\nname = "b"\nmeans = "head"\n',
            2,
            "two mean head",
        ),
        ('based_on = "nothing"\n', 1, "no protocol 'nothing'"),
        ('about = "x"\n[frames]\ncount = 1\n', 1, "Field required"),
        ('based_on = "fear"\n[frames]\nsize = [4, 4]\n', 3, "32 to 4096"),
        ('based_on = "fear"\n[answer]\n[answer.labels]\none = ""\n', 3, "at least two labels"),
    ],
)
def test_what_is_refused_where(tmp_path: Path, text: str, line: int, said: str) -> None:
    file = write(tmp_path, "mine", text)
    with pytest.raises(SettingsError) as caught:
        load_protocol("mine", tmp_path)
    assert f"{file}, line {line}:" in caught.value.message
    assert said in caught.value.message
    assert caught.value.hint


def test_names_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no protocol is called 'maus'"):
        load_protocol("maus", tmp_path)
    with pytest.raises(SettingsError, match="no such file"):
        load_protocol(str(tmp_path / "maus.toml"))
    write(tmp_path, "broken", "[clips\n")
    with pytest.raises(SettingsError, match="not valid TOML"):
        load_protocol("broken", tmp_path)
    write(tmp_path, "one", 'based_on = "two"\n')
    write(tmp_path, "two", 'based_on = "one"\n')
    with pytest.raises(SettingsError, match="to be based on"):
        load_protocol("one", tmp_path)


def test_lines_of_keys_in_texts_of_several_lines(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text('[a]\nx = """\ny = 1\n"""\ny = 2\n[b.c]\nd = 1\n')
    assert line_of(file, ("a", "y")) == 5
    assert line_of(file, ("b", "c", "d")) == 7
    assert line_of(file, ("b", "c", "e")) == 6
