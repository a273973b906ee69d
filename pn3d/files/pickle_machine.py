"""The pickle language, written out: an opcode table that builds plain values and leaves every name to a subclass.

It is not the ``pickle`` module and does not use it. Each declared size is compared with what is left in the file before
memory is taken, the number of operations is bounded, and an opcode outside the table is refused (persistent objects,
the extension registry, old-style instances, out-of-band buffers). The opcodes are those of Python's ``pickletools``.
"""

import codecs
import re
import struct
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

LONG_TEXT_BYTES = 16 << 20

_WIDE_ESCAPE = re.compile(rb"\\U|\\u(?!00)")
_KEYS = (str, bytes, int, float, bool, type(None))


@dataclass(frozen=True)
class Caps:
    """What one file may ask for; the defaults hold every body model and most data sets many times over.

    Attributes:
        file_bytes: size of the file.
        unpacked_bytes: all members of an ``.npz`` together.
        built_bytes: all arrays and copies that one pickle builds together.
        operations: opcodes of one pickle (a SMPL file needs a few hundred, a list of N names 2 N or more).
        unfolded_items: items of one pickle, counted as if nothing were shared.
    """

    file_bytes: int = 512 << 20
    unpacked_bytes: int = 1 << 30
    built_bytes: int = 640 << 20
    operations: int = 2_000_000
    unfolded_items: int = 10_000_000


class RefusedError(Exception):
    """What is wrong with the file. The caller puts the file's name before it."""


def shown(value: object) -> str:
    """A piece of a hostile file made safe for a one-line message."""
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."


def checked_key(key: Any) -> Any:
    """A dictionary key or member of a set: plain, and an integer of 64 bits (larger ones can be made to collide)."""
    if type(key) not in _KEYS or (type(key) is int and abs(key) >= 1 << 63):
        raise RefusedError(f"a key of type {type(key).__name__} is not read")
    return key


