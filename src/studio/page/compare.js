// Two states side by side in step: the same stretch of the track, drawn by the audio's clock, in the picture's place.

import { ask, news } from './link.js';
import { Strips, show } from './strips.js';

const get = (id) => document.getElementById(id);
// Behind the stretch's end for so long, in seconds, it is played again; farther away somebody looks elsewhere.
const NEAR = 0.6;

export class Compare {
  // `changed` is told whether something is compared.
  constructor(changed) {
    Object.assign(this, { changed, on: false, sides: [null, null], keys: [], range: null, fresh: [null, null] });
    this.strips = new Strips(8, () => {});
    news.addEventListener('compare', ({ detail }) => {
      if (!this.on) return;
      this.keys = detail.keys;
      this.range = { start: detail.at, end: detail.at + detail.length };
    });
    news.addEventListener('refused', ({ detail }) => {
      if (detail.ask === this.asked) this.stop();
    });
  }

  // Compares these states, a snapshot each or, where there is none, what holds now.
  start(sides, t) {
    this.sides = sides;
    this.on = true;
    this.place(t);
    this.changed(true);
    get('compare').hidden = false;
    get('picture').hidden = get('badge').hidden = true;
  }

  stop() {
    if (!this.on) return;
    Object.assign(this, { on: false, keys: [], range: null, fresh: [null, null] });
    ask({ do: 'compare', sides: null, at: 0 });
    get('compare').hidden = true;
    get('picture').hidden = get('badge').hidden = false;
    this.changed(false);
  }

  place(t) {
    this.at = t;
    this.asked = ask({ do: 'compare', sides: this.sides, at: t });
  }

  // Another version holds: a side that shows what holds now is another one.
  take() {
    if (this.on && this.sides.includes(null)) this.place(this.at);
  }

  name(names) {
    ['a', 'b'].forEach((side, i) => {
      const text = names(this.sides[i]);
      const label = `${side.toUpperCase()}: ${text}`;
      if (get(`${side}-name`).textContent === label) return;
      get(`${side}-name`).textContent = label;
      get(`side-${side}`).setAttribute('aria-label', `${label}, at the playhead`);
    });
  }

  // Shows both at `t`, and says where to go on where the stretch ends; `seek` is told it.
  draw(t, playing, seek) {
    if (!this.on || !this.range) return;
    const { start, end } = this.range;
    if (playing && t >= end && t < end + NEAR) seek(start);
    else if (t < start - 1e-3 || t >= end) {
      this.range = null;
      this.place(t);
    }
    ['a', 'b'].forEach((side, i) => {
      const strip = this.strips.get(this.keys[i]);
      const fault = this.strips.fault(this.keys[i]);
      if (strip) this.fresh[i] = { strip, key: this.keys[i] };
      const text = fault ?? (strip ? '' : 'rendering\u2026');
      if (get(`${side}-badge`).textContent !== text) get(`${side}-badge`).textContent = text;
      // Until there is a new one, the old one stays.
      const shown = this.fresh[i];
      if (!shown) return;
      const number = Math.floor((t - shown.strip.start) * shown.strip.fps + 1e-3);
      show(get(`side-${side}`), shown.strip, shown.key, Math.min(Math.max(number, 0), shown.strip.pictures.length - 1));
    });
  }
}
