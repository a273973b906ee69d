"""A first pass over a pickle that builds nothing and refuses what the standard unpickler may not be let at.

What is refused: every opcode that reaches outside the file, sizes that the file does not have, a memo, marks, texts and
numbers out of proportion, and keys whose hash is dangerous. Opcodes are those of Python's ``pickletools``.
"""

import pickle
import pickletools
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO

MAX_NESTING = 64
LONG_TEXT_BYTES = 16 << 20  # of texts beyond Latin-1, together


DAMAGE = (  # RuntimeError is also RecursionError and NotImplementedError (zipfile's unknown compression)
    *(ArithmeticError, AttributeError, BufferError, EOFError, LookupError, MemoryError, OSError, RuntimeError),
    *(TypeError, ValueError, pickle.PickleError, zipfile.BadZipFile, zlib.error),
)


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
    """A piece of a hostile file made safe for a one-line message. Nested tuples, written out, could fill the memory."""
    text = ascii(value[:64]) if isinstance(value, str | bytes) else f"of type {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


def reason(error: BaseException) -> str:
    """What an exception says, in one short line."""
    text = " ".join(str(error).split())
    return ascii(f"{type(error).__name__}: {text}"[:100])[1:-1]


_REFUSED = ("PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4", "NEXT_BUFFER", "READONLY_BUFFER", "INST", "OBJ", "NEWOBJ_EX")
_OPCODES = {op.code.encode("latin1"): op for op in pickletools.opcodes if op.proto <= 5 and op.name not in _REFUSED}
_LENGTH_BYTES = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}
_NO_KEY = tuple(getattr(pickletools, name) for name in ("pylist", "pytuple", "pydict", "pyset", "pyfrozenset"))
_FILLS = ("APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS", "BUILD")  # they leave their target where it is
_WIDE_ESCAPE = re.compile(rb"\\U|\\u(?!00)")


