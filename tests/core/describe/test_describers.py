"""Our describers do what every describer must."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.describers import DescriberConformance, Make
from core.describe.evidence_builder import make_evidence
from lmdeploy_stand_in import install
from loopback import LoopbackServer
from mousegpt_core.describe.contract import Asking, Evidence
from mousegpt_core.describe.kinematic import KinematicDescriber
from mousegpt_core.describe.local_describers import LmdeployDescriber
from mousegpt_core.describe.model_describer import OpenAIDescriber
from mousegpt_core.language.lmdeploy_model import LmdeployOptions
from mousegpt_core.language.openai_server import ServerOptions
from scripted_model import MadeUpShowing, read
from served import truthful


class TestKinematic(DescriberConformance):
    name = "kinematic"

    @pytest.fixture
    def make(self) -> Make:
        return KinematicDescriber

    @pytest.fixture
    def evidence(self) -> Evidence:
        plain = {"speed": 8.0, "forward_speed": 7.8, "turning": 0.0}
        return make_evidence(activity="walking", plain=plain)


class TestLmdeploy(DescriberConformance):
    name = "lmdeploy"

    @pytest.fixture
    def make(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
        (tmp_path / "config.json").write_text("{}")
        install(monkeypatch, lambda messages: truthful({"messages": messages}))
        options = LmdeployOptions(model=str(tmp_path), batch=8)
        return lambda: LmdeployDescriber(options)

    @pytest.fixture
    def evidence(self) -> Evidence:
        shown = MadeUpShowing(count=20)
        return replace(make_evidence(), clips=shown.clips(), ask=Asking(shown.request, read))


class TestOpenAI(DescriberConformance):
    name = "openai"

    @pytest.fixture(autouse=True)
    def cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    @pytest.fixture
    def make(self) -> Iterator[Make]:
        with LoopbackServer(answer=truthful) as server:
            options = ServerOptions(model="tiny", base_url=server.url)
            yield lambda: OpenAIDescriber(options)

    @pytest.fixture
    def evidence(self) -> Evidence:
        shown = MadeUpShowing(count=20)
        return replace(make_evidence(), clips=shown.clips(), ask=Asking(shown.request, read))
