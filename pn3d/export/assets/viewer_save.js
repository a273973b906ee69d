// The two views of one frame as a PNG.

const SAVED_HEIGHT = 1080, CAPTION = 34;

/** 2D and 3D side by side at their proportions, with a line below; the video is left out where `behind` is null. */
function pictureOf(viewer, behind) {
  const views = [viewer.element("picture"), viewer.element("scene")];
  const widths = views.map((view) => Math.round(SAVED_HEIGHT * view.clientWidth / Math.max(1, view.clientHeight)));
  const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
  Object.assign(canvas, { width: widths[0] + widths[1], height: SAVED_HEIGHT + CAPTION });
  context.fillStyle = themeColour("--panel").text;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.save();
  context.beginPath();
  context.rect(0, 0, widths[0], SAVED_HEIGHT);
  context.clip();
  const scale = SAVED_HEIGHT / Math.max(1, views[0].clientHeight);
  context.scale(scale, scale);
  viewer.picture.paint(context, views[0].clientWidth, views[0].clientHeight, viewer.pictureFrame(), behind);
  context.restore();
  if (viewer.scene) {
    // What WebGL has drawn can be copied only before the page goes on.
    viewer.drawScene(viewer.moment());
    context.drawImage(views[1], widths[0], 0, widths[1], SAVED_HEIGHT);
  }
  context.fillStyle = themeColour("--soft").text;
  context.font = "18px system-ui, sans-serif";
  context.fillText(`${viewer.motion.title}   ${viewer.element("clock").textContent}   pn3d`, 12, SAVED_HEIGHT + 23);
  return canvas;
}

function savePicture(viewer) {
  if (viewer.playing) viewer.play(false);
  let canvas = pictureOf(viewer, viewer.behind());
  try {
    canvas.getContext("2d").getImageData(0, 0, 1, 1);
    viewer.say("");
  } catch {
    // From a folder, browsers let no page copy what lies beside it.
    canvas = pictureOf(viewer, null);
    viewer.say("Saved without the video: browsers do not copy a video that lies beside a page. --embed-video puts it inside.");
  }
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.download = `${viewer.motion.title.replace(/[^\p{L}\p{N}]+/gu, "_")}_frame_${viewer.frame * viewer.motion.stride}.png`;
    link.href = URL.createObjectURL(blob);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }, "image/png");
}
