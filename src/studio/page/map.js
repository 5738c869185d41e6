// The map under the timeline: the whole track, and which part of it is seen. Dragged, it moves the view.

import { LABELS } from './timeline.js';

export class TrackMap {
  constructor(canvas, timeline, facts) {
    Object.assign(this, { canvas, timeline, loudness: facts.loudness, duration: facts.duration, held: 0 });
    this.context = canvas.getContext('2d');
    canvas.onpointerdown = (event) => {
      const { from, to } = timeline;
      const at = this.time(event.offsetX);
      // Beside the part that is seen: that comes here.
      this.held = at >= from && at <= to ? at - from : (to - from) / 2;
      canvas.setPointerCapture(event.pointerId);
      timeline.see(at - this.held);
    };
    canvas.onpointermove = (event) => {
      if (event.buttons) timeline.see(this.time(event.offsetX) - this.held);
    };
  }

  time(x) { return ((x - LABELS) / (this.canvas.clientWidth - LABELS - 4)) * this.duration; }

  draw(now) {
    const { canvas, timeline, context: c } = this;
    const scale = devicePixelRatio;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    }
    if (!timeline.color) return;
    const x = (t) => LABELS + (t / this.duration) * (width - LABELS - 4);
    c.setTransform(scale, 0, 0, scale, 0, 0);
    c.clearRect(0, 0, width, height);
    timeline.heard.sections.forEach(({ start, end }, i) => {
      c.fillStyle = timeline.sectionColor(i);
      c.globalAlpha = 0.55;
      c.fillRect(x(start), height - 4, Math.max(x(end) - x(start) - 1, 1), 3);
      c.globalAlpha = 1;
    });
    c.fillStyle = timeline.color('wave');
    const room = height - 6;
    // Asking for the canvas's width again and again would lay the page out each time.
    const share = this.loudness.length / (width - LABELS - 4);
    for (let at = LABELS; at < width - 4; at++) {
      const loud = this.loudness[Math.floor((at - LABELS) * share)] ?? 0;
      c.fillRect(at, room - loud * (room - 2), 1, Math.max(loud * (room - 2), 1));
    }
    const [a, b] = [x(timeline.from), x(timeline.to)];
    const all = timeline.to - timeline.from >= this.duration - 1e-6;
    if (!all) {
      c.fillStyle = timeline.color('panel');
      c.globalAlpha = 0.65;
      c.fillRect(LABELS, 0, a - LABELS, height);
      c.fillRect(b, 0, width - b, height);
      c.globalAlpha = 1;
      c.strokeStyle = timeline.color('ink');
      c.lineWidth = 1;
      c.strokeRect(Math.round(a) + 0.5, 0.5, Math.max(Math.round(b - a) - 1, 3), height - 1);
    }
    c.fillStyle = timeline.color('accent');
    c.fillRect(Math.round(x(now)) - 1, 0, 2, height);
  }
}
