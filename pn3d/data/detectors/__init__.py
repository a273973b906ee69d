"""Reading any detector's 2D keypoints: the lenient side of the data room."""

from pn3d.data.detectors.h36m import person_clips, to_h36m17
from pn3d.data.detectors.reading import read_keypoints
from pn3d.data.detectors.records import Detections, Person, Video
from pn3d.data.detectors.sniffing import FORMATS

__all__ = ["FORMATS", "Detections", "Person", "Video", "person_clips", "read_keypoints", "to_h36m17"]
