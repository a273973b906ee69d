"""The rooms and their rule, read from the imports themselves."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROWS = {
    1: ("skeleton", "rotations", "planes", "config", "safe_pickle", "errors", "atomic"),
    2: ("models", "export", "camera"),
    3: ("body", "losses"),
    4: ("data", "lifters"),
    5: ("training", "inference"),
    6: ("evaluation",),
    7: ("commands",),
}
ROW_OF = {room: row for row, rooms in ROWS.items() for room in rooms}
SAME_ROOM = {"posing": "lifters", "presets": "config", "pickle_opcodes": "safe_pickle", "safe_npz": "safe_pickle"}
"""A room of files that lie beside each other."""
ALLOWED_ALONE = {"pn3d/__init__.py", "pn3d/__main__.py"}


def room_of(module: str) -> str:
    room = module.split(".")[1] if module.count(".") else ""
    return SAME_ROOM.get(room, room)


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


def violations(path: Path, text_room: str) -> list[str]:
    row, wrong = ROW_OF[text_room], []
    for name in imports_of(path):
        other = room_of(name)
        # ``from pn3d import __version__`` names no room.
        if other in ("", "__version__") or other == text_room:
            continue
        # Rooms of row 1 speak to the user through errors, which imports nothing.
        if other == "errors":
            continue
        if ROW_OF[other] >= row:
            wrong.append(f"{path.relative_to(ROOT)} (row {row}) imports {name} (row {ROW_OF[other]})")
    return wrong


def files() -> list[Path]:
    return sorted((ROOT / "pn3d").rglob("*.py"))


def test_rooms_use_lower_rows_only() -> None:
    wrong = []
    for path in files():
        name = path.relative_to(ROOT).as_posix()
        if name in ALLOWED_ALONE:
            continue
        room = path.relative_to(ROOT / "pn3d").parts[0].removesuffix(".py")
        room = SAME_ROOM.get(room, room)
        assert room in ROW_OF, f"{name} is in no row of the design"
        wrong += violations(path, room)
    assert not wrong, "\n".join(wrong)


def test_the_rule_can_fail(tmp_path: Path) -> None:
    bad = ROOT / "pn3d" / "camera.py"
    assert not violations(bad, "camera")
    assert violations(bad, "skeleton"), "camera imports skeleton and rotations, which row 1 may not"


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


def test_files_and_functions_stay_small() -> None:
    for path in [*files(), *sorted((ROOT / "benchmarks").glob("*.py"))]:
        text = path.read_text()
        assert len(text.splitlines()) <= 350, f"{path} is asking to be split"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                # A docstring explains and does not count.
                first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
                assert (node.end_lineno or 0) - first.lineno < 60, f"{path}: {node.name}"
