"""COCO results, COCO annotations, and AlphaPose's default JSON, which is COCO results with names of images.

A list of ``{image_id, category_id, keypoints: [x, y, s, …], score}``, unsorted, images without people absent.
AlphaPose adds ``box`` and ``idx``; annotations are ``{images, annotations, categories}`` with visibilities 0, 1, 2 for
scores, and ``categories[].keypoints`` names the joints.
"""

from typing import Any

from pn3d.detectors.collecting import Collector, first_number, shown, track_in
from pn3d.detectors.key_words import FRAMES, values_for
from pn3d.detectors.people_classes import PeopleClasses
from pn3d.detectors.records import Given, RawVideo
from pn3d.detectors.scores import FLAGS, of_levels
from pn3d.detectors.sources import Opened
from pn3d.files.errors import UserError

_FRAME_WORDS = tuple(word for word in FRAMES if word.startswith(("frame", "video")))


def is_coco_list(content: Any) -> bool:
    """Whether this is a list of people with an image each."""
    return isinstance(content, list) and any(isinstance(item, dict) and "image_id" in item for item in content)


def is_alphapose_list(content: Any) -> bool:
    """Whether a COCO list is AlphaPose's: images by name, or its own keys."""
    return is_coco_list(content) and any(
        isinstance(item, dict) and (isinstance(item.get("image_id"), str) or "idx" in item or "box" in item)
        for item in content
    )


def is_coco_annotations(content: Any) -> bool:
    """Whether this is an annotation file."""
    return isinstance(content, dict) and isinstance(content.get("annotations"), list)


def read_coco(opened: Opened, given: Given) -> list[RawVideo]:
    """Reads COCO results, annotations, or AlphaPose's list; ``category``: the class to take instead of people.

    Raises:
        UserError: no person, wrong numbers, mixed layouts, or joint names that contradict each other.
    """
    content = opened.content
    annotated = is_coco_annotations(content)
    entries = content["annotations"] if annotated else content
    if not isinstance(entries, list):
        raise UserError(f"{opened.where}: expected a list of people with 'image_id', found {shown(content)}")
    collector = Collector(opened.where)
    classes = PeopleClasses(opened.where, given.category)
    names = _categories(content, classes, opened.where) if annotated else {}
    labels: dict[Any, int] = {}
    images = content.get("images") if annotated else None
    if annotated:
        collector.facts.look({key: value for key, value in content.items() if key not in ("images", "annotations")})
    if isinstance(images, list):
        _refuse_several_videos(images, opened.where)
        _add_images(collector, images, labels)
    for i, person in enumerate(entries):
        _add_person(collector, person, i, annotated, labels, classes)
    taken, notes = classes.chosen()
    collector.keep_classes(taken)
    collector.notes += notes
    for frame in labels.values():
        collector.add_frame(frame)
    collector.renumber(_own_frames(entries, labels) or _names(labels, images))
    joints = _joint_names(names, taken, opened.where)
    return [collector.finish(opened.name, "what COCO's and AlphaPose's 17 joints are", joint_names=joints)]


def _add_person(
    collector: Collector, person: Any, i: int, annotated: bool, labels: dict[Any, int], classes: PeopleClasses
) -> None:
    where = f"{collector.where}: entry {i}"
    if not isinstance(person, dict) or "image_id" not in person:
        raise UserError(f"{where}: expected an object with 'image_id', found {shown(person)}")
    if not isinstance(person["image_id"], str | int | float):
        raise UserError(f"{where}: 'image_id' must be a name or number")
    label = str(person.get("category_id", ""))
    if person.get("keypoints") is None:
        if annotated:
            classes.leave_out(label)
            return
        raise UserError(f"{where}: no 'keypoints', found {shown(person)}")
    frame = labels.setdefault(person["image_id"], len(labels))
    rows = collector.person(person, frame)
    if rows is None:
        return
    collector.facts.look_at_frame(frame, person)
    if annotated and "score" not in person:
        rows[:, 2] = of_levels(rows[:, 2], FLAGS)
    collector.add(frame, rows, track_in(person), classes.label(label))


def _own_frames(entries: list[Any], labels: dict[Any, int]) -> list[Any]:
    """What numbers the frames where people say a frame beside their image, one for each image; else empty."""
    frames: dict[Any, Any] = {}
    for person in entries:
        own = next(values_for(person, _FRAME_WORDS), None)
        if first_number(own) is None or frames.setdefault(person["image_id"], own) != own:
            return []
    fits = frames.keys() == labels.keys() and len(set(frames.values())) == len(frames)
    return [frames[label] for label in labels] if fits else []


def _categories(content: dict[str, Any], classes: PeopleClasses, where: str) -> dict[str, tuple[str, ...]]:
    """Category id -> names of its joints, where the file gives them; the categories' own names go to ``classes``."""
    named: dict[str, tuple[str, ...]] = {}
    listed = content.get("categories")
    for category in listed if isinstance(listed, list) else ():
        if isinstance(category, dict) and "id" in category:
            key = str(category["id"])
            if isinstance(category.get("name"), str):
                classes.names[key] = category["name"]
            joints = category.get("keypoints")
            if isinstance(joints, list) and joints:
                if not all(isinstance(joint, str) for joint in joints):
                    raise UserError(f"{where}: category {key}: 'keypoints' must be names of joints")
                named[key] = tuple(joints)
    return named


def _joint_names(names: dict[str, tuple[str, ...]], taken: set[str], where: str) -> tuple[str, ...] | None:
    """The joint names of the classes that are taken; UserError where they differ."""
    found = {names[label] for label in taken if label in names}
    if len(found) > 1:
        raise UserError(f"{where}: its categories name their joints differently; choose one with --category")
    return found.pop() if found else None


def _refuse_several_videos(images: list[Any], where: str) -> None:
    for key in ("video_id", "vid_id", "video", "video_name"):
        found = {ascii(image[key]) for image in images if isinstance(image, dict) and image.get(key) is not None}
        if len(found) > 1:
            names = ", ".join(sorted(found)[:4])
            raise UserError(f"{where}: {key!r} of its images: {len(found)} videos ({names[:60]}); give one at a time")


def _add_images(collector: Collector, images: list[Any], labels: dict[Any, int]) -> None:
    """Registers all images, those without people too, with their sizes and times."""
    for image in images:
        if isinstance(image, dict) and isinstance(image.get("id"), int | float | str):
            frame = labels.setdefault(image["id"], len(labels))
            collector.facts.look_at_frame(frame, image)


def _names(labels: dict[Any, int], images: Any) -> list[Any]:
    """What numbers the frames: names of image files where annotations give them, else the ids."""
    names = {}
    frames = {}
    for image in images if isinstance(images, list) else ():
        if isinstance(image, dict) and isinstance(image.get("id"), int | float | str):
            if isinstance(image.get("file_name"), str):
                names[image["id"]] = image["file_name"]
            if first_number(image.get("frame_id")) is not None:
                frames[image["id"]] = first_number(image["frame_id"])
    for labelled in (frames, names):
        if len(labelled) == len(labels) == len(set(labelled.values())):
            return [labelled[label] for label in labels]
    return list(labels)
