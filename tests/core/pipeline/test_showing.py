"""What a model is shown of a recording."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands import mousegpt
from core.pipeline.test_add import write_poses
from mousegpt_core.describe.protocol import load_protocol
from mousegpt_core.errors import DataError, MouseGPTError, StageMissingError
from mousegpt_core.language import Picture, Request
from mousegpt_core.pipeline import NewRecording, Work, add_recording
from mousegpt_core.pipeline.previewing import prepare_showing
from mousegpt_core.pipeline.showing import Showing
from mousegpt_core.study import Study
from mousegpt_core.video import write_film

FRAMES = 120


def film(path: Path, offset: int, count: int = FRAMES, fps: float = 30.0) -> Path:
    """Every frame of another grey."""
    return write_film(
        path, (np.full((200, 200, 3), n + offset, np.uint8) for n in range(count)), fps
    )


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Poses of `top`; `side` has half of its frames and began 1 s later."""
    folder = tmp_path_factory.mktemp("showing")
    study = Study.create(folder / "study")
    for name, shade in (("m", 50), ("n", 80)):
        new = NewRecording(
            name,
            films=[
                ("top", film(folder / f"{name}-top.mp4", shade)),
                ("side", film(folder / f"{name}-side.mp4", 20, 45, 15.0)),
            ],
            poses=[("top", write_poses(folder / f"{name}.csv", FRAMES))],
            offsets=[("side", 1.0)],
        )
        recording = add_recording(study, new).recording
        prepare_showing(Work(study), recording, load_protocol("fear"))
    labels = study.folder / "labels" / "human"
    labels.mkdir(parents=True)
    for name in ("m", "n"):
        (labels / f"{name}.csv").write_text(
            "start_s,stop_s,label\n0,1,freezing\n1,2,fleeing\n2,4,exploring\n"
        )
    return study


def pictures(request: Request) -> list[Picture]:
    return [part for m in request.messages for part in m.parts if isinstance(part, Picture)]


def open_showing(study: Study, stack: ExitStack, protocol: str, **changes: str) -> Showing:
    named = {key.replace("__", "."): value for key, value in changes.items()}
    asked = load_protocol(protocol, study.folder, named)
    return Showing(study, study.recording("m"), asked, stack)


def grey(picture: Picture) -> int:
    return int(np.median(np.asarray(Image.open(io.BytesIO(picture.load())))))


def test_the_middle_frame_of_a_moment(study: Study) -> None:
    with ExitStack() as stack:
        showing = open_showing(study, stack, "mousegpt", views__show="one")
        clips = showing.clips()
        assert len(clips) == 20
        request = showing.request(clips["clip_id"].iloc[3])
        (picture,) = pictures(request)
        told = json.loads(picture.shows)
        # Clips of 6 frames: the third one's are 18 to 23.
        assert told["frames"][0][0]["frame"] == 20
        assert abs(grey(picture) - 70) <= 2
        assert Image.open(io.BytesIO(picture.load())).size == (448, 448)
        assert "Measured speeds in cm/s: whole body" in str(request.messages[-1].parts[1])


def test_views_stand_beside_each_other_in_step(study: Study) -> None:
    with ExitStack() as stack:
        showing = open_showing(study, stack, "mousegpt", views__show="all")
        (picture,) = pictures(showing.request("m/m@00000060"))
        (views,) = json.loads(picture.shows)["frames"]
        # Frame 62 of `top` is at 2.07 s; `side` is at frame 16 by then.
        assert [view["frame"] for view in views] == [62, 16]
        image = np.asarray(Image.open(io.BytesIO(picture.load())))
        assert image.shape == (448, 896, 3)
        assert abs(int(np.median(image[:, :448])) - 112) <= 2
        assert abs(int(np.median(image[:, 448:])) - 36) <= 2
        # Before the side's film begins, the other is shown alone.
        (alone,) = pictures(showing.request("m/m@00000000"))
        assert len(json.loads(alone.shows)["frames"][0]) == 1


