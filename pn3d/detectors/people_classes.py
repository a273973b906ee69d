"""Which classes of detections are people: ``person`` and everything else that has a body's joints, but no animal."""

from collections import Counter
from pathlib import Path

from pn3d.files.errors import UserError

PERSON_WORDS = ("person", "people", "human", "pedestrian", "1", "0")
_ANIMALS = frozenset(Path(__file__).with_name("animals.txt").read_text(encoding="utf-8").split())


class PeopleClasses:
    """Counts the classes that a file names, and says in the end which are people.

    Args:
        where: the file, for messages.
        chosen: the class that the user wants (``--category``), by name or number.
    """

    def __init__(self, where: str, chosen: str | None = None) -> None:
        self.where, self.wanted = where, chosen
        self.found: Counter[str] = Counter()
        self.without_joints: Counter[str] = Counter()
        self.names: dict[str, str] = {}

    def label(self, name: str) -> str:
        """Notes a detection with joints of this class, and returns the class."""
        self.found[name] += 1
        return name

    def leave_out(self, name: str) -> None:
        """Notes a detection without joints."""
        self.without_joints[name] += 1

    def chosen(self) -> tuple[set[str], list[str]]:
        """The classes to take, and sentences about what was taken and left out.

        Raises:
            UserError: the wanted class is not there, or nothing but animals is.
        """
        taken = self._wanted() if self.wanted is not None else self._people()
        left = {self._name(label): count for label, count in self.found.items() if label not in taken}
        left |= {self._name(label): count for label, count in self.without_joints.items()}
        notes = []
        if left:
            words = ", ".join(f"{count} of class {name!r}" for name, count in sorted(left.items())[:6])
            notes.append(f"{self.where}: left out: {words} (--category NAME takes one of them)")
        other = sorted(self._name(one) for one in taken if not is_person_word(self._name(one)))
        if other and self.wanted is None:
            notes.append(f"{self.where}: taken as people: class {', '.join(map(repr, other[:6]))}")
        return taken, notes

    def _name(self, label: str) -> str:
        return self.names.get(label, label)

    def _wanted(self) -> set[str]:
        taken = {label for label in self.found if self.wanted in (label, self._name(label))}
        if not taken:
            there = ", ".join(sorted(self._name(label) for label in self.found)) or "none"
            raise UserError(f"{self.where}: --category {self.wanted}: no such class with joints; there are {there}")
        return taken

    def _people(self) -> set[str]:
        if len(self.found) > 1 and not self.names and all(label.isdecimal() for label in self.found):
            first = {"1", "0"} & set(self.found)  # COCO's and YOLO's number of a person
            if first:
                return {min(first, key=lambda one: -self.found[one])} if len(first) > 1 else first
        taken = {label for label in self.found if not is_animal(self._name(label))}
        if self.found and not taken:
            there = ", ".join(sorted(self._name(label) for label in self.found))
            raise UserError(f"{self.where}: no people, only {there}; --category NAME takes one all the same")
        return taken


def is_person_word(name: str) -> bool:
    """Whether a class is called a person, or is a bare number or nothing."""
    return name == "" or name.lower() in PERSON_WORDS or name.isdecimal()


def is_animal(name: str) -> bool:
    """Whether a class is called after an animal."""
    words = name.lower().replace("_", " ").replace("-", " ").split()
    return any(word in _ANIMALS or word.removesuffix("s") in _ANIMALS for word in words)
