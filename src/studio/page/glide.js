// Gliding: a value that is set goes there over some beats or bars instead of at once.

import { chooser, element } from './knob.js';
import { edit, newGesture } from './link.js';

const AT_ONCE = 'at once';
// Bars that each choice takes, or a beat; both are as long as the track's.
const BEAT = 'beat';
const WAYS = { [AT_ONCE]: 0, '1 beat': BEAT, '1 bar': 1, '2 bars': 2, '4 bars': 4, '8 bars': 8 };
const SEND_MS = 50;
// Seconds of a bar where none was heard.
const USUAL = 2;

export class Glide {
  // `now` is where the playhead is, `playing` whether it moves.
  constructor(place, now, playing) {
    Object.assign(this, { now, playing, under: new Map() });
    this.way = chooser('glide', 'How values that are set get there', Object.keys(WAYS), () => {});
    place.replaceChildren(element('label', { htmlFor: 'glide', className: 'name', textContent: 'Values go' }), this.way);
    setInterval(() => this.step(), SEND_MS);
  }

  get slow() { return this.way.value !== AT_ONCE; }

  take({ heard, base }) {
    this.heard = heard;
    this.base = base;
  }

  // Sets a value, or lets it go there.
  set(param, value, own) {
    this.under.delete(param);
    const from = this.base.find((b) => b.name === param)?.value;
    if (!this.slow || value === null || from === undefined || from === value) return edit({ edit: 'base', param, value }, own);
    const [start, clock] = [this.time(), this.playing()];
    this.under.set(param, { from, to: value, start, end: start + this.seconds(), clock, gesture: newGesture() });
    return null;
  }

  // By the track's clock while it plays, else by the computer's.
  time() { return this.playing() ? this.now() : performance.now() / 1000; }

  seconds() {
    const { beats, downbeats } = this.heard;
    const apart = (times) => (times.length > 1 ? (times.at(-1) - times[0]) / (times.length - 1) : null);
    const bar = apart(downbeats) ?? USUAL;
    const way = WAYS[this.way.value];
    return way === BEAT ? apart(beats) ?? bar / 4 : way * bar;
  }

  step() {
    for (const [param, { from, to, start, end, clock, gesture: own }] of this.under) {
      const now = clock === this.playing() ? this.time() : end;
      const share = Math.min(Math.max((now - start) / (end - start), 0), 1);
      edit({ edit: 'base', param, value: share === 1 ? to : from + (to - from) * share }, own);
      if (share === 1) this.under.delete(param);
    }
  }
}