def test_views_that_are_not_there(study: Study) -> None:
    with ExitStack() as stack:
        showing = open_showing(
            study, stack, "mousegpt", views__show="named", views__names='["back"]'
        )
        with pytest.raises(DataError, match="no film of the view 'back'"):
            showing.request("m/m@00000060")
        named = open_showing(study, stack, "mousegpt", views__show="named", views__names='["side"]')
        with pytest.raises(DataError, match="no film shows"):
            named.request("m/m@00000000")
        with pytest.raises(DataError, match="no clip is called"):
            named.request("m/m@1")


def test_the_same_picture_is_told_in_the_same_words(study: Study) -> None:
    with ExitStack() as stack:
        one, two = (open_showing(study, stack, "mousegpt") for _ in range(2))
        more = open_showing(study, stack, "mousegpt", frames__contrast="stretch")
        keys = [each.request("m/m@00000060").key("model") for each in (one, two, more)]
        assert keys[0] == keys[1] != keys[2]
        other = open_showing(study, stack, "mousegpt", frames__margin="34.9")
        shows = pictures(other.request("m/m@00000060"))[0].shows
        # What decides the box is not said beside it.
        assert "margin" not in shows


def test_examples_come_from_far_away_and_with_their_labels(study: Study) -> None:
    with ExitStack() as stack:
        showing = open_showing(study, stack, "fear", examples__context="none")
        clips = showing.clips()
        assert list(clips["start_s"].round(3)) == [0, 1, 2, 3]
        request = showing.request(clips["clip_id"].iloc[0])
        answers = [str(m.parts[0]) for m in request.messages if m.role == "assistant"]
        assert [json.loads(a)["label"] for a in answers] == ["exploring", "fleeing", "freezing"]
        marks = {json.loads(p.shows)["frames"][0][0]["film"] for p in pictures(request)[:-8]}
        own = {json.loads(p.shows)["frames"][0][0]["film"] for p in pictures(request)[-8:]}
        assert len(pictures(request)) == 32
        assert marks.isdisjoint(own)


def test_example_stretches_of_the_users_behaviours_are_labelled_clips(study: Study) -> None:
    (study.folder / "labels" / "mine.toml").write_text(
        '[freezing]\ndefinition = "it stands motionless"\n'
        'examples = [{recording = "n", start_s = 0.9, stop_s = 2.1}]\n'
        '[fleeing]\nexamples = [{recording = "n", start_s = 2.5, stop_s = 4.0}]\n'
        '[exploring]\nexamples = [{recording = "m", start_s = 2.0, stop_s = 3.0}]\n'
    )
    with ExitStack() as stack:
        truth = {"examples__truth": '"labels/mine.toml"', "examples__apart_s": "0"}
        showing = open_showing(study, stack, "fear", **truth, examples__context="none")
        request = showing.request(showing.clips()["clip_id"].iloc[0])
        answers = [str(m.parts[0]) for m in request.messages if m.role == "assistant"]
        assert sorted(json.loads(a)["label"] for a in answers) == [
            "exploring",
            "fleeing",
            "freezing",
        ]
    (study.folder / "labels" / "mine.toml").write_text(
        '[freezing]\nexamples = [{recording = "q", start_s = 0.9, stop_s = 2.1}]\n'
        '[other]\ndefinition = "anything else"\n'
    )
    with ExitStack() as stack:
        showing = open_showing(study, stack, "fear", **truth)
        first = showing.clips()["clip_id"].iloc[0]
        with pytest.raises(DataError, match="of no recording"):
            showing.request(first)


@pytest.mark.parametrize("choose", ["nearest", "diverse"])
def test_examples_by_kinematics(study: Study, choose: str) -> None:
    with ExitStack() as stack:
        showing = open_showing(study, stack, "fear", examples__choose=choose)
        request = showing.request(showing.clips()["clip_id"].iloc[1])
        assert sum(m.role == "assistant" for m in request.messages) == 3


def test_the_clip_before_with_its_predicted_label(study: Study) -> None:
    with ExitStack() as stack:
        showing = open_showing(study, stack, "fear", examples__shots="0")
        ids = list(showing.clips()["clip_id"])
        assert showing.context_of(ids[1]) == (ids[0], ids[2])
        plain = showing.request(ids[1])
        assert len(plain.messages) == 2
        told = showing.request(ids[1], {ids[0]: "fleeing"})
        assert [m.role for m in told.messages] == ["system", "user", "assistant", "user"]
        assert json.loads(str(told.messages[2].parts[0])) == {"label": "fleeing"}
        assert plain.key("model") != told.key("model")


