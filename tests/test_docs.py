"""README and docs: every command parses, every link leads somewhere."""

import argparse
import contextlib
import dataclasses
import importlib
import io
import json
import re
import shlex
from pathlib import Path

import pytest

from pn3d.commands.main import COMMANDS, module_name
from pn3d.commands.session import SHIPPED_WEIGHTS
from pn3d.config.settings import AugmentConfig
from pn3d.inference.prediction import NOT_IN_FILES, Prediction
from pn3d.inference.streaming_path import StreamPose

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(
    r"(?:\.venv/bin/)?(?:pn3d\s+(?P<sub>[a-z-]+)|python\s+-m\s+pn3d\s+(?P<module>[a-z-]+)"
    r"|python\s+(?P<script>train|eval)\.py)(?P<rest>.*)"
)


def _pieces(text: str) -> list[str]:
    """Lines of fenced blocks, continued ones joined and ``a && b`` taken apart, and the code spans of the prose."""
    fenced = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.M | re.S)
    lines = [line for block in fenced for line in block.replace("\\\n", " ").splitlines()]
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    return [piece.strip() for line in lines for piece in line.split("&&")] + spans


def commands_of(text: str) -> list[tuple[str, list[str]]]:
    """(subcommand, words) of every command of ours that is written out with its arguments."""
    found = []
    for piece in _pieces(text):
        if match := COMMAND.fullmatch(piece):
            words = shlex.split(match["rest"], comments=True)
            if words and not {"...", "…"} & set(words):
                found.append((match["sub"] or match["module"] or match["script"], words))
    return found


def refusal(command: str, words: list[str]) -> str:
    """What argparse says against a command line; empty where it takes it (or shows help)."""
    if command not in COMMANDS:
        return f"no command {command!r}"
    parser = argparse.ArgumentParser(prog=command)
    importlib.import_module(f"pn3d.commands.{module_name(command)}").add_arguments(parser)
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            parser.parse_args(words)
        except SystemExit as stop:
            return said.getvalue() if stop.code else ""
    return ""


def anchors(text: str) -> set[str]:
    """The anchors that a page's headings get."""
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_parses(page):
    refused = {
        f"{command} {' '.join(words)}": reason
        for command, words in commands_of(page.read_text())
        if (reason := refusal(command, words))
    }
    assert not refused


def test_commands_are_found_and_bad_ones_refused():
    found = commands_of((ROOT / "README.md").read_text())
    assert {"predict", "train", "eval", "convert-data"} <= {command for command, _ in found}
    text = "```\npn3d predict a.json \\\n   --outptu out  # a slip\n```\nand `pn3d fly away`"
    (predict, words), fly = commands_of(text)
    assert words == ["a.json", "--outptu", "out"]
    assert "--output" in refusal(predict, words)
    assert refusal(*fly) == "no command 'fly'"
    assert not refusal(predict, ["a.json", "--output", "out"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_resolves(page):
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)):
        if target.startswith(("https://", "http://")):
            continue
        name, _, anchor = target.partition("#")
        place = (page.parent / name).resolve() if name else page
        if not place.exists() or (anchor and anchor not in anchors(place.read_text())):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_benchmark_that_is_named_exists(page):
    names = re.findall(r"python -m\s((?:benchmarks|tools)[.\w]+)", page.read_text())
    assert [name for name in names if not (ROOT / f"{name.replace('.', '/')}.py").is_file()] == []


def test_every_picture_is_shown():
    text = "".join(page.read_text() for page in PAGES)
    shown = {Path(target).name for target in re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)", text)}
    there = {path.name for folder in ("pictures", "layouts") for path in (ROOT / "docs" / folder).iterdir()}
    assert there - shown == set()


def test_what_is_said_of_the_shipped_weights_is_so():
    """Where this fails because other weights ship: change README, licences, and the pictures with them."""
    card = json.loads(SHIPPED_WEIGHTS.with_suffix(".json").read_text())
    page = (ROOT / "docs" / "licences.md").read_text()
    assert SHIPPED_WEIGHTS.with_suffix(".json").relative_to(ROOT).as_posix() in page
    only_built_in = card["training_data"]["files"] == ["built-in motion"]
    assert ("made by rule by this project's code; no recording of a person" in page) == only_built_in
    adversarial = card["config"]["joint"]["student_adversarial_weight"] > 0
    assert (
        "`joint.student_adversarial_weight`, the adversarial loss on the student's projection" in page
    ) == adversarial


def test_every_array_of_a_prediction_and_of_a_stream_is_described():
    pages = {name: (ROOT / "docs" / f"{name}.md").read_text() for name in ("exports", "prediction")}
    written = {item.name for item in dataclasses.fields(Prediction)} - NOT_IN_FILES
    assert {name for name in written if f"`{name}`" not in pages["exports"]} == set()
    streamed = [item.name for item in dataclasses.fields(StreamPose)]
    assert [name for name in streamed if f"`{name}`" not in pages["prediction"]] == []


def test_settings_of_augmentation_stand_with_their_defaults():
    page = (ROOT / "docs" / "training.md").read_text()
    rows = dict(re.findall(r"^\| `augment\.(\w+)` \| (\S+) \|", page, re.M))
    assert {name: json.loads(value) for name, value in rows.items()} == dataclasses.asdict(AugmentConfig())


def test_the_readme_begins_with_a_video_and_the_quickstart_has_an_example_without_one():
    blocks = re.findall(r"^```bash\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    first, second = blocks[0].splitlines()
    assert first == 'pip install ".[video,mediapipe]"'
    assert second.startswith("pn3d predict walk.mp4 ")
    assert (ROOT / "docs/pictures/overlay.webp").stat().st_size < 2e6
    examples = re.findall(r"^pn3d predict (examples/\S+)", (ROOT / "docs/quickstart.md").read_text(), re.M)
    assert [(ROOT / example).is_file() for example in examples] == [True]