class OpcodeCheck:
    """Goes over a pickle by ``pickletools``' table of opcodes and builds nothing; refuses what may not be unpickled.

    ``pickletools.genops`` itself copies and decodes every text, and fails at Python 2's bytes above 127 in protocol 0.
    Of a value on the stack one bit is kept: whether it may be a key. Tuples may not, as the hash of nested ones takes
    forever or all of the C stack; nor integers beyond 64 bits, which can be made to collide.
    """

    def __init__(self, stream: IO[bytes], left: int, caps: Caps) -> None:
        self.stream, self.left, self.caps = stream, left, caps
        self.stack: list[bool] = []
        self.marks: list[int] = []
        self.memo: dict[int, bool] = {}
        self.wide_bytes = 0

    def run(self) -> None:
        """Until STOP. A stack that runs empty is left to the unpickler, which then stops too."""
        frame_end = -1  # what is left of the file there
        for number in range(self.caps.operations):
            code = self.take(1)
            op = _OPCODES.get(code)
            if op is None:
                raise RefusedError(f"not a pickle of plain data: opcode {shown(code)} is not read")
            argument = self.argument(op.name, 0 if op.arg is None else op.arg.n)
            if op.name == "STOP":
                return
            if op.name == "FRAME":
                if argument > self.left or frame_end >= 0:
                    raise RefusedError(f"truncated or damaged: a frame of {argument} bytes where {self.left} are left")
                frame_end = self.left - argument
            elif op.stack_before or op.stack_after or op.name.endswith("PUT"):
                self.step(op, argument, number)
            # The unpickler takes a frame whole and would lose its place at an opcode that reaches over its end.
            if self.left < frame_end:
                raise RefusedError("damaged: an opcode reaches over the end of its frame")
            frame_end = -1 if self.left == frame_end else frame_end
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
        data = self.stream.readline(min(limit, self.left))
        if not data.endswith(b"\n"):
            raise RefusedError("truncated or damaged: a line of the pickle does not end")
        self.left -= len(data)
        return data[:-1]

    def argument(self, name: str, size: int) -> int:
        """Reads the argument of an opcode; returns it where it is an integer, otherwise 0."""
        if name in ("INT", "LONG", "PUT", "GET"):
            return int(self.line().removesuffix(b"L"))
        if size == pickletools.UP_TO_NEWLINE:
            data = self.line(self.left if name in ("STRING", "UNICODE") else 200)
            if name == "GLOBAL":
                self.line()
        else:
            length = size if size >= 0 else int.from_bytes(self.take(_LENGTH_BYTES[size]), "little")
            if "LONG" in name and length > 64:
                raise RefusedError(f"an integer of {length} bytes is declared; at most 64 are read")
            data = self.take(length) if length else b""
            if size >= 0 or "LONG" in name:
                number = int.from_bytes(data, "little", signed=name in ("LONG1", "LONG4"))
                if name == "PROTO" and number > 5:
                    raise RefusedError(f"pickle protocol {number} is not known; 0 to 5 are read")
                return 0 if name == "BINFLOAT" else number
        if "UNICODE" in name:
            self.check_text(data, escaped=name == "UNICODE")
        return 0

    def check_text(self, data: bytes, *, escaped: bool) -> None:
        """Wide characters take four bytes each, so there may not be much text with them; surrogates are no text."""
        if not (data.isascii() and (not escaped or b"\\" not in data)):
            wide = _WIDE_ESCAPE.search(data) if escaped else data.translate(None, bytes(range(0xC4)))
            self.wide_bytes += len(data) if wide else 0
            if self.wide_bytes > LONG_TEXT_BYTES:
                raise RefusedError("a very long text that is not an array")
            data.decode("raw_unicode_escape" if escaped else "utf-8")

    def step(self, op: pickletools.OpcodeInfo, argument: int, number: int) -> None:
        """What the opcode does to the stack and the memo."""
        name, stack = op.name, self.stack
        if name.endswith("PUT") or name == "MEMOIZE":
            index = len(self.memo) if name == "MEMOIZE" else argument
            if not 0 <= index <= number:  # places are given out one by one; a large one makes the memo as large
                raise RefusedError("damaged: a place in the memo that cannot be")
            self.memo[index] = stack[-1]
        elif name.endswith("GET"):
            if argument not in self.memo:
                raise RefusedError("damaged: the pickle asks for a value that it has not put")
            stack.append(self.memo[argument])
        elif name == "MARK":
            self.marks.append(len(stack))
            if len(self.marks) > 4 * MAX_NESTING:  # Python opens no more than a few for each level
                raise RefusedError(f"nested more than {MAX_NESTING} levels deep")
        elif name == "POP" and self.marks and self.marks[-1] == len(stack):
            self.marks.pop()
        elif name == "DUP":
            stack.append(stack[-1])
        else:
            self.apply(op, may_be_key=abs(argument) < 1 << 63)

    def apply(self, op: pickletools.OpcodeInfo, *, may_be_key: bool) -> None:
        """What the table says of any other opcode: how much it takes, down to the mark or not, and what it leaves."""
        taken, start = len(op.stack_before), len(self.stack)
        if pickletools.markobject in op.stack_before:
            taken, start = op.stack_before.index(pickletools.markobject), self.marks.pop()
        keys = self.stack[start:] if op.name != "SETITEM" else self.stack[-2:]
        keys = keys[::2] if op.name in ("SETITEM", "SETITEMS", "DICT") else keys
        if op.name in ("SETITEM", "SETITEMS", "DICT", "ADDITEMS", "FROZENSET") and not all(keys):
            raise RefusedError("a key is neither text nor a number of 64 bits")
        del self.stack[max(0, start - taken + (op.name in _FILLS)) :]
        if op.name not in _FILLS:
            self.stack += [may_be_key and kind not in _NO_KEY for kind in op.stack_after]
