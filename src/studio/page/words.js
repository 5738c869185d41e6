// Words in braces: what each stands for, in turn every few bars or section by section.

import { button, element } from './knob.js';
import { newGesture } from './link.js';
import { fill, typed } from './typed.js';

export class WordCards {
  // `change` asks for a change of prompts.
  constructor(change) { Object.assign(this, { change, cards: [] }); }

  shape(words) { return words.map((w) => [w.name, Object.keys(w.section)]); }

  build(words, labels) {
    this.cards = words.map((word) => this.card(word, labels));
    return this.cards.map((card) => card.row);
  }

  set(words) {
    words.forEach((word, i) => this.cards[i].set(word));
  }

  card({ name, section, list }, labels) {
    const by = Object.keys(section).length > 0;
    const send = (key, text, gesture) => this.change('set_words', { name, key, text }, gesture);
    const text = (key, id, label, of, wide = true) => ({ of, ...typed({ id: `word-${name}-${id}`, label, wide, send: (value) => send(key, value) }) });
    const turns = [text('list', 'list', 'in turn', (w) => w.list.join(', ')), text('every', 'every', 'each for', (w) => w.every, false)];
    const own = [...new Set([...labels, ...Object.keys(section)])].map((label) => text({ section: label }, `section-${label}`, `section ${label}`, (w) => w.section[label]));
    const fields = by ? [...own, text('other', 'other', 'elsewhere', (w) => w.other)] : turns;
    const turn = button('By section\u2026', () => {
      const gesture = newGesture();
      send('other', list[0] ?? name, gesture);
      send({ section: labels[0] }, list.at(-1) ?? name, gesture);
    }, { id: `word-${name}-by`, hidden: by || !labels.length, title: 'Another word in every section' });
    const remove = button('Remove', () => this.change('remove_words', { name }), { id: `word-${name}-remove`, title: 'Once no prompt says it any more' });
    remove.setAttribute('aria-label', `Remove {${name}}`);
    const row = element('section', { className: 'part' }, element('div', { className: 'line' }, element('b', { textContent: `{${name}}` }), turn, remove), ...fields.map((f) => f.field));
    row.setAttribute('aria-label', `{${name}}`);
    return { row, set: (word) => fields.forEach(({ input, of }) => fill(input, of(word) ?? '')) };
  }
}
