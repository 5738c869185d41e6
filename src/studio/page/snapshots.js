// Snapshots: states under names, with notes, to go back to and to compare.

import { button, element } from './knob.js';
import { ask, news } from './link.js';

const get = (id) => document.getElementById(id);
const NOW = 'what holds now';

export class Snapshots {
  // `now` is where the playhead is; `compare` shows two of them side by side.
  constructor(compare, now) {
    Object.assign(this, { compare, now, list: [], cards: new Map(), asked: new Map() });
    this.build();
    news.addEventListener('snapshots', ({ detail }) => this.take(detail.list));
    news.addEventListener('refused', (event) => {
      const field = this.asked.get(event.detail.ask);
      if (!field) return;
      field.setAttribute('aria-invalid', 'true');
      field.title = [event.detail.message, ...event.detail.hints].join('; ');
    });
  }

  build() {
    this.name = element('input', { id: 'snapshot-name', maxLength: 60, autocomplete: 'off', spellcheck: false, placeholder: 'name, or none' });
    this.name.setAttribute('aria-label', 'Name of the new snapshot');
    this.name.onkeydown = (event) => { if (event.key === 'Enter') this.keep(); };
    const keep = button('Keep snapshot', () => this.keep(), { id: 'keep', title: 'Keep all that holds now under a name (K)' });
    this.sides = ['a', 'b'].map((side) => {
      const list = element('select', { id: `compare-${side}` });
      list.setAttribute('aria-label', `Side ${side.toUpperCase()} of the comparison`);
      list.onchange = () => this.again();
      return list;
    });
    this.toggle = button('Compare', () => this.turn(), { id: 'compare-on', title: 'Both side by side, in step (C)' });
    this.hint = element('p', { className: 'hint', textContent: 'Keep a snapshot, change something, and compare: both show the same stretch of the track from the playhead on, in step; Play repeats it with its sound. They are here again when the studio is opened on this track or project the next time.' });
    this.place = element('div', { className: 'cards' });
    get('snapshots').replaceChildren(element('div', { className: 'wire' }, this.name, keep),
      element('div', { className: 'wire' }, element('b', { textContent: 'A' }), this.sides[0], element('b', { textContent: 'B' }), this.sides[1], this.toggle), this.place, this.hint);
    this.take([]);
  }

  send(change, field = null) {
    const own = ask({ do: 'snapshot', change });
    if (field) this.asked.set(own, field);
  }

  keep() {
    this.send({ how: 'keep', name: this.name.value.trim() || null });
    this.name.value = '';
  }

  take(list) {
    const [before, focused] = [this.list, document.activeElement?.id];
    this.list = list;
    this.asked.clear();
    this.options(before.length < list.length);
    if (before.map((s) => s.number).join() !== list.map((s) => s.number).join()) {
      this.cards = new Map(list.map((snapshot) => [snapshot.number, this.cards.get(snapshot.number) ?? this.card(snapshot)]));
      this.place.replaceChildren(...[...this.cards.values()].map(({ row }) => row).reverse());
      if (focused) get(focused)?.focus();
    }
    for (const snapshot of list) this.cards.get(snapshot.number).set(snapshot);
    this.toggle.disabled = !list.length;
    // One of those that are compared is gone.
    if (this.compare.sides.some((number) => number !== null && !this.find(number))) this.compare.stop();
    this.say();
  }

  find(number) { return this.list.find((snapshot) => snapshot.number === number); }

  // What both sides can be; the newest snapshot and what holds now are what one mostly compares.
  options(more) {
    const values = this.sides.map((side) => side.value);
    for (const side of this.sides) {
      side.replaceChildren(new Option(NOW, ''), ...this.list.map(({ number, name }) => new Option(name, number)));
    }
    const usual = [this.list.at(-1)?.number ?? '', ''];
    values.forEach((value, i) => {
      const there = value === '' || this.find(Number(value));
      this.sides[i].value = there && !(more && !this.compare.on) ? value : usual[i];
    });
  }

  chosen() { return this.sides.map((side) => (side.value ? Number(side.value) : null)); }

  again() {
    if (this.compare.on) this.compare.start(this.chosen(), this.now());
    this.say();
  }

  turn() {
    if (this.compare.on) this.compare.stop();
    else if (this.list.length) this.compare.start(this.chosen(), this.now());
    this.say();
  }

  say() {
    this.toggle.setAttribute('aria-pressed', this.compare.on);
    this.compare.name((number) => (number === null ? NOW : this.find(number)?.name ?? ''));
  }

  card({ number }) {
    const name = element('input', { type: 'text', id: `snapshot-${number}-name`, maxLength: 60, autocomplete: 'off', spellcheck: false });
    name.onchange = () => this.send({ how: 'name', number, name: name.value }, name);
    const note = element('textarea', { id: `snapshot-${number}-note`, maxLength: 2000, placeholder: 'note' });
    note.onchange = () => this.send({ how: 'note', number, note: note.value }, note);
    const act = (label, does, id, title) => button(label, does, { id: `snapshot-${number}-${id}`, title });
    const side = (i) => () => {
      this.sides[i].value = String(number);
      if (this.compare.on) this.again();
      else this.turn();
    };
    const remove = act('Remove', () => this.send({ how: 'remove', number }), 'remove', 'Let go of this snapshot');
    const back = act('Go back', () => ask({ do: 'back', number }), 'back', 'Everything as it was then; undo takes it back');
    const [a, b] = [act('as A', side(0), 'a', 'Compare it, on the left'), act('as B', side(1), 'b', 'Compare it, on the right')];
    const row = element('section', { className: 'part' }, element('div', { className: 'line' }, name, back), note, element('div', { className: 'buttons' }, remove, a, b));
    return {
      row,
      set: (snapshot) => {
        row.setAttribute('aria-label', `Snapshot ${snapshot.name}`);
        name.setAttribute('aria-label', `Name of snapshot ${number}`);
        note.setAttribute('aria-label', `Note to ${snapshot.name}`);
        for (const made of [remove, back, a, b]) made.setAttribute('aria-label', `${made.textContent}: ${snapshot.name}`);
        for (const [field, text] of [[name, snapshot.name], [note, snapshot.note]]) {
          if (document.activeElement === field && field.value !== field.dataset.kept && field.value.trim() !== text) continue;
          field.value = field.dataset.kept = text;
          field.removeAttribute('aria-invalid');
          field.title = '';
        }
      },
    };
  }
}
