// Beats by hand: heard as clicks, tapped along, nudged, counted in other bars, set one by one.

import { button, element } from './knob.js';
import { ask, news } from './link.js';

const get = (id) => document.getElementById(id);
const NUDGES = [[-0.01, '\u221210 ms'], [-0.001, '\u22121 ms'], [0.001, '+1 ms'], [0.01, '+10 ms']];
// Taps so far apart belong to two tries.
const PAUSE = 4;
const FEWEST = 4;

export class HandBeats {
  // `now` is where the playhead is, `running` whether it plays; `told` hears the taps, and what is to be said of them.
  constructor(clicks, now, running, told) {
    Object.assign(this, { clicks, now, running, told, taps: [], used: null, asked: new Set() });
    this.hear = button('Clicks', () => this.toggle(), { id: 'clicks', title: 'Hear the beats as clicks (M)' });
    this.hear.setAttribute('aria-pressed', 'false');
    this.tapped = button('Tap', () => this.tap(), { id: 'tap', title: 'Tap along while the track plays (T)' });
    this.count = element('output', { id: 'taps' });
    this.steady = button('The track\'s tempo', () => this.use(true), { id: 'taps-steady', title: 'The whole track has this tempo, and a bar begins with the first tap' });
    this.stretch = button('Only these beats', () => this.use(false), { id: 'taps-stretch', title: 'The taps take the place of the beats of this stretch' });
    this.forget = button('Forget', () => this.clear(), { id: 'taps-forget', title: 'Forget the taps' });
    this.meter = element('select', { id: 'meter' }, new Option('as heard', ''), ...[2, 3, 4, 5, 6, 7, 8, 9, 12].map((n) => new Option(`${n} beats`, n)));
    this.meter.onchange = () => this.send({ how: 'meter', beats: this.meter.value ? Number(this.meter.value) : null });
    this.shift = element('output', { id: 'shift', className: 'unit' });
    const nudges = NUDGES.map(([by, name]) => button(name, () => this.send({ how: 'nudge', by }), { id: `nudge${by * 1000}` }));
    const one = [
      button('Add here', () => this.send({ how: 'add_beat', at: this.now() }), { id: 'beat-add', title: 'A beat is at the playhead' }),
      button('Move here', () => this.send({ how: 'beat', index: this.nearest(), to: this.now() }), { id: 'beat-move', title: 'The nearest beat is at the playhead' }),
      button('Remove', () => this.send({ how: 'remove_beat', index: this.nearest() }), { id: 'beat-remove', title: 'The beat nearest to the playhead is none' }),
    ];
    this.fault = element('p', { className: 'fault', hidden: true });
    this.fault.setAttribute('role', 'alert');
    const line = (name, ...rest) => element('div', { className: 'line' }, element('span', { className: 'name', textContent: name }), ...rest);
    const group = (label, parts) => {
      const made = element('div', { className: 'group', role: 'group' }, ...parts);
      made.setAttribute('aria-label', label);
      return made;
    };
    this.uses = line('', this.steady, this.stretch, this.forget);
    get('by-hand').replaceChildren(line('Listen', this.hear, this.tapped, this.count), this.uses,
      element('div', { className: 'line' }, element('label', { className: 'name', htmlFor: 'meter', textContent: 'Bar' }), this.meter),
      line('All beats', group('Move all beats', nudges), this.shift), line('One beat', group('One beat', one)), this.fault,
      element('p', { className: 'hint', textContent: 'Play, and tap T to the beat: four taps or more make a tempo, or take the place of the beats of a stretch, each at the hit that it meant. Zoom in to drag single beats beside the bars\u2019 numbers.' }));
    this.show();
    news.addEventListener('refused', (event) => {
      if (!this.asked.has(event.detail.ask)) return;
      event.preventDefault();
      this.used = null;
      this.fault.textContent = [event.detail.message, ...event.detail.hints].join('; ');
      this.fault.hidden = false;
    });
  }

  send(change) { this.asked.add(ask({ do: 'hand', change, gesture: null })); }

  toggle() { this.hear.setAttribute('aria-pressed', this.clicks.toggle()); }

  tap() {
    if (!this.running()) {
      this.count.value = 'play the track, then tap';
      this.told(this.taps, this.count.value);
      return;
    }
    const t = this.now();
    if (this.taps.length && (t < this.taps.at(-1) || t - this.taps.at(-1) > PAUSE)) this.taps = [];
    this.taps.push(t);
    this.show();
  }

  clear() {
    this.taps = [];
    this.show();
  }

  use(steady) {
    this.send({ how: 'taps', times: this.taps, steady });
    this.used = { count: this.taps.length, steady };
    this.clear();
    // Its button is gone.
    this.tapped.focus();
  }

  show() {
    const { taps } = this;
    const enough = taps.length >= FEWEST;
    const about = enough ? `, about ${Math.round((60 * (taps.length - 1)) / (taps.at(-1) - taps[0]))} bpm` : '';
    this.count.value = taps.length ? `${taps.length} tap${taps.length > 1 ? 's' : ''}${about}` : '';
    const next = enough ? '; choose under Beats what they are' : `, ${FEWEST} are needed`;
    this.told(taps, this.count.value && this.count.value + next);
    this.uses.hidden = !enough;
    if (enough) this.uses.scrollIntoView({ block: 'nearest' });
  }

  nearest() {
    const { beats } = this.heard;
    const t = this.now();
    return beats.reduce((best, beat, i) => (Math.abs(beat - t) < Math.abs(beats[best] - t) ? i : best), 0);
  }

  take({ heard }) {
    this.heard = this.clicks.heard = heard;
    this.asked.clear();
    this.fault.hidden = true;
    if (this.used) this.told(this.taps, this.used.steady ? `the track\u2019s tempo is that of ${this.used.count} taps` : `${this.used.count} taps are beats now`);
    this.used = null;
    this.meter.value = heard.correction.meter ?? '';
    const { shift } = heard.correction;
    this.shift.value = shift ? `${shift > 0 ? '+' : '\u2212'}${Math.round(Math.abs(shift) * 1e4) / 10} ms` : '';
  }
}
