"""Lines of code, without docstrings, comments and blank lines: ``python -m tools.code_lines [FOLDER …]``."""

import ast
import io
import sys
import tokenize
from pathlib import Path

_NO_CODE = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
_WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def code_lines(text: str) -> int:
    """How many lines of a Python file hold code."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in _NO_CODE:
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, _WITH_DOCSTRING) and ast.get_docstring(node, clean=False) is not None:
            lines -= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return len(lines)


def main(folders: list[str]) -> None:
    """Prints one line for each folder."""
    for folder in folders or ["pn3d"]:
        files = sorted(Path(folder).rglob("*.py"))
        total = sum(code_lines(path.read_text(encoding="utf-8")) for path in files)
        print(f"{folder}: {total:,} lines of code in {len(files)} files")


if __name__ == "__main__":
    main(sys.argv[1:])
