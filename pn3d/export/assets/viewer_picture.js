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

class Picture {
  constructor(canvas, motion) {
    this.canvas = canvas;
    this.motion = motion;
    this.zoomed = true;
    this.person = this.boundsOfPerson();
    this.recolour();
  }

  recolour() {
    const names = ["left", "right", "middle", "reprojected", "line", "sky", "soft"];
    this.colours = Object.fromEntries(names.map((name) => [name, themeColour(`--${name}`).text]));
  }

  /** [x0, y0, x1, y1] of everything seen over the whole clip, with a margin. */
  boundsOfPerson() {
    const box = [Infinity, Infinity, -Infinity, -Infinity], { keypoints, reprojected } = this.motion.arrays;
    for (const values of [keypoints, reprojected]) {
      for (let i = 0; values && i < values.length; i += 2) {
        if (Number.isNaN(values[i])) continue;
        box[0] = Math.min(box[0], values[i]); box[2] = Math.max(box[2], values[i]);
        box[1] = Math.min(box[1], values[i + 1]); box[3] = Math.max(box[3], values[i + 1]);
      }
    }
    if (box[0] > box[2]) return [0, 0, ...(this.motion.image_size || [1000, 1000])];
    const margin = 0.06 * Math.max(box[2] - box[0], box[3] - box[1], 10);
    return [box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin];
  }

  bonesOf(context, at, values, style) {
    for (const [from, to] of this.motion.bones) {
      const a = at(values, from), b = at(values, to);
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

  draw(frame) {
    const context = sharpContext(this.canvas), { image_size: size, joint_sides: sides, arrays } = this.motion;
    const [x0, y0, x1, y1] = this.zoomed || !size ? this.person : [0, 0, ...size];
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const scale = Math.min((width - 16) / (x1 - x0), (height - 16) / (y1 - y0));
    const left = (width - scale * (x1 - x0)) / 2 - scale * x0, top = (height - scale * (y1 - y0)) / 2 - scale * y0;
    if (size) {
      context.fillStyle = this.colours.sky;
      context.fillRect(left, top, scale * size[0], scale * size[1]);
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
