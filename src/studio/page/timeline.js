// The timeline: a ruler of times and bars, sections, the sound, which pictures are there, and a lane for every routed curve.

import { BARS, PARTS, SECTIONS, TIMES, TOP, drawParts, drawSections, fitted } from './lanes.js';
import { isWorkedOn } from './here.js';
import { clock } from './time.js';
import { Wave } from './wave.js';

const WAVE = 76;
const READY = 7;
export const LABELS = 104;
// Where the curves begin.
export const LANES = TOP.below + WAVE + READY;
// Lines of labels lie so far apart, in pixels, that they can be read.
const LINE = 12;
// A curve that moves by less than this part of its parameter's range doesn't fill its lane.
const FLAT = 30;
// The shortest stretch that is shown, in seconds: its samples can be told apart.
const SHORTEST = 0.01;
// Between two labels of the ruler, in pixels, and between two lines.
const APART = 70;
const STEPS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];

export class Timeline {
  // The playhead is an element of its own: while it moves, nothing else is drawn, for pictures need the processor more.
  constructor(canvas, playhead, facts) {
    const { duration } = facts;
    Object.assign(this, { canvas, playhead, duration, runs: [], version: 0, curves: {}, chosen: null, from: 0, to: duration, fps: 1, frames: 1 });
    this.heard = { beats: [], downbeats: [], sections: [] };
    Object.assign(this, { parts: [], pieces: [], chosenPart: null, own: null, shades: new Map(), taps: [], holds: () => true });
    this.wave = new Wave(facts);
    this.context = canvas.getContext('2d');
    this.drawn = [];
    canvas.setAttribute('aria-valuemax', duration.toFixed(1));
  }

  x(t) { return LABELS + ((t - this.from) / (this.to - this.from)) * (this.width - LABELS); }

  time(x) { return this.from + ((x - LABELS) / (this.width - LABELS)) * (this.to - this.from); }

  zoom(x, factor) {
    const at = Math.min(Math.max(this.time(x), this.from), this.to);
    const length = Math.min(Math.max((this.to - this.from) * factor, SHORTEST), this.duration);
    const share = (at - this.from) / (this.to - this.from);
    this.see(at - share * length, length);
  }

  see(from, length = this.to - this.from) {
    this.from = Math.min(Math.max(from, 0), this.duration - length);
    this.to = this.from + length;
  }

  // Keeps the playhead in sight.
  follow(now) {
    const length = this.to - this.from;
    if (now > this.to || now < this.from) this.see(now - length / 10, length);
  }

