// Puts the page together: what is shown, which moment it is, and the controls.

class Viewer {
  constructor() {
    this.page = readPage();
    this.motion = personOf(this.page, 0);
    this.time = 0;
    this.frame = 0;
    this.playing = false;
    this.speed = 1;
    this.drawn = 0;
    this.shownFrame = -1;
    this.pictureStale = true;
    this.pace = 16;
    this.detail = 1;
    this.settled = 0;
    this.dirty = true;
    this.follow = true;
    this.layers = { student: true, teacher: false, body: true, video: true };
    this.element = (id) => document.getElementById(id);
    this.footage = this.startFootage();
    this.picture = new Picture(this.element("picture"), this.motion);
    this.plots = new Plots(this.element("plots"), this.motion);
    this.element("no-picture").hidden = Boolean(this.motion.arrays.keypoints || this.motion.arrays.reprojected);
    const height = this.motion.height_m;
    this.camera = new OrbitCamera(this.middle({ first: 0, second: 0, mix: 0 }), 2.2 * height);
    this.scene = this.startScene();
    this.label();
    this.addPeople();
    this.addLayers();
    this.addPicture();
    this.addViews();
    this.addPlayback();
    this.addTheme();
    requestAnimationFrame((now) => this.tick(now, now));
  }

  startScene() {
    const canvas = this.element("scene");
    try {
      const scene = new Scene(canvas, this.motion);
      this.camera.listen(canvas, () => { this.dirty = true; });
      return scene;
    } catch (error) {
      const note = this.element("no-scene");
      note.textContent = error.message;
      note.hidden = false;
      return null;
    }
  }

  /** The video of the page, whose frames make the 2D view anew when they come; null where there is none. */
  startFootage() {
    const kept = this.page.video;
    if (!kept) return null;
    return new Footage(this.element("footage"), kept, (seen) => {
      this.dirty = true;
      // At once: some milliseconds later the browser may be a frame further.
      if (seen) this.drawPicture();
      this.element("layer-video")?.toggleAttribute("hidden", this.footage.failed);
      if (this.footage.failed) this.say(`The video ${kept.source} cannot be shown: it is not beside this page, or this browser does not play it.`);
    });
  }

  say(text) { this.element("said").textContent = text; }

  /** The choice of a person, where the page has several. */
  addPeople() {
    const select = this.element("person"), names = this.page.people.map((person) => person.title);
    this.element("who").hidden = names.length < 2;
    for (const [index, name] of names.entries()) select.add(new Option(`${index}: ${name}`, index));
    select.addEventListener("change", () => this.choose(Number(select.value)));
  }

  /** Shows another person at the same moment of the video. */
  choose(index) {
    const time = this.motion.start_s + this.frame / this.motion.fps;
    this.motion = personOf(this.page, index);
    for (const id of ["layers", "plot-key"]) this.element(id).replaceChildren();
    const { zoomed } = this.picture;
    this.picture = Object.assign(new Picture(this.element("picture"), this.motion), { zoomed });
    this.plots = new Plots(this.element("plots"), this.motion);
    this.scene?.show(this.motion);
    this.label();
    this.addLayers();
    this.redraw();
    this.seek(Math.round((time - this.motion.start_s) * this.motion.fps), false);
    if (this.playing) this.play(true);
  }

  label() {
    const { title, subtitle, footer, frames } = this.motion;
    this.element("title").textContent = title;
    this.element("subtitle").textContent = subtitle;
    this.element("footer").textContent = footer;
    this.element("scrub").max = frames - 1;
  }

  /** Everything has to be drawn anew, though the frame is the same. */
  redraw() { Object.assign(this, { dirty: true, shownFrame: -1, pictureStale: true }); }

