// A camera on a sphere about the person: drag to orbit, shift or right button to pan, wheel or pinch to zoom.

class OrbitCamera {
  constructor(target, distance) {
    this.home = { azimuth: 0.45, elevation: 0.16, distance };
    Object.assign(this, this.home);
    this.target = target;
    this.pan = [0, 0, 0];
  }

  view(azimuth, elevation) {
    Object.assign(this, this.home, { azimuth, elevation });
    this.pan = [0, 0, 0];
  }

  orbit(dx, dy) {
    this.azimuth -= dx * 0.008;
    this.elevation = Math.min(1.55, Math.max(-0.3, this.elevation + dy * 0.008));
  }

  zoom(factor) {
    this.distance = Math.min(30, Math.max(0.5, this.distance * factor));
  }

  shift(dx, dy, height) {
    const step = 2 * this.distance * Math.tan(0.29) / height, { right, up } = this.axes();
    for (let i = 0; i < 3; i++) this.pan[i] += step * (dy * up[i] - dx * right[i]);
  }

  axes() {
    const ca = Math.cos(this.azimuth), sa = Math.sin(this.azimuth), ce = Math.cos(this.elevation), se = Math.sin(this.elevation);
    return { back: [sa * ce, se, ca * ce], right: [ca, 0, -sa], up: [-sa * se, ce, -ca * se] };
  }

  /** What the renderer needs for a canvas of this width / height. */
  pose(aspect) {
    const { back, right, up } = this.axes();
    const target = this.target.map((value, i) => value + this.pan[i]);
    const eye = target.map((value, i) => value + this.distance * back[i]);
    const tall = 1 / Math.tan(0.29), near = 0.05, far = 80;
    const dot = (axis) => axis[0] * eye[0] + axis[1] * eye[1] + axis[2] * eye[2];
    const rows = [
      [...right.map((v) => v * tall / aspect), -dot(right) * tall / aspect],
      [...up.map((v) => v * tall), -dot(up) * tall],
      [0, 0, 0, 0],
      [...back.map((v) => -v), dot(back)],
    ];
    const slope = (far + near) / (far - near), shift = -2 * far * near / (far - near);
    rows[2] = rows[3].map((value, i) => slope * value + (i === 3 ? shift : 0));
    const matrix = new Float32Array(16);
    for (let row = 0; row < 4; row++) for (let column = 0; column < 4; column++) matrix[column * 4 + row] = rows[row][column];
    return { matrix, eye, target };
  }

  /** Ties mouse, touch and wheel on the canvas to the camera; changed() is called after every movement. */
  listen(canvas, changed) {
    const fingers = new Map();
    const spread = () => { const [a, b] = [...fingers.values()]; return Math.hypot(a.x - b.x, a.y - b.y); };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      canvas.classList.add("dragging");
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const dx = event.clientX - before.x, dy = event.clientY - before.y;
      const wide = fingers.size === 2 ? spread() : 0;
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (fingers.size === 2) this.zoom(wide / Math.max(spread(), 1));
      else if (event.shiftKey || event.buttons === 2) this.shift(dx, dy, canvas.clientHeight);
      else this.orbit(dx, dy);
      changed();
    });
    for (const kind of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(kind, (event) => { fingers.delete(event.pointerId); canvas.classList.remove("dragging"); });
    }
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(Math.max(-100, Math.min(100, event.deltaY)) * 0.0015));
      changed();
    }, { passive: false });
  }
}
