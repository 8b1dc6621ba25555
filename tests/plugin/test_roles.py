"""What each keypoint is, as a person says."""

from __future__ import annotations

from mousegpt_core.skeleton import ROLES
from mousegpt_core.study import Study
from napari_mousegpt.roles import NO_ROLE, role_words, skeleton_of, with_role


def test_roles_are_given_taken_and_saved(own_study: Study) -> None:
    recording = own_study.recording("flat")
    with_role(own_study, recording, "neck", "head")
    with_role(own_study, recording, "tailbase", "head")
    skeleton = skeleton_of(own_study, recording)
    assert skeleton is not None
    assert skeleton.keypoint("head") == "tailbase"
    assert skeleton.role_of("neck") is None
    with_role(own_study, recording, "tailbase", "spine")
    with_role(own_study, recording, "neck", "spine")
    skeleton = skeleton_of(Study.open(own_study.folder), recording)
    assert skeleton is not None
    # In the order of the file.
    assert skeleton.roles["spine"] == ("neck", "tailbase")
    assert "neck" in own_study.toml_path.read_text(encoding="utf-8")
    with_role(own_study, recording, "neck", NO_ROLE)
    assert with_role(own_study, recording, "tailbase", NO_ROLE).roles == {"nose": ("nose",)}


def test_roles_have_words_of_their_own() -> None:
    words = [role_words(role) for role in (NO_ROLE, *ROLES)]
    assert len(set(words)) == len(words)
    assert role_words("forepaw_left") == "left forepaw"