class PickleMachine(ABC):
    """Runs one pickle from ``stream``, of which ``left`` bytes remain. Subclasses give meaning to names."""

    def __init__(self, stream: IO[bytes], left: int, caps: Caps) -> None:
        self.stream, self.left, self.caps = stream, left, caps
        self.stack: list[Any] = []
        self.outer_stacks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    # what a subclass says

    @abstractmethod
    def find(self, module: str, name: str) -> Any:
        """The inert record for a name of the file; raises RefusedError where there is none."""

    @abstractmethod
    def call(self, function: Any, arguments: tuple[Any, ...]) -> Any:
        """The value of a call (opcode REDUCE)."""

    @abstractmethod
    def instance(self, cls: Any, arguments: tuple[Any, ...]) -> Any:
        """A new object of a class (opcode NEWOBJ)."""

    @abstractmethod
    def set_state(self, target: Any, state: Any) -> None:
        """Fills an object (opcode BUILD)."""

    # running and reading

    def run(self) -> Any:
        """The value that the pickle leaves when it stops."""
        for _ in range(self.caps.operations):
            code = self.take(1)
            if code == b".":
                return self.stack.pop()
            operation = _OPERATIONS.get(code)
            if operation is None:
                raise RefusedError(f"not a pickle of plain data: opcode {shown(code)} is not read")
            operation(self)
        raise RefusedError(f"the pickle has more than {self.caps.operations} operations; a data file has far fewer")

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        if count > self.left:
            raise RefusedError(f"truncated or damaged: {count} bytes are declared where {self.left} are left")
        data = self.stream.read(count)
        if len(data) != count:
            raise RefusedError("truncated: the file ends early")
        self.left -= count
        return data

    def line(self, limit: int = 200) -> bytes:
        """The next line, without its end; ``limit`` is its greatest length."""
        data = self.stream.readline(min(limit, self.left) + 1)
        if not data.endswith(b"\n"):
            raise RefusedError("truncated or damaged: a line of the pickle does not end")
        self.left -= len(data)
        return data[:-1]

    def number(self, size: int, *, signed: bool = False) -> int:
        """A little-endian integer of ``size`` bytes."""
        if size > 64:
            raise RefusedError(f"an integer of {size} bytes is declared; at most 64 are read")
        return int.from_bytes(self.take(size), "little", signed=signed)

    def text(self, data: bytes, *, escaped: bool = False) -> str:
        """Unicode text. A long one is the bytes of an array, and wider characters would take four bytes each."""
        if len(data) > LONG_TEXT_BYTES:
            wide = _WIDE_ESCAPE.search(data) if escaped else data.translate(None, bytes(range(0xC4)))
            if wide:
                raise RefusedError("a very long text that is not an array")
        return data.decode("raw_unicode_escape" if escaped else "utf-8")

    def quoted(self) -> str:
        """The argument of protocol 0's STRING: a Python 2 string literal."""
        data = self.line(self.left)
        if len(data) < 2 or data[:1] != data[-1:] or data[:1] not in (b"'", b'"'):
            raise RefusedError("damaged: a text without quotes")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # an escape that Python does not know stays as it is
            return codecs.escape_decode(data[1:-1])[0].decode("latin1")

    # the stack

    def push(self, value: Any) -> None:
        """Puts a value on the stack."""
        self.stack.append(value)

    def mark(self) -> None:
        """Begins a new stack above this one."""
        self.outer_stacks.append(self.stack)
        self.stack = []

    def pop_to_mark(self) -> list[Any]:
        """What was pushed since the last mark."""
        items, self.stack = self.stack, self.outer_stacks.pop()
        return items

    def drop_to_mark(self) -> None:
        """Opcode POP_MARK."""
        self.pop_to_mark()

    def pop(self, count: int) -> list[Any]:
        """The last ``count`` values, in the order they were pushed."""
        if len(self.stack) < count:
            raise RefusedError("damaged: the pickle takes what it has not put")
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def drop(self) -> None:
        """Opcode POP, which also takes back a mark."""
        if self.stack:
            self.stack.pop()
        else:
            self.pop_to_mark()

    def remember(self, index: int) -> None:
        """Opcode PUT and its kin."""
        if not 0 <= index < 1 << 32:
            raise RefusedError("damaged: a place in the memo that cannot be")
        self.memo[index] = self.stack[-1]

    def recall(self, index: int) -> None:
        """Opcode GET and its kin."""
        if index not in self.memo:
            raise RefusedError("damaged: the pickle asks for a value that it has not put")
        self.stack.append(self.memo[index])

    def top(self, kind: type) -> Any:
        """The value on top, which must be of a type."""
        if not self.stack or type(self.stack[-1]) is not kind:
            raise RefusedError(f"damaged: a {kind.__name__} was expected")
        return self.stack[-1]

    def extend(self, items: list[Any]) -> None:
        """Opcodes APPEND(S)."""
        self.top(list).extend(items)

    def set_items(self, items: list[Any]) -> None:
        """Opcodes SETITEM(S)."""
        target = self.top(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[checked_key(key)] = value

    def add_items(self, items: list[Any]) -> None:
        """Opcode ADDITEMS."""
        self.top(set).update(checked_key(item) for item in items)

    def make_dict(self) -> None:
        """Opcode DICT."""
        items = self.pop_to_mark()
        self.push({})
        self.set_items(items)

    # names

    def push_name(self, module: Any, name: Any) -> None:
        """Opcodes GLOBAL and STACK_GLOBAL."""
        if type(module) is not str or type(name) is not str:
            raise RefusedError("damaged: a name that is not text")
        self.push(self.find(module, name))

    def check_protocol(self) -> None:
        """Opcode PROTO."""
        if (protocol := self.number(1)) > 5:
            raise RefusedError(f"pickle protocol {protocol} is not known; 0 to 5 are read")

    def check_frame(self) -> None:
        """Opcode FRAME: its size must fit, and says nothing else to a reader of a stream."""
        if (size := self.number(8)) > self.left:
            raise RefusedError(f"truncated or damaged: a frame of {size} bytes where {self.left} are left")

    def reduce(self) -> None:
        """Opcode REDUCE."""
        function, arguments = self.pop(2)
        if type(arguments) is not tuple:
            raise RefusedError("damaged: a call without arguments")
        self.push(self.call(function, arguments))

    def new_object(self) -> None:
        """Opcode NEWOBJ."""
        cls, arguments = self.pop(2)
        if type(arguments) is not tuple:
            raise RefusedError("damaged: an object without arguments")
        self.push(self.instance(cls, arguments))

    def build(self) -> None:
        """Opcode BUILD."""
        target, state = self.pop(2)
        self.set_state(target, state)
        self.push(target)


def _integer_line(machine: PickleMachine) -> int | bool:
    line = machine.line(170)
    if line in (b"00", b"01"):
        return line == b"01"
    return int(line.removesuffix(b"L"))


def _pusher(read: Callable[[PickleMachine], Any]) -> Callable[[PickleMachine], None]:
    return lambda machine: machine.push(read(machine))


_OPERATIONS: dict[bytes, Callable[[PickleMachine], None]] = {
    b"\x80": PickleMachine.check_protocol,
    b"\x95": PickleMachine.check_frame,
    b"N": _pusher(lambda m: None),
    b"\x88": _pusher(lambda m: True),
    b"\x89": _pusher(lambda m: False),
    b"I": _pusher(_integer_line),
    b"L": _pusher(_integer_line),
    b"K": _pusher(lambda m: m.number(1)),
    b"M": _pusher(lambda m: m.number(2)),
    b"J": _pusher(lambda m: m.number(4, signed=True)),
    b"\x8a": _pusher(lambda m: m.number(m.number(1), signed=True)),
    b"\x8b": _pusher(lambda m: m.number(m.number(4), signed=True)),
    b"F": _pusher(lambda m: float(m.line())),
    b"G": _pusher(lambda m: struct.unpack(">d", m.take(8))[0]),
    b"S": _pusher(PickleMachine.quoted),
    b"T": _pusher(lambda m: m.take(m.number(4)).decode("latin1")),
    b"U": _pusher(lambda m: m.take(m.number(1)).decode("latin1")),
    b"V": _pusher(lambda m: m.text(m.line(m.left), escaped=True)),
    b"\x8c": _pusher(lambda m: m.text(m.take(m.number(1)))),
    b"X": _pusher(lambda m: m.text(m.take(m.number(4)))),
    b"\x8d": _pusher(lambda m: m.text(m.take(m.number(8)))),
    b"C": _pusher(lambda m: m.take(m.number(1))),
    b"B": _pusher(lambda m: m.take(m.number(4))),
    b"\x8e": _pusher(lambda m: m.take(m.number(8))),
    b"\x96": _pusher(lambda m: m.take(m.number(8))),  # a bytearray, read as bytes
    b"(": PickleMachine.mark,
    b"0": PickleMachine.drop,
    b"1": PickleMachine.drop_to_mark,
    b"2": lambda m: m.push(m.stack[-1]),
    b"]": _pusher(lambda m: []),
    b"l": _pusher(PickleMachine.pop_to_mark),
    b"a": lambda m: m.extend(m.pop(1)),
    b"e": lambda m: m.extend(m.pop_to_mark()),
    b")": _pusher(lambda m: ()),
    b"t": _pusher(lambda m: tuple(m.pop_to_mark())),
    b"\x85": _pusher(lambda m: tuple(m.pop(1))),
    b"\x86": _pusher(lambda m: tuple(m.pop(2))),
    b"\x87": _pusher(lambda m: tuple(m.pop(3))),
    b"}": _pusher(lambda m: {}),
    b"d": PickleMachine.make_dict,
    b"s": lambda m: m.set_items(m.pop(2)),
    b"u": lambda m: m.set_items(m.pop_to_mark()),
    b"\x8f": _pusher(lambda m: set()),
    b"\x90": lambda m: m.add_items(m.pop_to_mark()),
    b"\x91": _pusher(lambda m: frozenset(checked_key(item) for item in m.pop_to_mark())),
    b"p": lambda m: m.remember(int(m.line())),
    b"q": lambda m: m.remember(m.number(1)),
    b"r": lambda m: m.remember(m.number(4)),
    b"\x94": lambda m: m.remember(len(m.memo)),
    b"g": lambda m: m.recall(int(m.line())),
    b"h": lambda m: m.recall(m.number(1)),
    b"j": lambda m: m.recall(m.number(4)),
    b"c": lambda m: m.push_name(m.line().decode(), m.line().decode()),
    b"\x93": lambda m: m.push_name(*m.pop(2)),
    b"R": PickleMachine.reduce,
    b"\x81": PickleMachine.new_object,
    b"b": PickleMachine.build,
}
