// The parts: which look holds where. A card for each, a row to add one, and the look that holds elsewhere.

import { held } from './held.js';
import { called } from './here.js';
import { button, chooser, element } from './knob.js';
import { ask } from './link.js';
import { fill, said, typed } from './typed.js';

const get = (id) => document.getElementById(id);
const BENEATH = '(the look beneath)';

export class Parts {
  // `now` is where the playhead is; `chosen` is told which part is worked on.
  constructor(facts, now, chosen) {
    Object.assign(this, { presets: facts.presets.map((p) => p.name), now, chosen, shape: '', cards: [] });
    this.place = get('parts');
  }

  send(change) { return ask({ do: 'part', change, gesture: null }); }

  take(state) {
    const { list, looks, base, focus, elsewhere } = state.parts;
    this.state = state;
    const labels = [...new Set(state.heard.sections.map((s) => s.label))];
    const shape = JSON.stringify([list.length, looks, base, labels, elsewhere, list.map((p) => [p.section === null, p.own, p.preset, Object.keys(p.set)])]);
    if (shape !== this.shape) this.build(list, labels, state.parts);
    this.shape = shape;
    this.base.setAttribute('aria-pressed', focus === null);
    list.forEach((part, i) => this.cards[i].set(part, focus));
  }

  build(list, labels, { looks, base, elsewhere }) {
    const focused = document.activeElement?.id;
    this.base = button(`Edit ${called(base)}`, () => this.send({ how: 'focus', index: null }), { id: 'part-base', title: 'Work on the look that holds where no part says otherwise' });
    const first = element('div', { className: 'line' }, element('span', { className: 'name', textContent: 'Default' }), element('b', { textContent: base }), this.base);
    this.cards = list.map((part, i) => this.card(part, i, list.length, labels, looks));
    const more = elsewhere ? [element('p', { className: 'hint', textContent: `${elsewhere} more parts stand in files that the project includes; they hold below these.` })] : [];
    const hint = element('p', { className: 'hint', textContent: 'The last part that applies wins; one without a look of its own changes the look beneath it. 5 bars means: after five bars, where bar 6 begins. On the timeline, drag a part or its ends: they snap to bars, with Shift to beats, with Alt to nothing. Save project keeps parts and their looks.' });
    this.place.replaceChildren(first, this.adder(labels, looks), ...this.cards.map((c) => c.row), ...more, hint);
    if (focused) get(focused)?.focus();
  }

  // Where a new part goes, and which look it gets.
  adder(labels, looks) {
    const places = [...labels.map((label) => [`every section ${label}`, () => ({ section: label })]),
      ['this section', () => this.section()], ['from the playhead on', () => ({ from: this.now(), grid: 'beats' })]];
    const where = chooser('part-where', 'Where the new part holds', places.map(([name]) => name), () => {});
    where.value = 'this section';
    const look = chooser('part-look', 'Look of the new part', [...looks, ...this.presets], () => {});
    const add = button('Add part', () => {
      const place = places.find(([name]) => name === where.value)[1]();
      this.chosen(this.state.parts.list.length);
      this.send({ how: 'add', section: null, from: null, to: null, grid: 'beats', ...place, preset: look.value });
    }, { id: 'add-part', title: 'Another look for a stretch of the track' });
    const direct = button('Parts by the director', () => ask({ do: 'direct' }), { id: 'direct', title: 'A look for every section, chosen by ear as for a render without a preset; then change them' });
    return element('div', { className: 'wire adder' }, where, look, add, ...this.state.parts.list.length ? [] : [direct]);
  }

  section() {
    const { sections } = this.state.heard;
    const { start, end } = sections.findLast((s) => s.start <= this.now() + 0.01) ?? sections[0];
    return { from: start, to: end, grid: 'beats' };
  }

  card(part, index, count, labels, looks) {
    const text = (key, label, placeholder, more) => this.text(index, key, { label, placeholder, ...more });
    const title = element('b', { className: 'name', textContent: `Part ${index + 1}` });
    const fields = part.section === null ? [text('from', 'From', 'start'), text('to', 'to', 'end')] : [];
    const places = ['between', ...labels.map((label) => `every ${label}`)];
    if (part.section !== null && !labels.includes(part.section)) places.push(`every ${part.section}`);
    const where = chooser(`part-${index}-where`, `Where part ${index + 1} holds`, places, (name) => {
      if (name === 'between') this.send({ how: 'edges', index, ...this.section(), grid: 'beats' });
      else this.send({ how: 'set', index, key: 'section', value: name.slice(6) });
    });
    const look = chooser(`part-${index}-look`, `Look of part ${index + 1}`, [...new Set([BENEATH, ...looks, ...(part.preset ? [part.preset] : []), ...this.presets])], (name) => this.send({ how: 'set', index, key: 'preset', value: name === BENEATH ? null : name }));
    const own = button('Edit look', () => this.send({ how: part.own ? 'focus' : 'own', index }), { id: `part-${index}-own`, title: part.own ? 'Work on this look' : 'Make a copy of the look that is this part\'s own, and work on it' });
    const prompt = element('textarea', { id: `part-${index}-prompt`, maxLength: 2000, spellcheck: false, placeholder: 'prompt: as the look says' });
    prompt.setAttribute('aria-label', `Prompt of part ${index + 1}`);
    prompt.onchange = () => said(prompt, (value) => this.send({ how: 'set', index, key: 'prompt', value }));
    const cut = element('input', { type: 'checkbox', id: `part-${index}-cut` });
    cut.onchange = () => this.send({ how: 'cut', index, on: cut.checked });
    const ease = text('ease', 'Transition', 'at once');
    const init = text('init', 'Start from', 'as the look says', { wide: true, list: 'scenes' });
    const negative = text('negative', 'Avoid', 'as the look says', { wide: true });
    const holds = held(part, index, this.state.base, (change) => this.send(change));
    const move = (label, to, name) => button(label, () => this.send({ how: 'move', index, to }), { id: `part-${index}-${name}`, disabled: to < 0 || to >= count, title: `${name}: later parts win` });
    const remove = button('Remove', () => this.send({ how: 'remove', index }), { id: `part-${index}-remove` });
    remove.setAttribute('aria-label', `Remove part ${index + 1}`);
    const row = element('section', { className: 'part' },
      element('div', { className: 'line' }, title, where, ...fields.map((f) => f.field)),
      element('div', { className: 'line' }, look, own),
      prompt,
      init.field, negative.field, ...holds.rows,
      element('div', { className: 'line' }, ease.field, element('label', { className: 'check' }, cut, 'Cut')),
      element('div', { className: 'buttons' }, remove, move('\u2191', index - 1, 'earlier'), move('\u2193', index + 1, 'later')));
    row.setAttribute('aria-label', `Part ${index + 1}`);
    row.onfocus = row.onpointerdown = () => this.chosen(index);
    row.addEventListener('focusin', () => this.chosen(index));
    return {
      row,
      set: (now, focus) => {
        where.value = now.section === null ? 'between' : `every ${now.section}`;
        look.value = now.preset ?? BENEATH;
        own.hidden = !now.preset;
        own.setAttribute('aria-pressed', focus !== null && now.preset === focus);
        for (const { input, key } of [...fields, ease, init, negative]) fill(input, now[key] ?? '');
        fill(prompt, now.prompt ?? '');
        holds.set(now);
        cut.checked = now.cut;
      },
    };
  }

  // A text of a part: 8 bars, 33 beats, 1:30, 12.5.
  text(index, key, more) {
    return { key, ...typed({ id: `part-${index}-${key}`, ...more, send: (value) => this.send({ how: 'set', index, key, value }) }) };
  }
}
