// What holds for the look as a whole: whether its effects are on, when takes start, and how long they last at least.

import { chooser, element } from './knob.js';
import { edit } from './link.js';

// Where the file says nothing, the first of them.
const CUTS = ['never', 'section', 'bars:1', 'bars:2', 'bars:4', 'bars:8', 'bars:16', 'bars:32'];

export class Settings {
  constructor(place) {
    const set = (table, key, word) => edit({ edit: 'setting', table, key, word });
    this.finish = element('input', { type: 'checkbox', id: 'finish' });
    this.finish.onchange = () => set('base', 'finish', this.finish.checked ? null : 'off');
    this.on = chooser('cuts-on', 'Where takes start', CUTS, (word) => set('cuts', 'on', word === CUTS[0] ? null : word));
    this.min = element('input', { type: 'text', id: 'cuts-min', className: 'value', autocomplete: 'off', placeholder: '2 s', title: 'A take lasts at least this long: 3, 2 bars' });
    this.min.setAttribute('aria-label', 'How long a take lasts at least');
    this.min.onchange = () => set('cuts', 'min', this.min.value.trim() || null);
    const label = (id, text, title) => element('label', { htmlFor: id, className: 'name', textContent: text, title });
    place.replaceChildren(
      element('div', { className: 'line' }, this.finish, label('finish', 'Effects on finished pictures', 'Zoom, shake, flash, glow and all others')),
      element('div', { className: 'line' }, label('cuts-on', 'Cuts', 'Where takes start'), this.on, label('cuts-min', 'at least', ''), this.min));
  }

  take({ settings: { finish, on, min } }) {
    this.finish.checked = !['off', 'false'].includes(finish);
    const cut = on ?? CUTS[0];
    if (![...this.on.options].some(({ value }) => value === cut)) this.on.add(new Option(cut, cut));
    this.on.value = cut;
    if (document.activeElement !== this.min) this.min.value = min ?? '';
  }
}
