// The beats: at which level they are counted, and where the first bar begins.

import { button, element, field } from './knob.js';
import { ask, edit, news } from './link.js';
import { clock, parsed } from './time.js';

const COUNTS = [['halve', 'Halve', 'Every other beat'], ['double', 'Double', 'A beat between each two'], ['triple', 'Triple', 'Two beats between each two']];
// Less sure than this, the other count is as likely to be meant.
const SURE = 0.6;
const get = (id) => document.getElementById(id);

function bpm(value) { return `${Number(value.toFixed(1))} bpm`; }

export class Beats {
  // `now` is where the playhead is.
  constructor(now) {
    this.now = now;
    this.said = element('p', { className: 'lead' });
    this.other = element('div', { className: 'offer' });
    this.counts = COUNTS.map(([count, name, title]) => {
      const made = button(name, () => edit({ edit: 'count', count: made.getAttribute('aria-pressed') === 'true' ? null : count }), { title });
      return made;
    });
    this.bar = button('Bar begins here', () => this.here(), { id: 'bar-here', title: 'A bar begins at the playhead (B)' });
    this.first = element('input', { type: 'text', id: 'first-beat', className: 'value wide', autocomplete: 'off', spellcheck: false, placeholder: 'as heard' });
    this.first.onchange = () => {
      const at = parsed(this.first.value);
      this.first.toggleAttribute('aria-invalid', Number.isNaN(at));
      if (Number.isNaN(at)) this.tell({ message: `'${this.first.value}' is no time`, hints: ['write seconds (0.42) or minutes and seconds (1:02.5)'] });
      else this.asked = edit({ edit: 'first_beat', at });
    };
    this.tempo = field({ id: 'tempo', label: 'steady tempo, beats a minute', send: (value) => { this.asked = edit({ edit: 'tempo', bpm: value }); return this.asked; } });
    this.reset = button('Reset all', () => edit({ edit: 'as_heard' }), { id: 'as-heard', title: 'Back to what is heard' });
    this.fault = element('p', { className: 'fault', hidden: true });
    this.fault.setAttribute('role', 'alert');
    const line = (name, ...rest) => element('div', { className: 'line' }, element('span', { className: 'name', textContent: name }), ...rest);
    const back = (label, act) => {
      const made = button('\u21ba', act, { className: 'back', title: `Reset ${label}` });
      made.setAttribute('aria-label', `Reset ${label}`);
      return made;
    };
    const label = element('label', { className: 'name', htmlFor: 'first-beat', textContent: 'First bar' });
    const counts = element('div', { className: 'group', role: 'group' }, ...this.counts);
    counts.setAttribute('aria-label', 'Count');
    get('beats').replaceChildren(this.said, this.other, line('Count', counts),
      element('div', { className: 'line' }, label, this.bar, 'at', this.first, back('the first bar', () => edit({ edit: 'first_beat', at: null }))),
      line('Steady tempo', this.tempo.input, element('span', { className: 'unit', textContent: 'bpm' }), back('the tempo', () => edit({ edit: 'tempo', bpm: null }))),
      this.fault, line('', this.reset),
      element('p', { className: 'hint', textContent: 'Pause where a bar begins and press B: it snaps to a beat or hit within 50 ms; otherwise the beats move there. Save project keeps what you correct, and renders go by it.' }));
    get('other').onclick = () => edit(this.change);
    news.addEventListener('refused', (event) => {
      if (!event.detail.ask || event.detail.ask !== this.asked) return;
      event.preventDefault();
      this.tell(event.detail);
    });
  }

  here() {
    this.asked = ask({ do: 'bar', at: this.now() });
  }

  tell({ message, hints }) {
    this.fault.textContent = [message, ...hints].join('; ');
    this.fault.hidden = false;
  }

  set({ heard }) {
    const { tempo, meter, confidence, other, correction } = heard;
    this.fault.hidden = true;
    const sure = confidence > 0 ? `, ${Math.round(confidence * 100)} % sure` : '';
    this.said.textContent = tempo ? `${bpm(tempo)} in bars of ${meter ?? 4}${sure}` : 'No beats were heard.';
    this.counts.forEach((made, i) => made.setAttribute('aria-pressed', correction.count === COUNTS[i][0]));
    if (document.activeElement !== this.first) this.first.value = correction.first_beat === null ? '' : clock(correction.first_beat, 3);
    this.first.removeAttribute('aria-invalid');
    this.tempo.set(correction.bpm);
    const corrected = correction.count || correction.bpm !== null || correction.first_beat !== null || correction.shift !== null || correction.meter !== null || correction.beats;
    this.reset.disabled = !corrected;
    // The second count, for as long as it isn't taken.
    const offered = other && (!tempo || Math.abs(tempo / other.bpm - 1) > 0.02) ? other : null;
    this.change = offered?.change;
    get('other').hidden = this.other.hidden = !offered;
    if (!offered) return;
    for (const place of [get('other'), this.other]) place.classList.toggle('unsure', confidence < SURE);
    get('other').textContent = `or ${bpm(offered.bpm)}?`;
    get('other').title = `Count at ${bpm(offered.bpm)} instead`;
    this.other.replaceChildren(element('p', { textContent: `It could also be counted at ${bpm(offered.bpm)}.` }), button(`Count at ${bpm(offered.bpm)}`, () => edit(offered.change), { id: 'take-other' }));
  }
}
