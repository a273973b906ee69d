"""JSON of detectors: read fast, told where it is damaged, and refused where one object has a key twice.

Which of two values is meant nobody can know; parsers take the last in silence.
"""

import json
from pathlib import Path
from typing import Any

import orjson

from pn3d.files.errors import UserError


def parse_json(data: bytes, where: str | Path) -> Any:
    """The value of a JSON text, or the list of values of JSON lines; raises UserError with the place of the damage."""
    try:
        return _value(data, where)
    except json.JSONDecodeError as error:
        if error.msg.startswith("Extra data"):
            return _json_lines(data, where)
        place = f"line {error.lineno} column {error.colno}"
        state = "empty" if not data.strip() else f"cut off or damaged at {place} ({error.msg})"
        raise UserError(f"{where}: not readable JSON: {state}") from error
    except UserError:
        raise
    except RecursionError as error:
        raise UserError(f"{where}: not readable JSON: nested too deeply") from error
    except ValueError as error:  # text that is not Unicode, numbers of thousands of digits
        raise UserError(f"{where}: not readable JSON: {' '.join(str(error).split())[:120]}") from error


def _value(data: bytes, where: str | Path) -> Any:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:  # NaN, endless numbers, JSON lines, damage
        return json.loads(data, object_pairs_hook=lambda pairs: _object(pairs, where))
    # As many colons behind quotes as keys: none is there twice. More: one may be, or a string holds such a colon.
    if data.count(b'":') + data.count(b'" :') > _keys(value):
        json.loads(data, object_pairs_hook=lambda pairs: _object(pairs, where))
    return value


def _keys(value: Any) -> int:
    """Number of keys of all objects; lists that begin with a number are taken to hold numbers only."""
    count, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        if type(one) is dict:
            count += len(one)
            waiting += [inner for inner in one.values() if type(inner) is dict or type(inner) is list]
        elif type(one) is list and one and type(one[0]) is not float and type(one[0]) is not int:
            waiting += [inner for inner in one if type(inner) is dict or type(inner) is list]
    return count


def _object(pairs: list[tuple[str, Any]], where: str | Path) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: dict[str, Any] = {}
        for key, value in pairs:
            if key in seen and seen[key] != value:
                raise UserError(f"{where}: one object has the key {ascii(key)[:40]} twice, with different values")
            seen[key] = value
    return found


def _json_lines(data: bytes, where: str | Path) -> list[Any]:
    values = []
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            try:
                values.append(_value(line, where))
            except UserError:
                raise
            except (ValueError, RecursionError) as error:
                problem = " ".join(str(error).split())[:80]
                raise UserError(f"{where}: not readable JSON, nor JSON lines: line {number}: {problem}") from error
    return values
