// Error and confidence over time, with the frames that somebody should look at; click or drag to go there.

const PLOT_LEFT = 46, PLOT_RIGHT = 14;

/** A round number of seconds, 1, 2 or 5 times a power of ten, that cuts the span into at most `most` parts. */
function roundStep(span, most) {
  const raw = span / most, power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((part) => part * power).find((step) => step >= raw * 0.999) || raw;
}

class Plots {
  constructor(canvas, motion) {
    this.canvas = canvas;
    this.motion = motion;
    this.rows = this.makeRows(motion.arrays);
    this.cursor = document.getElementById("cursor");
    this.recolour();
    this.writeKey();
  }

  makeRows(arrays) {
    const rows = [];
    if (arrays.error_px) {
      let top = 0;
      for (const value of arrays.error_px) if (value > top) top = value;
      const step = roundStep(Math.max(top, 1e-3), 3);
      rows.push({ unit: "px", top: Math.ceil(top / step) * step || 1, step, curves: [{ name: "reprojection error", colour: "reprojected", values: arrays.error_px }] });
    }
    const confidences = [];
    if (arrays.mean_confidence) confidences.push({ name: "input confidence", colour: "soft", values: arrays.mean_confidence });
    if (arrays.output_confidence) confidences.push({ name: "output confidence", colour: "accent", values: arrays.output_confidence });
    if (confidences.length) rows.push({ unit: "", top: 1, step: 0.5, curves: confidences });
    return rows;
  }

  recolour() {
    const names = ["line", "soft", "ink", "accent", "reprojected", "flag"];
    this.colours = Object.fromEntries(names.map((name) => [name, themeColour(`--${name}`).text]));
    this.drawnSize = "";
  }

  writeKey() {
    const key = document.getElementById("plot-key");
    const entries = this.rows.flatMap((row) => row.curves.map((curve) => [curve.name, curve.colour]));
    for (const flag of this.motion.flags) entries.push([flag.name, "flag"]);
    for (const [name, colour] of entries) {
      const mark = document.createElement("i");
      mark.className = "dash";
      mark.style.background = `var(--${colour})`;
      key.append(mark, ` ${name} `);
    }
  }

  xOf(frame) {
    const span = Math.max(this.motion.frames - 1, 1);
    return PLOT_LEFT + (this.canvas.clientWidth - PLOT_LEFT - PLOT_RIGHT) * frame / span;
  }

  frameAt(clientX) {
    const box = this.canvas.getBoundingClientRect();
    const share = (clientX - box.left - PLOT_LEFT) / (box.width - PLOT_LEFT - PLOT_RIGHT);
    return Math.round(Math.min(1, Math.max(0, share)) * (this.motion.frames - 1));
  }

  drawFlags(context, height) {
    context.fillStyle = this.colours.flag;
    for (const flag of this.motion.flags) {
      for (const [start, end] of flag.spans) {
        const from = this.xOf(start), wide = Math.max(this.xOf(end) - from, 2);
        context.globalAlpha = 0.16;
        context.fillRect(from, 8, wide, height - 30);
        context.globalAlpha = 1;
        context.fillRect(from, height - 22, wide, 3);
      }
    }
  }

  drawRow(context, row, top, bottom) {
    const yOf = (value) => bottom - (bottom - top) * value / row.top;
    context.textAlign = "right";
    for (let value = 0; value <= row.top * 1.001; value += row.step) {
      context.strokeStyle = this.colours.line;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(PLOT_LEFT, Math.round(yOf(value)) + 0.5);
      context.lineTo(this.canvas.clientWidth - PLOT_RIGHT, Math.round(yOf(value)) + 0.5);
      context.stroke();
      context.fillStyle = this.colours.soft;
      context.fillText(`${+value.toPrecision(3)} ${row.unit}`.trim(), PLOT_LEFT - 6, yOf(value) + 4);
    }
    for (const curve of row.curves) {
      context.strokeStyle = this.colours[curve.colour];
      context.lineWidth = 1.6;
      context.beginPath();
      let pen = false;
      curve.values.forEach((value, frame) => {
        if (Number.isNaN(value)) { pen = false; return; }
        if (pen) context.lineTo(this.xOf(frame), yOf(value));
        else context.moveTo(this.xOf(frame), yOf(value));
        pen = true;
      });
      context.stroke();
    }
  }

  /** The curves, drawn once for each size of the window. */
  drawCurves() {
    const context = sharpContext(this.canvas), { clientWidth: width, clientHeight: height } = this.canvas;
    context.font = "11px system-ui, sans-serif";
    this.drawFlags(context, height);
    const tall = (height - 32) / Math.max(this.rows.length, 1);
    this.rows.forEach((row, index) => this.drawRow(context, row, 10 + index * tall, 10 + (index + 1) * tall - 12));
    const seconds = (this.motion.frames - 1) / this.motion.fps;
    if (seconds <= 0) return;
    const step = roundStep(seconds, Math.max(2, Math.floor(width / 90)));
    context.textAlign = "center";
    context.fillStyle = this.colours.soft;
    const start = this.motion.start_s;
    for (let time = Math.ceil(start / step - 1e-6) * step; time <= start + seconds + 1e-6; time += step) {
      context.fillText(`${+time.toPrecision(6)} s`, Math.min(this.xOf((time - start) * this.motion.fps), width - 18), height - 5);
    }
  }

  draw(frame) {
    const size = `${this.canvas.clientWidth} ${this.canvas.clientHeight} ${window.devicePixelRatio}`;
    if (size !== this.drawnSize) this.drawCurves();
    this.drawnSize = size;
    this.cursor.style.transform = `translateX(${Math.round(this.xOf(frame))}px)`;
  }

  readout(frame) {
    const parts = this.rows.flatMap((row) => row.curves.map((curve) => {
      const value = curve.values[frame];
      return `${curve.name} ${Number.isNaN(value) ? "–" : value.toFixed(row.unit ? 1 : 2)} ${row.unit}`.trim();
    }));
    for (const flag of this.motion.flags) if (flag.spans.some(([start, end]) => frame >= start && frame < end)) parts.push(flag.name);
    return parts.join(" · ");
  }
}
