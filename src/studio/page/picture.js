// The picture at the playhead: fetched a little ahead, kept as bitmaps, drawn by the audio's clock.

const AHEAD = 24;
const KEPT = 120;
const FETCHES = 4;

export class Pictures {
  constructor(canvas, badge) {
    this.canvas = canvas;
    this.context = canvas.getContext('2d');
    this.badge = badge;
    this.runs = [];
    this.version = 0;
    this.resting = false;
    this.gone = false;
    this.fps = 0;
    this.bitmaps = new Map();
    this.fetching = new Set();
  }

  // Of which look and rate pictures are wanted; those of another rate lie elsewhere.
  take({ version, fps }) {
    if (fps !== this.fps) {
      for (const { bitmap } of this.bitmaps.values()) bitmap.close();
      this.bitmaps.clear();
      this.runs = [];
    }
    [this.version, this.fps] = [version, fps];
  }

  // The version of the server's picture of a frame; 0 where there is none.
  there(frame) {
    return this.runs.find((run) => run.from <= frame && frame < run.to)?.version ?? 0;
  }

  // `playing`: frames that are missing now come too late.
  show(frame, playing) {
    this.fetchAround(frame);
    const found = this.bitmaps.get(frame);
    if (found && (this.frame !== frame || this.shown !== found.version)) {
      if (this.canvas.width !== found.bitmap.width || this.canvas.height !== found.bitmap.height) {
        [this.canvas.width, this.canvas.height] = [found.bitmap.width, found.bitmap.height];
      }
      this.context.drawImage(found.bitmap, 0, 0);
      [this.frame, this.shown] = [frame, found.version];
      [this.canvas.dataset.frame, this.canvas.dataset.version] = [frame, found.version];
    }
    const missing = playing ? 'not rendered yet: pause, and the pictures catch up' : 'rendering\u2026';
    const late = !found ? missing : found.version < this.version ? 'rendering the change\u2026' : '';
    const resting = late && this.resting ? 'preview paused while rendering' : late;
    // Without the program nothing is on its way.
    const text = this.gone ? 'not connected' : resting;
    if (this.badge.textContent !== text) this.badge.textContent = text;
  }

  fetchAround(frame) {
    // Nobody answers.
    if (this.gone) return;
    for (let f = frame; f < frame + AHEAD && this.fetching.size < FETCHES; f++) {
      const version = this.there(f);
      if (version && this.bitmaps.get(f)?.version !== version && !this.fetching.has(f)) this.fetch(f, version);
    }
    if (this.bitmaps.size <= KEPT) return;
    for (const [f, { bitmap }] of this.bitmaps) {
      if (f < frame - KEPT / 4 || f > frame + KEPT / 2) {
        bitmap.close();
        this.bitmaps.delete(f);
      }
    }
  }

  async fetch(frame, version) {
    this.fetching.add(frame);
    try {
      const response = await fetch(`picture/${version}/${frame}`);
      // A newer picture may have come in between; its run is on its way.
      if (!response.ok) return;
      const bitmap = await createImageBitmap(await response.blob());
      this.bitmaps.get(frame)?.bitmap.close();
      this.bitmaps.set(frame, { version, bitmap });
    } catch {
      // A lost connection is told by the socket; the next drawing asks again.
    } finally {
      this.fetching.delete(frame);
    }
  }
}
