// The timeline: sections, waveform, beats and bars, which pictures are there, and a lane for every routed curve.

const SECTIONS = 20;
const WAVE = 64;
const READY = 6;
const LABELS = 104;
// A curve that moves by less than this part of its parameter's range doesn't fill its lane.
const FLAT = 30;

export class Timeline {
  constructor(canvas, facts) {
    Object.assign(this, { canvas, facts, runs: [], version: 0, curves: {}, chosen: null, from: 0, to: facts.duration });
    this.context = canvas.getContext('2d');
    canvas.setAttribute('aria-valuemax', facts.duration.toFixed(1));
  }

  x(t) { return LABELS + ((t - this.from) / (this.to - this.from)) * (this.width - LABELS); }

  time(x) { return this.from + ((x - LABELS) / (this.width - LABELS)) * (this.to - this.from); }

  zoom(x, factor) {
    const at = Math.min(Math.max(this.time(x), this.from), this.to);
    const length = Math.min(Math.max((this.to - this.from) * factor, 4), this.facts.duration);
    const share = (at - this.from) / (this.to - this.from);
    this.see(at - share * length, length);
  }

  see(from, length) {
    this.from = Math.min(Math.max(from, 0), this.facts.duration - length);
    this.to = this.from + length;
  }

  // Keeps the playhead in sight while it plays.
  follow(now) {
    const length = this.to - this.from;
    if (now > this.to || now < this.from) this.see(now - length / 10, length);
  }