  /** A button that is on or off. */
  chip(parent, text, pressed, toggled) {
    const button = document.createElement("button");
    button.className = "chip";
    button.textContent = text;
    button.setAttribute("aria-pressed", pressed);
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", on);
      toggled(on);
      this.dirty = true;
    });
    parent.append(button);
    return button;
  }

  addLayers() {
    const arrays = this.motion.arrays;
    const hints = {
      student: "Joints of the fitted body, left blue and right orange; a yellow mark lies under a foot that stands", teacher: "Joints as the teacher lifted them",
      body: "The fitted body's surface",
    };
    const there = { student: arrays.student, teacher: arrays.teacher, body: arrays.vertices };
    for (const [layer, values] of Object.entries(there)) {
      if (!values) continue;
      const text = layer[0].toUpperCase() + layer.slice(1);
      const button = this.chip(this.element("layers"), text, this.layers[layer], (on) => { this.layers[layer] = on; });
      button.id = `layer-${layer}`;
      button.title = hints[layer];
      const dot = document.createElement("i");
      dot.className = `dot ${layer}`;
      button.prepend(dot);
    }
    this.element("fit").hidden = !this.motion.image_size;
  }

  /** What the bar of the 2D view offers. */
  addPicture() {
    const fit = this.element("fit");
    fit.addEventListener("click", () => {
      this.picture.zoomed = !this.picture.zoomed;
      fit.setAttribute("aria-pressed", this.picture.zoomed);
      this.redraw();
    });
    this.element("save").addEventListener("click", () => savePicture(this));
    if (!this.footage) return;
    const button = this.chip(this.element("footage-chips"), "Video", true, (on) => { this.layers.video = on; this.redraw(); });
    button.id = "layer-video";
  }

  addViews() {
    const views = { Camera: [0, 0.1], Side: [Math.PI / 2, 0.1], Back: [Math.PI, 0.1], Top: [0, 1.55], Reset: [0.45, 0.16] };
    const hints = { Camera: "From where the camera stood", Side: "From the person's left where it faces the camera" };
    for (const [text, [azimuth, elevation]] of Object.entries(views)) {
      const button = document.createElement("button");
      button.className = "chip";
      button.textContent = text;
      button.title = hints[text] || "";
      button.addEventListener("click", () => { this.camera.view(azimuth, elevation); this.dirty = true; });
      this.element("views").append(button);
    }
    this.chip(this.element("views"), "Follow", true, (on) => { this.follow = on; });
  }

  addPlayback() {
    this.element("play").addEventListener("click", () => this.play(!this.playing));
    this.element("back").addEventListener("click", () => this.seek(this.frame - 1));
    this.element("next").addEventListener("click", () => this.seek(this.frame + 1));
    this.element("scrub").addEventListener("input", (event) => this.seek(Number(event.target.value)));
    this.element("speed").addEventListener("change", (event) => {
      this.speed = Number(event.target.value);
      if (this.playing) this.play(true);
    });
    const plots = this.element("plots");
    const go = (event) => { if (event.buttons) this.seek(this.plots.frameAt(event.clientX)); };
    plots.addEventListener("pointerdown", (event) => { plots.setPointerCapture(event.pointerId); go(event); });
    plots.addEventListener("pointermove", go);
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
      if (event.key === " " && event.target.tagName === "BUTTON") return;
      const acts = { " ": () => this.play(!this.playing), ArrowLeft: () => this.seek(this.frame - 1), ArrowRight: () => this.seek(this.frame + 1), Home: () => this.seek(0), End: () => this.seek(this.motion.frames - 1) };
      if (!acts[event.key]) return;
      event.preventDefault();
      acts[event.key]();
    });
  }

  addTheme() {
    window.addEventListener("resize", () => this.redraw());
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      for (const part of [this.scene, this.picture, this.plots]) part?.recolour();
      this.redraw();
    });
  }

  play(on) {
    this.playing = on && this.motion.frames > 1;
    // What was in the way the last time may be gone.
    if (this.playing) Object.assign(this, { detail: Math.min(1, this.detail / 0.8), pace: 16, settled: performance.now() });
    const button = this.element("play");
    button.classList.toggle("playing", this.playing);
    button.setAttribute("aria-label", this.playing ? "Pause" : "Play");
    if (this.playing) this.footage?.play(this.motion.first_s + this.time, this.speed);
    else {
      this.footage?.pause();
      this.seek(this.frame, false);
    }
  }

  seek(frame, stop = true) {
    if (stop && this.playing) this.play(false);
    this.frame = Math.min(this.motion.frames - 1, Math.max(0, frame));
    this.time = this.frame / this.motion.fps;
    this.footage?.seek(this.motion.first_s + this.time);
    this.dirty = true;
  }

  /** The clock goes on: the video's where one plays, else our own. From the end it goes back to the beginning. */
  advance(seconds) {
    const { fps, frames, first_s: first } = this.motion, span = (frames - 1) / fps;
    const led = this.footage?.leads ? this.footage.clock() : undefined;
    if (led === null) return;
    this.time = led === undefined ? this.time + seconds : Math.max(0, led - first);
    if (this.time >= span + (led === undefined ? 0 : 0.5 / this.footage.rate)) {
      this.footage?.play(first, this.speed);
      // The page waits for its video, which takes a moment to be back.
      this.time = this.footage?.leads ? span : 0;
    }
    this.frame = Math.min(frames - 1, Math.floor(this.time * fps + 0.02));
  }

  tick(now, before) {
    if (this.playing) {
      const passed = Math.min(now - before, 250);
      this.pace += 0.05 * (passed - this.pace);
      this.economise(now);
      this.advance(passed / 1000 * this.speed);
      this.dirty = true;
    }
    if (this.dirty) this.draw();
    requestAnimationFrame((next) => this.tick(next, now));
  }

  /** A machine that cannot keep 30 frames a second does without the shadow, and then with fewer pixels. */
  economise(now) {
    if (!this.scene || this.pace < 34 || now - this.settled < 600) return;
    this.settled = now;
    if (this.scene.shadows) this.scene.shadows = false;
    else this.detail = Math.max(0.5, this.detail * 0.8);
  }

  /** Which two frames the clock is between, and how far. */
  moment() {
    const position = Math.min(this.time * this.motion.fps, this.motion.frames - 1);
    const first = Math.min(this.frame, this.motion.frames - 1), second = Math.min(first + 1, this.motion.frames - 1);
    return { first, second, mix: this.playing ? Math.min(1, Math.max(0, position - first)) : 0 };
  }

  middle(moment) {
    const pelvis = pelvisAt(this.motion, moment);
    // Steps leave the view where it is; a jump, a squat or a lie takes it along.
    const usual = this.motion.middle_height_m, away = pelvis[1] - 0.05 - usual;
    return [pelvis[0], usual + Math.sign(away) * Math.max(0, Math.abs(away) - 0.1), pelvis[2]];
  }

  skeletons(moment, pelvis) {
    const { bones, joint_sides: sides, arrays } = this.motion, shown = [];
    const kinds = [["student", 0.017, (joint) => sides[joint]], ["teacher", 0.011, () => "teacher"]];
    for (const [layer, radius, colourOf] of kinds) {
      if (this.layers[layer] && arrays[layer]) shown.push({ places: placesAt(arrays[layer], sides.length, this.motion, moment, pelvis), bones, radius, colourOf });
    }
    const standing = this.standing(moment, pelvis);
    if (standing.length) shown.push({ places: new Float32Array(standing), bones: [], radius: 0.03, colourOf: () => "flag" });
    return shown;
  }

  /** Places on the floor below the ankles of feet that stand, x, y, z each. */
  standing(moment, pelvis) {
    const { arrays, ankles, joint_sides: sides, ground_height_m: floor } = this.motion, marks = [];
    if (!arrays.contact || !arrays.student) return marks;
    const places = placesAt(arrays.student, sides.length, this.motion, moment, pelvis);
    ankles.forEach((joint, foot) => {
      const likely = Math.max(arrays.contact[moment.first * 4 + foot], arrays.contact[moment.first * 4 + 2 + foot]);
      if (likely > 127) marks.push(places[joint * 3], floor, places[joint * 3 + 2]);
    });
    return marks;
  }

  drawScene(moment) {
    const canvas = this.element("scene"), sharp = Math.min(window.devicePixelRatio || 1, 2);
    // A renderer without smooth edges draws a still picture at twice the size instead.
    const ratio = this.playing ? this.detail * (this.scene.soft ? 1 : sharp) : this.scene.soft ? 2 : sharp;
    const width = Math.max(1, Math.round(canvas.clientWidth * ratio)), height = Math.max(1, Math.round(canvas.clientHeight * ratio));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const pelvis = pelvisAt(this.motion, moment);
    if (this.follow) this.camera.target = this.middle(moment);
    const rows = this.layers.body && this.motion.arrays.vertices ? skinningRows(this.motion, moment, pelvis) : null;
    this.scene.draw(this.camera.pose(width / height), rows, this.skeletons(moment, pelvis));
  }

  draw() {
    const moment = this.moment();
    if (this.scene) this.drawScene(moment);
    // Between two frames of the clip only the 3D view moves.
    if (!this.playing || this.frame !== this.shownFrame) this.drawFrame();
    this.dirty = false;
    this.drawn += 1;
  }

  /** The frame of the 2D view: that of the video's frame which is seen, so that the two are never apart. */
  pictureFrame() {
    const { fps, frames, first_s: first } = this.motion, { footage } = this;
    if (!footage?.begun || (this.playing && !footage.leads)) return this.frame;
    if (first + this.frame / fps > footage.video.duration) return this.frame;
    return Math.min(frames - 1, Math.max(0, Math.floor((footage.shown - first) * fps + 0.02)));
  }

  /** What stands behind the 2D view, or null. */
  behind() { return this.layers.video && this.footage?.ready ? this.footage.video : null; }

  /** The 2D view. On its way to another frame the video cannot be drawn; the one that is seen stays. */
  drawPicture() {
    if (!this.picture || (this.footage?.begun && !this.footage.ready)) return;
    if (this.behind()) this.footage.withFrame((image) => this.picture.draw(this.pictureFrame(), image));
    else this.picture.draw(this.pictureFrame());
    this.pictureStale = false;
  }

  drawFrame() {
    const { frames, fps, frame_numbers: numbers, start_s: start } = this.motion;
    // A video that plays has it drawn when its frames come.
    if (this.pictureStale || !this.footage?.leads) this.drawPicture();
    this.plots.draw(this.frame);
    this.element("scrub").value = this.frame;
    const seconds = (value) => (start + value / fps).toFixed(2);
    this.element("clock").textContent = `${seconds(this.frame)} / ${seconds(frames - 1)} s   frame ${numbers[this.frame]}`;
    this.element("readout").textContent = this.plots.readout(this.frame);
    this.shownFrame = this.frame;
  }
}

window.pn3dViewer = new Viewer();
