// Recording: what is played on values while the track plays becomes curves, added to what the values were before.

import { chooser, element } from './knob.js';
import { ask, news } from './link.js';

// Points that lie so near to the line through their neighbours, as a share of the parameter's range, go.
const NEAR = 0.005;
// A value that rested so long was held and didn't glide, in seconds.
const RESTED = 0.15;
// A step takes so long, in seconds.
const STEP = 0.01;
const MOST = 400;
const GRIDS = { freely: 'free', 'on beats': 'beats', 'on bars': 'bars' };

export class Record {
  // `now` is where the playhead is, `playing` whether it moves, `tell` says what became of it.
  constructor(button, place, { now, playing, tell }) {
    Object.assign(this, { button, now, playing, tell, on: false, played: new Map() });
    this.grid = chooser('record-grid', 'Where what is played falls', Object.keys(GRIDS), () => {});
    place.replaceChildren(element('label', { htmlFor: 'record-grid', className: 'name', textContent: 'Recorded' }), this.grid);
    button.onclick = () => this.turn();
    news.addEventListener('edited', ({ detail: { change } }) => this.note(change));
  }

  take({ base }) { this.base = base; }

  turn() {
    if (this.on) this.stop();
    else {
      this.on = true;
      this.played.clear();
      this.tell('recording: turn knobs while the track plays, then stop');
    }
    this.button.setAttribute('aria-pressed', this.on);
  }

  note({ edit, param, value }) {
    if (!this.on || edit !== 'base' || value === null || !this.playing()) return;
    const known = this.base.find((b) => b.name === param);
    if (!known) return;
    const at = this.now();
    if (!this.played.has(param)) this.played.set(param, { known, before: known.own ? known.value : null, points: [[at - STEP, known.value]] });
    const { points } = this.played.get(param);
    const last = points.at(-1);
    if (at - last[0] > RESTED) points.push([at - STEP, last[1]]);
    points.push([at, value]);
  }

  stop() {
    this.on = false;
    const grid = GRIDS[this.grid.value];
    for (const [param, { known, before, points }] of this.played) {
      const kept = thinned(points, (known.max - known.min) * NEAR);
      ask({ do: 'curve', change: { how: 'record', param, base: before, points: kept, grid }, gesture: null });
    }
    this.tell(this.played.size ? `recorded: ${[...this.played.keys()].join(', ')}; see Curves` : 'nothing was played');
    this.played.clear();
  }
}

// Points without those that lie on the line between others, by Douglas and Peucker (1973).
function thinned(points, near) {
  const ordered = [...points].sort((a, b) => a[0] - b[0]);
  const keep = new Set([0, ordered.length - 1]);
  const split = (first, last) => {
    const [[t0, v0], [t1, v1]] = [ordered[first], ordered[last]];
    let [farthest, distance] = [0, near];
    for (let i = first + 1; i < last; i++) {
      const [t, v] = ordered[i];
      const off = Math.abs(v - (t1 > t0 ? v0 + ((v1 - v0) * (t - t0)) / (t1 - t0) : v0));
      if (off > distance) [farthest, distance] = [i, off];
    }
    if (!farthest) return;
    keep.add(farthest);
    split(first, farthest);
    split(farthest, last);
  };
  split(0, ordered.length - 1);
  const kept = [...keep].sort((a, b) => a - b).map((i) => ordered[i]);
  return kept.length > MOST ? thinned(kept, near * 2) : kept;
}
