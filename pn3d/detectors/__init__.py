"""Reading any detector's 2D keypoints: lenient where data files are strict."""

from pn3d.detectors.arrays import array_clips
from pn3d.detectors.formats import FORMATS
from pn3d.detectors.person_clips import person_clips, view_clips
from pn3d.detectors.reading import read_keypoints
from pn3d.detectors.records import Detections, Person, Video
from pn3d.detectors.video_file import VideoFacts, read_video_facts
