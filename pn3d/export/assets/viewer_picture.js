// The image plane: the frame of the picture, input keypoints by side and confidence, the reprojected skeleton.

/** Fits the canvas to its box at the screen's resolution and returns a context in CSS pixels. */
function sharpContext(canvas) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  const width = Math.max(1, Math.round(canvas.clientWidth * ratio)), height = Math.max(1, Math.round(canvas.clientHeight * ratio));
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  return context;
}

/** Mean over `reach` frames to each side, of rows of `width` numbers: two passes, which leave no corners. */
function smoothed(values, width, reach) {
  let now = values;
  for (let pass = 0; pass < 2; pass++) {
    const next = new Float32Array(now.length), frames = now.length / width;
    for (let column = 0; column < width; column++) {
      let sum = 0, from = 0, to = 0;
      for (let frame = 0; frame < frames; frame++) {
        for (; to < Math.min(frames, frame + reach + 1); to++) sum += now[to * width + column];
        for (; from < frame - reach; from++) sum -= now[from * width + column];
        next[frame * width + column] = sum / (to - from);
      }
    }
    now = next;
  }
  return now;
}

class Picture {
  constructor(canvas, motion) {
    this.canvas = canvas;
    this.motion = motion;
    this.zoomed = true;
    this.above = new Map(motion.bones.map(([from, to]) => [to, from]));
    this.follow();
    this.recolour();
  }

  recolour() {
    const names = ["left", "right", "middle", "reprojected", "line", "sky", "soft"];
    this.colours = Object.fromEntries(names.map((name) => [name, themeColour(`--${name}`).text]));
  }

  /** [x0, y0, x1, y1] of what is seen in a frame, or null. */
  boundsOf(frame) {
    const box = [Infinity, Infinity, -Infinity, -Infinity], { keypoints, reprojected } = this.motion.arrays;
    const length = 2 * this.motion.joint_sides.length;
    for (const values of [keypoints, reprojected]) {
      for (let i = frame * length; values && i < (frame + 1) * length; i += 2) {
        if (Number.isNaN(values[i])) continue;
        box[0] = Math.min(box[0], values[i]); box[2] = Math.max(box[2], values[i]);
        box[1] = Math.min(box[1], values[i + 1]); box[3] = Math.max(box[3], values[i + 1]);
      }
    }
    return box[0] > box[2] ? null : box;
  }

  /** Where the zoomed view looks: the middle of the person, smoothed over a second, at one size for the whole clip. */
  follow() {
    const { frames, fps, image_size: size } = this.motion, sides = [], middles = new Float32Array(2 * frames);
    let last = size ? [size[0] / 2, size[1] / 2] : [500, 500];
    for (let frame = 0; frame < frames; frame++) {
      const box = this.boundsOf(frame);
      if (box) {
        last = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
        sides.push(Math.max(box[2] - box[0], box[3] - box[1]));
      }
      middles.set(last, 2 * frame);
    }
    sides.sort((a, b) => a - b);
    // The 95th percentile: one joint that is far off in a few frames must not make the person small in all.
    this.side = 1.22 * Math.max(sides.length ? sides[Math.floor(0.95 * (sides.length - 1))] : 1000, 10);
    this.middles = smoothed(middles, 2, Math.max(1, Math.round(fps / 3)));
  }

  bonesOf(context, at, values, style) {
    for (const [, to] of this.motion.bones) {
      // Past joints that are missing, to the next one up that is there: a trunk without its middle is still a trunk.
      let from = this.above.get(to), a = null;
      while (from !== undefined && !(a = at(values, from))) from = this.above.get(from);
      const b = at(values, to);
      if (!a || !b) continue;
      context.globalAlpha = style.alpha(from, to);
      context.strokeStyle = style.colour(to);
      context.beginPath();
      context.moveTo(...a);
      context.lineTo(...b);
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  window(frame) {
    const [x, y] = this.middles.subarray(2 * frame, 2 * frame + 2), half = this.side / 2;
    return [x - half, y - half, x + half, y + half];
  }

  draw(frame, behind = null) {
    this.paint(sharpContext(this.canvas), this.canvas.clientWidth, this.canvas.clientHeight, frame, behind);
  }

  /** A frame onto any context of this size; `behind` is the video or null. */
  paint(context, width, height, frame, behind) {
    const { image_size: size, joint_sides: sides, arrays } = this.motion;
    const [x0, y0, x1, y1] = this.zoomed || !size ? this.window(frame) : [0, 0, ...size];
    const scale = Math.min((width - 16) / (x1 - x0), (height - 16) / (y1 - y0));
    const left = (width - scale * (x1 - x0)) / 2 - scale * x0, top = (height - scale * (y1 - y0)) / 2 - scale * y0;
    if (size) {
      context.fillStyle = this.colours.sky;
      context.fillRect(left, top, scale * size[0], scale * size[1]);
      if (behind) context.drawImage(behind, left, top, scale * size[0], scale * size[1]);
      context.strokeStyle = this.colours.line;
      context.strokeRect(left, top, scale * size[0], scale * size[1]);
    }
    const joints = sides.length;
    const at = (values, joint) => {
      const x = values[(frame * joints + joint) * 2], y = values[(frame * joints + joint) * 2 + 1];
      return Number.isNaN(x) ? null : [left + scale * x, top + scale * y];
    };
    const trust = (joint) => arrays.confidence ? 0.25 + 0.75 * arrays.confidence[frame * joints + joint] / 255 : 1;
    context.lineCap = "round";
    if (arrays.keypoints) this.drawInput(context, at, arrays.keypoints, trust);
    if (arrays.reprojected) this.drawReprojected(context, at, arrays.reprojected);
  }

  drawInput(context, at, values, trust) {
    const sides = this.motion.joint_sides;
    context.lineWidth = 4;
    this.bonesOf(context, at, values, { alpha: (a, b) => Math.min(trust(a), trust(b)), colour: (joint) => this.colours[sides[joint]] });
    for (let joint = 0; joint < sides.length; joint++) {
      const place = at(values, joint);
      if (!place) continue;
      context.globalAlpha = trust(joint);
      context.fillStyle = this.colours[sides[joint]];
      context.beginPath();
      context.arc(...place, 4.5, 0, 2 * Math.PI);
      context.fill();
    }
    context.globalAlpha = 1;
  }

  drawReprojected(context, at, values) {
    context.lineWidth = 1.5;
    this.bonesOf(context, at, values, { alpha: () => 0.9, colour: () => this.colours.reprojected });
    context.strokeStyle = this.colours.reprojected;
    for (let joint = 0; joint < this.motion.joint_sides.length; joint++) {
      const place = at(values, joint);
      if (!place) continue;
      context.beginPath();
      context.arc(...place, 5.5, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}