  draw(now) {
    const scale = devicePixelRatio;
    [this.width, this.height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    if (this.canvas.width !== Math.round(this.width * scale) || this.canvas.height !== Math.round(this.height * scale)) {
      [this.canvas.width, this.canvas.height] = [Math.round(this.width * scale), Math.round(this.height * scale)];
    }
    const style = getComputedStyle(this.canvas);
    this.color = (name) => style.getPropertyValue(`--${name}`).trim();
    const c = this.context;
    c.setTransform(scale, 0, 0, scale, 0, 0);
    c.clearRect(0, 0, this.width, this.height);
    c.font = `11px ${style.fontFamily}`;
    c.textBaseline = 'middle';
    this.drawSections(c);
    this.drawGrid(c);
    this.drawWave(c);
    this.drawReady(c);
    this.drawCurves(c);
    c.fillStyle = this.color('accent');
    c.fillRect(Math.round(this.x(now)) - 1, 0, 2, this.height);
    c.fillStyle = this.color('panel');
    c.fillRect(0, 0, LABELS - 1, this.height);
    this.drawLabels(c);
  }

  drawSections(c) {
    this.facts.sections.forEach((section, i) => {
      const [a, b] = [this.x(section.start), this.x(section.end)];
      if (i % 2) {
        c.fillStyle = this.color('ground');
        c.fillRect(a, 0, b - a, this.height);
      }
      c.fillStyle = this.color('soft');
      if (b - a > 14) c.fillText(section.label, a + 6, SECTIONS / 2 + 1);
    });
  }

  // Beats where they are far enough apart to be told from each other, then bars.
  drawGrid(c) {
    const lines = (times, name) => {
      const shown = times.filter((t) => t >= this.from && t <= this.to);
      if (!shown.length || (this.width - LABELS) / shown.length < 5) return;
      c.fillStyle = this.color(name);
      for (const t of shown) c.fillRect(Math.round(this.x(t)), SECTIONS, 1, this.height - SECTIONS);
    };
    lines(this.facts.beats, 'line');
    lines(this.facts.downbeats, 'faint');
  }

  drawWave(c) {
    const { waveform, duration } = this.facts;
    const middle = SECTIONS + WAVE / 2;
    c.fillStyle = this.color('wave');
    for (let x = LABELS; x < this.width; x++) {
      const index = (t) => Math.floor((t / duration) * waveform.length);
      const [a, b] = [index(this.time(x)), index(this.time(x + 1))];
      let peak = waveform[Math.min(a, waveform.length - 1)] ?? 0;
      for (let i = a; i < b; i++) peak = Math.max(peak, waveform[i] ?? 0);
      const half = Math.max(peak * (WAVE / 2 - 4), 0.5);
      c.fillRect(x, middle - half, 1, 2 * half);
    }
  }

  drawReady(c) {
    const top = SECTIONS + WAVE;
    c.fillStyle = this.color('line');
    c.fillRect(LABELS, top, this.width, READY - 2);
    for (const { from, to, version } of this.runs) {
      const [a, b] = [this.x(from / this.facts.fps), this.x(to / this.facts.fps)];
      c.fillStyle = this.color(version === this.version ? 'fresh' : 'faint');
      c.fillRect(a, top, Math.max(b - a, 1), READY - 2);
    }
  }

  lanes() {
    const names = Object.keys(this.curves);
    const top = SECTIONS + WAVE + READY + 2;
    const height = (this.height - top - 4) / Math.max(names.length, 1);
    return names.map((name, i) => ({ name, top: top + i * height, height }));
  }

  drawCurves(c) {
    const { fps, frames } = this.facts;
    for (const { name, top, height } of this.lanes()) {
      const { values, low, high, hue } = this.curves[name];
      const y = (v) => top + 3 + (1 - (v - low) / (high - low)) * (height - 7);
      c.strokeStyle = this.hue(hue);
      c.lineWidth = this.chosen === name ? 2.2 : 1.3;
      c.beginPath();
      const first = Math.max(Math.floor(this.from * fps), 0);
      const last = Math.min(Math.ceil(this.to * fps), frames - 1);
      const step = (last - first) / (this.width - LABELS);
      // More frames than pixels: a pixel's lowest and highest; else every frame.
      for (let f = first; f <= last; f += Math.max(step, 1)) {
        const part = values.slice(Math.floor(f), Math.max(Math.floor(f + step), Math.floor(f) + 1));
        const x = this.x((f + 0.5) / fps);
        c.lineTo(x, y(Math.min(...part)));
        if (part.length > 1) c.lineTo(x, y(Math.max(...part)));
      }
      c.stroke();
    }
  }

  drawLabels(c) {
    c.fillStyle = this.color('soft');
    c.fillText('sections', 16, SECTIONS / 2 + 1);
    c.fillText('loudness', 16, SECTIONS + WAVE / 2);
    c.fillText('pictures', 16, SECTIONS + WAVE + READY / 2 - 1);
    for (const { name, top, height } of this.lanes()) {
      const { least, most, hue } = this.curves[name];
      c.fillStyle = this.hue(hue);
      c.fillText(name, 16, top + height / 2 - (height > 30 ? 7 : 0));
      c.fillStyle = this.color('soft');
      if (height > 30) c.fillText(`${round(least)} to ${round(most)}`, 16, top + height / 2 + 8);
    }
  }

  hue(i) {
    const angles = [[0.16, 30], [0.14, 250], [0.14, 150], [0.15, 320], [0.13, 90], [0.12, 200], [0.16, 0], [0.14, 285]];
    const [chroma, angle] = angles[i % 8];
    return `oklch(${this.color('curve')} ${chroma} ${angle})`;
  }

  // The curves as the server played them, each in a lane as high as what it does, or as a part of its range.
  take(state) {
    const kept = {};
    Object.entries(state.curves).forEach(([name, values], i) => {
      const row = state.base.find((b) => b.name === name);
      const [least, most] = values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
      const room = Math.max(((row?.max ?? 1) - (row?.min ?? 0)) / FLAT - (most - least), 0) / 2;
      kept[name] = { values, least, most, low: least - room, high: most + room, hue: i };
    });
    this.curves = kept;
    this.version = state.version;
    this.canvas.dataset.version = state.version;
  }
}

function round(v) { return String(Math.round(v * 100) / 100); }
