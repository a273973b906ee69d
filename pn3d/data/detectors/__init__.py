"""Reading any detector's 2D keypoints: the lenient side of the data room."""

from pn3d.data.detectors.h36m import person_clips, to_h36m17
from pn3d.data.detectors.reading import read_keypoints
from pn3d.data.detectors.records import Detections, Person, Video
from pn3d.data.detectors.sniffing import FORMATS
from pn3d.data.detectors.video_file import VideoFacts, read_video_facts

__all__ = [
    "FORMATS",
    "Detections",
    "Person",
    "Video",
    "VideoFacts",
    "person_clips",
    "read_keypoints",
    "read_video_facts",
    "to_h36m17",
]
