"""How rigs call the joints of limbs and head: the rows of ``rigs.csv``."""

from dataclasses import dataclass

from pn3d.files.tables import read_table


@dataclass(frozen=True)
class Rig:
    """A family of names, with ``*`` for the side.

    Attributes:
        name: whose they are.
        leg: hip, knee and ankle.
        arm: shoulder, elbow and wrist.
        head: names of the joint at the base of the skull.
        source: where the names are published.
    """

    name: str
    leg: tuple[str, str, str]
    arm: tuple[str, str, str]
    head: tuple[str, ...]
    source: str


RIGS: tuple[Rig, ...] = tuple(
    Rig(
        row["name"],
        leg=(row["hip"], row["knee"], row["ankle"]),
        arm=(row["shoulder"], row["elbow"], row["wrist"]),
        head=tuple(row["head"].split("|")),
        source=row["source"],
    )
    for row in read_table(__file__, "rigs.csv")
)
