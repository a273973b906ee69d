"""The rooms and their rule, read from the imports themselves."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROWS = {
    1: ("geometry", "config", "files"),
    2: ("models", "export"),
    3: ("body", "losses"),
    4: ("data",),
    5: ("detectors", "datasets", "synthetic", "lifting"),
    6: ("training", "inference"),
    7: ("evaluation", "video"),
    8: ("commands", "api", "__init__", "__main__"),
}
"""The table of rooms: README.md shows it, and a room uses rooms of lower rows and files of its own room only."""
ROW_OF = {room: row for row, rooms in ROWS.items() for room in rooms}
ERRORS = "pn3d.files.errors"
"""How every room speaks to the user; it imports nothing."""


def room_of(module: str) -> str:
    """``pn3d.body.model`` -> ``body``; ``pn3d`` itself is its ``__init__``."""
    room = module.split(".")[1] if module.count(".") else "__init__"
    return "__init__" if room == "__version__" else room


def imports_of(path: Path) -> set[str]:
    """Dotted names of our modules that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} if node.module == "pn3d" else {node.module}
    return {name for name in found if name.split(".")[0] == "pn3d"}


def violations(path: Path, room: str) -> list[str]:
    row, wrong = ROW_OF[room], []
    for name in imports_of(path):
        other = room_of(name)
        # ``from pn3d import __version__`` takes a name, no room.
        if other == room or name in (ERRORS, "pn3d.__version__"):
            continue
        if ROW_OF[other] >= row and not (row == 8 and ROW_OF[other] == 8):
            wrong.append(f"{path.relative_to(ROOT)} (row {row}) imports {name} (row {ROW_OF[other]})")
    return wrong


def files() -> list[Path]:
    return sorted((ROOT / "pn3d").rglob("*.py"))


def test_rooms_use_lower_rows_only() -> None:
    wrong = []
    for path in files():
        room = path.relative_to(ROOT / "pn3d").parts[0].removesuffix(".py")
        assert room in ROW_OF, f"{path.relative_to(ROOT)} is in no row"
        wrong += violations(path, room)
    assert not wrong, "\n".join(wrong)


def test_the_rule_can_fail() -> None:
    above = ROOT / "pn3d" / "training" / "loop.py"
    assert not violations(above, "training")
    assert violations(above, "data"), "the loop imports files of its own room, which data may not"


def test_the_readme_shows_the_table() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()
    shown = {
        int(cells[1]): cells[2] for line in lines if (cells := line.split("|"))[1:2] and cells[1].strip().isdigit()
    }
    for row, rooms in ROWS.items():
        named = set(re.findall(r"`pn3d/([a-z_]+)(?:/|\.py)", shown[row]))
        there = {room for room in rooms if not room.startswith("__") and room_exists(room)}
        assert named == there, f"row {row} of README.md: {named ^ there}"


def room_exists(room: str) -> bool:
    return (ROOT / "pn3d" / room).is_dir() or (ROOT / "pn3d" / f"{room}.py").exists()


def test_inference_imports_no_optax_and_no_orbax() -> None:
    for path in files():
        if path.relative_to(ROOT / "pn3d").parts[0] in ("inference", "body", "data", "models", "export"):
            text = path.read_text()
            assert "import optax" not in text, path
            assert "orbax" not in text.split('"""', 2)[-1], path


def test_only_safe_pickle_reads_pickles() -> None:
    for path in files():
        text = path.read_text()
        assert "allow_pickle=True" not in text, path
        if path.name not in ("safe_pickle.py", "pickle_opcodes.py"):
            assert not re.search(r"(?:import|from) (?:_?pickle|cPickle|dill|marshal|shelve|joblib)", text), path
        assert not re.search(r"pickle\.loads?\(", text), path


def test_scripts_hold_no_logic() -> None:
    for name in ("train.py", "eval.py"):
        assert len((ROOT / name).read_text().splitlines()) < 15


PACKAGES = ("pn3d", "tools", "benchmarks", "tests")


def imported_packages(path: Path) -> set[str]:
    """Which of the repository's packages a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found & set(PACKAGES)


def test_pn3d_stands_alone_and_nothing_imports_tests() -> None:
    """Tests take stand-ins from tools; what tests a benchmark lies in ``tests/benchmarks``."""
    allowed = {
        "pn3d": {"pn3d"},
        "tools": {"pn3d", "tools", "benchmarks"},
        "benchmarks": {"pn3d", "tools", "benchmarks"},
    }
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            expected = allowed.get(package, {"pn3d", "tools", "tests"})
            if (ROOT / "tests" / "benchmarks") in path.parents:
                expected = set(PACKAGES)
            assert imported_packages(path) <= expected, path.relative_to(ROOT)
    # Those of the benchmarks do import them.
    assert "benchmarks" in imported_packages(ROOT / "tests" / "benchmarks" / "test_fuzz.py")


def test_tests_mirror_the_rooms() -> None:
    rooms = {path.name for path in (ROOT / "pn3d").iterdir() if path.is_dir()}
    for folder in (ROOT / "tests").iterdir():
        if folder.is_dir() and folder.name != "__pycache__":
            assert folder.name in rooms | {"support", "benchmarks", "tools"}, folder