  // Whether anything was drawn anew.
  draw(now) {
    const scale = devicePixelRatio;
    [this.width, this.height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    const [width, height] = [Math.round(this.width * scale), Math.round(this.height * scale)];
    const dark = matchMedia('(prefers-color-scheme: dark)').matches;
    const seen = [this.from, this.to, this.version, this.runs, this.chosen, this.chosenPart, this.taps, this.wave.loaded, width, height, dark];
    const fresh = seen.some((value, i) => value !== this.drawn[i]);
    if (!fresh && now === this.now) return false;
    [this.drawn, this.now] = [seen, now];
    if (fresh) {
      const { canvas } = this;
      // Asked for the size that it has, a canvas would be made anew all the same.
      if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
      this.drawAll(this.context, scale);
    }
    this.playhead.hidden = now < this.from - 1e-6 || now > this.to;
    this.playhead.style.transform = `translateX(${Math.round(this.x(now))}px)`;
    return true;
  }

  drawAll(c, scale) {
    // For who looks at the page from outside.
    Object.assign(this.canvas.dataset, { from: this.from, to: this.to });
    const style = getComputedStyle(this.canvas);
    const colors = new Map();
    this.color = (name) => {
      if (!colors.has(name)) colors.set(name, style.getPropertyValue(`--${name}`).trim());
      return colors.get(name);
    };
    c.setTransform(scale, 0, 0, scale, 0, 0);
    c.clearRect(0, 0, this.width, this.height);
    c.font = `11px ${style.fontFamily}`;
    c.textBaseline = 'middle';
    this.drawGrid(c);
    drawSections(c, this, LABELS);
    drawParts(c, this, LABELS);
    this.drawRuler(c);
    this.drawWave(c);
    this.drawReady(c);
    this.drawCurves(c);
    c.fillStyle = this.color('panel');
    c.fillRect(0, 0, LABELS - 1, this.height);
    c.fillStyle = this.color('line');
    c.fillRect(LABELS - 1, 0, 1, this.height);
    this.drawLabels(c);
  }

  // A section's own colour, or that of its name.
  sectionColor(i) { return this.own?.[i] ?? this.color(`s${this.shade(i)}`); }

  // The same as a colour field takes it.
  hex(i) {
    const style = getComputedStyle(this.canvas);
    return this.own?.[i] ?? style.getPropertyValue(`--s${this.shade(i)}`).trim();
  }

  shade(i) { return (this.shades.get(this.heard.sections[i].label) ?? 0) % SHADES; }

  // Beats where they are far enough apart to be told from each other, then bars.
  drawGrid(c) {
    const lines = (times, name, top) => {
      const shown = within(times, this.from, this.to);
      if (!shown.length || (this.width - LABELS) / shown.length < 5) return;
      c.fillStyle = this.color(name);
      for (const t of shown) c.fillRect(Math.round(this.x(t)), top, 1, this.height - top);
    };
    lines(this.heard.beats, 'line', TOP.below);
    // Short strokes beside the bars' numbers: they can be dragged.
    const beats = within(this.heard.beats, this.from, this.to);
    if (beats.length && (this.width - LABELS) / beats.length >= 5) {
      c.fillStyle = this.color('faint');
      for (const t of beats) c.fillRect(Math.round(this.x(t)), TOP.sections - 5, 1, 4);
    }
    c.fillStyle = this.color('accent');
    for (const t of within(this.taps, this.from, this.to)) c.fillRect(Math.round(this.x(t)) - 1, TIMES + 2, 2, BARS - 3);
    lines(this.heard.downbeats, 'faint', TIMES + 4);
  }

  // Times at round distances; the numbers of bars where there is room for them.
  drawRuler(c) {
    const width = this.width - LABELS;
    const length = this.to - this.from;
    const step = STEPS.find((s) => (s / length) * width >= APART) ?? 3600;
    const digits = step >= 1 ? 0 : Math.ceil(-Math.log10(step) - 1e-9);
    for (let i = Math.ceil(this.from / step); i * step <= this.to; i++) {
      const x = this.x(i * step);
      c.fillStyle = this.color('faint');
      c.fillRect(Math.round(x), TIMES - 5, 1, 5);
      c.fillStyle = this.color('soft');
      c.fillText(clock(i * step, digits), x + 4, TIMES / 2);
    }
    c.fillStyle = this.color('line');
    c.fillRect(LABELS, TIMES, width, 1);
    const bars = this.heard.downbeats;
    const gap = bars.length > 1 ? ((bars.at(-1) - bars[0]) / (bars.length - 1) / length) * width : width;
    const every = [1, 2, 4, 8, 16, 32, 64, 128, 256].find((n) => n * gap >= 34) ?? 512;
    c.fillStyle = this.color('soft');
    bars.forEach((t, i) => {
      if (i % every || t < this.from || t > this.to) return;
      c.fillText(String(i + 1), this.x(t) + 4, TIMES + BARS / 2 + 1);
    });
  }

  drawWave(c) {
    const top = TOP.below;
    this.wave.draw(c, {
      x: LABELS, width: Math.max(Math.ceil(this.width - LABELS), 1), time: (x) => this.time(x),
      middle: top + WAVE / 2, half: WAVE / 2 - 5, colors: { peak: this.color('wave'), body: this.color('wave-body') },
    });
  }

  drawReady(c) {
    const top = TOP.below + WAVE;
    c.fillStyle = this.color('line');
    c.fillRect(LABELS, top, this.width, READY - 3);
    for (const { from, to, version } of this.runs) {
      const [a, b] = [this.x(from / this.fps), this.x(to / this.fps)];
      c.fillStyle = this.color(version === this.version ? 'fresh' : 'faint');
      c.fillRect(a, top, Math.max(b - a, 1), READY - 3);
    }
  }

  lanes() {
    const names = Object.keys(this.curves);
    const height = (this.height - LANES - 4) / Math.max(names.length, 1);
    return names.map((name, i) => ({ name, top: LANES + i * height, height }));
  }

  drawCurves(c) {
    const worked = this.pieces.filter(this.holds);
    const others = this.pieces.filter((piece) => !this.holds(piece));
    for (const lane of this.lanes()) {
      if (others.length) this.within(c, others, () => this.drawCurve(c, lane, this.color('faint')));
      // What is changed here changes nothing where another look holds.
      this.within(c, worked, () => this.drawCurve(c, lane, this.hue(this.curves[lane.name].hue)));
    }
  }

  // Draws in these pieces of the timeline only.
  within(c, pieces, draw) {
    c.save();
    c.beginPath();
    for (const piece of pieces) c.rect(this.x(piece.start), 0, this.x(piece.end) - this.x(piece.start), this.height);
    c.clip();
    draw();
    c.restore();
  }

  drawCurve(c, { name, top, height }, color) {
    const { values, low, high } = this.curves[name];
    const y = (v) => top + 3 + (1 - (v - low) / (high - low)) * (height - 7);
    const first = Math.max(Math.floor(this.from * this.fps) - 1, 0);
    const last = Math.min(Math.ceil(this.to * this.fps), this.frames - 1);
    const step = (last - first) / (this.width - LABELS);
    const thick = this.chosen === name ? 2.2 : 1.3;
    [c.strokeStyle, c.fillStyle, c.lineWidth] = [color, color, thick];
    if (step > 1) {
      // More frames than pixels: a pixel's lowest and highest, up to its neighbour's.
      let before = values[first];
      for (let f = first; f <= last; f += step) {
        let [least, most] = [before, before];
        for (let i = Math.floor(f); i < f + step && i <= last; i++) [least, most] = [Math.min(least, values[i]), Math.max(most, values[i])];
        before = values[Math.min(Math.floor(f + step), last)];
        c.fillRect(this.x((f + 0.5) / this.fps), y(most) - thick / 2, 1, y(least) - y(most) + thick);
      }
      return;
    }
    c.beginPath();
    // Before the middle of the first frame there is nothing else.
    c.moveTo(this.x(0), y(values[0]));
    for (let f = first; f <= last; f++) c.lineTo(this.x((f + 0.5) / this.fps), y(values[f]));
    c.stroke();
  }

  drawLabels(c) {
    c.fillStyle = this.color('soft');
    const rows = [['time', 0, TIMES], ['bars', TIMES, BARS], ['sections', TOP.sections, SECTIONS - 2], ['parts', TOP.parts, PARTS - 3], ['sound', TOP.below, WAVE]];
    for (const [name, top, height] of rows) c.fillText(name, 16, top + height / 2 + 0.5);
    c.fillText('pictures', 16, TOP.below + WAVE + READY / 2 - 2);
    const lanes = this.lanes();
    const every = Math.ceil(LINE / lanes[0]?.height);
    for (const [i, { name, top, height }] of lanes.entries()) {
      if (i % every) continue;
      const { least, most, hue } = this.curves[name];
      c.fillStyle = this.hue(hue);
      c.fillText(fitted(c, name, LABELS - 24), 16, top + height / 2 - (height > 30 ? 7 : 0));
      c.fillStyle = this.color('soft');
      if (height > 30) c.fillText(`${round(least)} to ${round(most)}`, 16, top + height / 2 + 8);
    }
  }

  hue(i) {
    const angles = [[0.16, 30], [0.14, 250], [0.14, 150], [0.15, 320], [0.13, 90], [0.12, 200], [0.16, 0], [0.14, 285]];
    const [chroma, angle] = angles[i % 8];
    return `oklch(${this.color('curve')} ${chroma} ${angle})`;
  }

  // A name keeps its colour, whatever becomes of the others; a new one gets the first that is free.
  name(labels) {
    for (const label of labels) {
      if (this.shades.has(label)) continue;
      const taken = new Set([...labels].map((other) => this.shades.get(other)));
      this.shades.set(label, [...Array(labels.size).keys()].find((n) => !taken.has(n)));
    }
  }

  // The curves as the server played them, each in a lane as high as what it does, or as a part of its range.
  take(state) {
    const kept = {};
    Object.entries(state.curves).forEach(([name, values], i) => {
      const row = state.base.find((b) => b.name === name);
      const [least, most] = values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
      const room = Math.max(((row?.max ?? 1) - (row?.min ?? 0)) / FLAT - (most - least), 0) / 2;
      kept[name] = { effect: row?.effect ?? '', values, least, most, low: least - room, high: most + room, hue: i };
    });
    Object.assign(this, { curves: kept, version: state.version, heard: state.heard, fps: state.fps, frames: state.frames });
    Object.assign(this, { parts: state.parts.list, pieces: state.parts.pieces, own: state.heard.correction.sections });
    this.holds = (piece) => isWorkedOn(state.parts, piece);
    if (this.chosenPart >= this.parts.length) this.chosenPart = null;
    this.name(new Set(state.heard.sections.map((s) => s.label)));
    // The page gives curves as much room as it can.
    this.canvas.closest('main').style.setProperty('--lanes', Object.keys(kept).length);
    this.canvas.dataset.version = state.version;
  }
}

// Colours that names of sections have.
const SHADES = 6;

function round(v) { return String(Math.round(v * 100) / 100); }

// Of ascending times those from the one to the other.
function within(times, from, to) {
  const first = times.findIndex((t) => t >= from);
  if (first < 0) return [];
  const end = times.findIndex((t) => t > to);
  return times.slice(first, end < 0 ? times.length : end);
}
