// The video behind the 2D view. While it plays its frames are the page's clock; while it stands still it follows.

class Footage {
  /** kept: { source, rate, data } of the page; changed(seen) is called when something is, a frame where `seen`. */
  constructor(video, kept, changed) {
    Object.assign(this, { video, rate: kept.rate, changed, shown: null, seenAt: 0, next: null, failed: false, running: false });
    this.inside = kept.data !== undefined;
    for (const name of ["seeked", "loadeddata"]) video.addEventListener(name, () => this.arrived(name));
    video.addEventListener("error", () => { this.failed = true; changed(false); });
    if (this.inside) {
      const text = atob(kept.data), bytes = new Uint8Array(text.length);
      for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
      video.src = URL.createObjectURL(new Blob([bytes], { type: "video/mp4" }));
    } else video.src = encodeURI(kept.source);
    this.listen();
  }

  /** Whether a frame of it has been seen. */
  get begun() { return !this.failed && this.shown !== null; }

  /** Whether a frame can be drawn now: not while it is on its way to another one. */
  get ready() { return !this.failed && this.video.readyState >= 2 && !this.video.seeking; }

  /** Whether the clock of the page is this video's. */
  get leads() { return this.running && this.begun && !this.video.ended; }

  listen() {
    if (!this.video.requestVideoFrameCallback) return;
    this.video.requestVideoFrameCallback((now, frame) => {
      this.note(frame.mediaTime);
      this.listen();
    });
  }

  note(time) {
    this.shown = time;
    this.seenAt = performance.now();
    this.changed(true);
  }

  /**
   * Calls draw(image) with the frame that is there, whose time is then `shown`. On a busy machine it can be a later one
   * than the callback told of; browsers say its own time where the page may read the video.
   */
  withFrame(draw) {
    let frame = null;
    try { frame = new VideoFrame(this.video); } catch { /* beside the page, or an older browser */ }
    if (frame) this.shown = frame.timestamp / 1e6;
    draw(frame || this.video);
    frame?.close();
  }

  arrived(event) {
    if (this.next !== null) {
      const time = this.next;
      this.next = null;
      this.seek(time);
    } else if (event === "seeked") {
      // The frame callback comes later, and in some browsers never.
      this.note(Math.floor(this.video.currentTime * this.rate + 0.02) / this.rate);
    }
    this.changed(false);
  }

  /** To the frame seen at a time; while one seek is under way only the last wish is kept. */
  seek(time) {
    if (this.video.seeking || this.video.readyState < 1) this.next = time;
    else this.video.currentTime = Math.min(time + 0.5 / this.rate, Math.max(0, this.video.duration - 0.25 / this.rate));
  }

  play(time, speed) {
    this.video.playbackRate = speed;
    if (!this.running || this.video.ended) this.seek(time);
    this.running = true;
    this.video.play().catch(() => {});
  }

  pause() {
    this.running = false;
    this.video.pause();
  }

  /** Seconds in the video now: those of the frame that is seen, going on for no longer than that frame lasts. */
  clock() {
    if (this.shown === null || this.video.seeking || this.next !== null) return null;
    if (!this.video.requestVideoFrameCallback) return this.video.currentTime;
    const since = (performance.now() - this.seenAt) / 1000 * this.video.playbackRate;
    return this.shown + Math.min(since, 0.99 / this.rate);
  }
}
