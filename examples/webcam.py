"""Poses from a webcam (or a video file) as they come: python examples/webcam.py [0 or walk.mp4]."""

import sys

import cv2
import numpy as np

import pn3d
from pn3d.detectors.layouts import detector_layout
from pn3d.video.detectors import make_detector

source = sys.argv[1] if len(sys.argv) > 1 else "0"
camera = cv2.VideoCapture(int(source) if source.isdigit() else source)
detector = make_detector("auto")
size = (int(camera.get(cv2.CAP_PROP_FRAME_WIDTH)), int(camera.get(cv2.CAP_PROP_FRAME_HEIGHT)))
stream = pn3d.PoseStream(pn3d.load_weights(), image_size=size, layout=detector.layout, causal=True)
nobody = np.zeros((detector_layout(detector.layout).count, 3))
count = 0
while (read := camera.read())[0]:
    joints, scores = detector.detect(cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB), count / 30)
    count += 1
    # Frames in which nobody is seen are pushed too, so that time goes on.
    if pose := stream.push(np.column_stack([joints[0], scores[0]]) if len(joints) else nobody):
        print(pose.frame, pose.joints_cam_m[0].round(3).tolist(), flush=True)
