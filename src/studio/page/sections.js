// The sections: their names, colours and borders.

import { button, element } from './knob.js';
import { ask, news } from './link.js';
import { clock, parsed } from './time.js';

const get = (id) => document.getElementById(id);

export class Sections {
  // `now` is where the playhead is, `line` is the timeline that knows the colours.
  constructor(now, line) {
    Object.assign(this, { now, line, shape: '', rows: [], asked: new Map() });
    this.split = button('Split here', () => this.here(), { id: 'split', title: 'A section begins at the playhead (S)' });
    this.reset = button('As heard', () => this.send({ how: 'sections_as_heard' }), { id: 'sections-as-heard', title: 'Take back all changes of the sections' });
    this.fault = element('p', { className: 'fault', hidden: true });
    this.fault.setAttribute('role', 'alert');
    this.list = element('div', {});
    get('sections').replaceChildren(element('div', { className: 'line' }, this.split, this.reset), this.fault, this.list,
      element('p', { className: 'hint', textContent: 'Drag a border on the timeline: it snaps to bars, with Shift to beats, with Alt to nothing. A double click on a name, or F2, renames it there. Sections of one name are alike: prompts and parts speak of them by it. Save project keeps them.' }));
    news.addEventListener('refused', (event) => {
      const field = this.asked.get(event.detail.ask);
      if (field === undefined) return;
      event.preventDefault();
      this.fault.textContent = [event.detail.message, ...event.detail.hints].join('; ');
      this.fault.hidden = false;
      field?.setAttribute('aria-invalid', 'true');
    });
  }

  here() { this.send({ how: 'split', at: this.now(), grid: 'beats' }); }

  send(change, field = null) { this.asked.set(ask({ do: 'hand', change, gesture: null }), field); }

  take({ heard }) {
    const { sections, correction } = heard;
    this.fault.hidden = true;
    this.asked.clear();
    this.reset.disabled = correction.sections === null;
    if (this.rows.length !== sections.length) this.build(sections.length);
    sections.forEach((section, i) => this.rows[i](section, i));
  }

  build(count) {
    const focused = document.activeElement?.id;
    this.rows = [];
    this.list.replaceChildren(...Array.from({ length: count }, (_, index) => this.row(index)));
    if (focused) get(focused)?.focus();
  }

  row(index) {
    const color = element('input', { type: 'color', id: `section-${index}-color`, title: 'Colour' });
    color.setAttribute('aria-label', `Colour of section ${index + 1}`);
    color.onchange = () => this.send({ how: 'color', index, color: color.value }, color);
    const name = element('input', { type: 'text', id: `section-${index}-name`, maxLength: 40, autocomplete: 'off', spellcheck: false });
    name.setAttribute('aria-label', `Name of section ${index + 1}`);
    name.onchange = () => this.send({ how: 'name', index, name: name.value, all: false }, name);
    const start = element('input', { type: 'text', id: `section-${index}-start`, className: 'value wide', autocomplete: 'off', spellcheck: false, disabled: index === 0 });
    start.setAttribute('aria-label', `Start of section ${index + 1}`);
    start.onchange = () => {
      const to = parsed(start.value);
      start.toggleAttribute('aria-invalid', Number.isNaN(to));
      if (!Number.isNaN(to)) this.send({ how: 'border', index, to, grid: 'free' }, start);
    };
    const all = button('Rename all', () => this.send({ how: 'name', index, name: name.value, all: true }), { id: `section-${index}-all`, title: 'Call all sections so that are called as this one was' });
    const merge = button('Merge', () => this.send({ how: 'merge', index }), { id: `section-${index}-merge`, disabled: index === 0, title: 'It is a part of the section before' });
    merge.setAttribute('aria-label', `Merge section ${index + 1} with the one before`);
    all.setAttribute('aria-label', `Rename all: section ${index + 1}`);
    // While a name is typed, all that are called alike can be renamed with it.
    all.onpointerdown = (event) => event.preventDefault();
    this.rows.push((section, i) => {
      if (document.activeElement !== name || name.value === name.dataset.kept) name.value = section.label;
      name.dataset.kept = section.label;
      for (const field of [color, name, start]) field.removeAttribute('aria-invalid');
      start.value = clock(section.start, 2);
      color.value = this.line.hex(i);
    });
    return element('div', { className: 'line section' }, color, name, start, merge, all);
  }
}