def test_without_labelled_clips_it_says_what_to_do(study: Study) -> None:
    with ExitStack() as stack:
        showing = open_showing(study, stack, "fear", examples__truth='"labels/nobody"')
        with pytest.raises(DataError, match="no labelled clips") as caught:
            showing.request(showing.clips()["clip_id"].iloc[0])
        assert "examples.shots=0" in caught.value.hint
        with pytest.raises(StageMissingError, match="no bouts of 'mine'"):
            open_showing(study, stack, "clip-caption", clips__bouts="mine")


def test_many_threads_get_what_one_gets(study: Study) -> None:
    with ExitStack() as stack:
        showing = open_showing(study, stack, "mousegpt", frames__background="remove")
        ids = list(showing.clips()["clip_id"])[5:15]

        def load(clip_id: str) -> bytes:
            return pictures(showing.request(clip_id))[0].load()

        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(load, ids * 2))
        assert found == [load(each) for each in ids] * 2


def test_preview_writes_what_the_model_sees(study: Study, tmp_path: Path) -> None:
    options = ("--protocol", "fear", "--set", "examples.context=none", "--clip", "2")
    answer = mousegpt("preview", study.folder, *options, "--out", tmp_path / "out", "--json")
    assert answer.code == 0, answer.err
    made = answer.json
    assert made["clips"] == 4
    assert len(made["pictures"]) == 32
    page = Path(made["page"]).read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == 32
    assert "http" not in page.replace("https://", "http")
    assert "Which label fits this clip?" in page
    assert made["text"] == (tmp_path / "out" / "request.txt").read_text(encoding="utf-8")
    here = mousegpt("preview", study.folder, *options[:4], "--at", "1.5", "--json").json
    assert (here["start_s"], here["stop_s"], here["notes"]) == (1.0, 2.0, [])
    after = mousegpt("preview", study.folder, *options[:4], "--at", "9", "--json").json
    assert after["start_s"] == 3.0
    assert "nearest" in after["notes"][0]
    nobody = mousegpt("preview", study.folder, "--at", "1", "--animal", "nobody")
    assert "no clip of 'nobody'" in nobody.err
    beyond = mousegpt("preview", study.folder, "--clip", "99")
    assert beyond.code
    assert "has no clip 99" in beyond.err


def test_a_film_in_which_nothing_moves_is_shown_as_a_whole(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "study")
    still = (np.full((120, 160, 3), 90, np.uint8) for _ in range(60))
    path = write_film(tmp_path / "still.mp4", still, 30.0)
    recording = add_recording(study, NewRecording("m", films=[(None, path)])).recording
    protocol = load_protocol("mousegpt")
    assert prepare_showing(Work(study), recording, protocol)
    with ExitStack() as stack:
        showing = Showing(study, recording, protocol, stack)
        clips = showing.clips()
        assert len(clips) == 10
        (picture,) = pictures(showing.request(clips["clip_id"].iloc[0]))
        assert json.loads(picture.shows)["frames"][0][0]["box"] == [0.0, -20.0, 160.0, 140.0]


def test_protocols_are_listed_and_shown(tmp_path: Path) -> None:
    listed = mousegpt("protocol", "list", "--json").json["protocols"]
    assert {"mousegpt", "fear", "clip-caption"} <= set(listed)
    assert "size = [448, 448]" in mousegpt("protocol", "show", "mousegpt").out
    wrong = mousegpt("protocol", "show", "maus")
    assert wrong.code
    assert "no protocol is called 'maus'" in wrong.err


def test_a_recording_without_a_film_cannot_be_shown(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "study")
    poses = write_poses(tmp_path / "m.csv", 60)
    new = NewRecording("m", poses=[(None, poses)], fps=30.0)
    recording = add_recording(study, new).recording
    protocol = load_protocol("mousegpt")
    prepare_showing(Work(study), recording, protocol)
    with ExitStack() as stack:
        showing = Showing(study, recording, protocol, stack)
        with pytest.raises(MouseGPTError, match="no film to show"):
            showing.request(showing.clips()["clip_id"].iloc[0])
