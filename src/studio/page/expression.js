// A field for an expression: what can stand there is offered, and what is wrong is told with its column.

import { element } from './knob.js';
import { edit, news } from './link.js';

const MOST = 8;
const open = new Set();
let number = 0;

news.addEventListener('refused', (event) => {
  const field = [...open].find((f) => f.asked !== null && f.asked === event.detail.ask);
  if (!field) return;
  event.preventDefault();
  field.mark(event.detail);
});

export class Expression {
  // `words` gives what can be completed: names with what they mean.
  constructor({ id, label, index, words }) {
    Object.assign(this, { index, words, asked: null, kept: '', at: -1 });
    number += 1;
    const listId = `words-${number}`;
    this.input = element('input', { type: 'text', id, maxLength: 1000, autocomplete: 'off', spellcheck: false });
    const roles = { role: 'combobox', 'aria-label': label, 'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': listId };
    for (const [key, value] of Object.entries(roles)) this.input.setAttribute(key, value);
    this.list = element('ul', { id: listId, className: 'words', role: 'listbox', hidden: true });
    this.list.setAttribute('aria-label', `Words for ${label}`);
    this.fault = element('p', { className: 'fault', hidden: true });
    this.fault.setAttribute('role', 'alert');
    this.row = element('div', { className: 'expression' }, this.input, this.list, this.fault);
    this.input.oninput = () => this.offer();
    this.input.onchange = () => this.apply();
    this.input.onblur = () => this.close();
    this.input.onkeydown = (event) => this.key(event);
    open.add(this);
  }

  apply() {
    if (this.input.value.trim() === this.kept) return;
    this.asked = edit({ edit: 'words', index: this.index, key: 'value', text: this.input.value });
  }

  key(event) {
    const shown = !this.list.hidden;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      if (!shown) this.offer(true);
      else this.choose((this.at + step + this.found.length) % this.found.length);
    } else if ((event.key === 'Enter' || event.key === 'Tab') && shown && this.at >= 0) this.complete(this.found[this.at]);
    else if (event.key === 'Enter') {
      this.close();
      this.apply();
    } else if (event.key === 'Escape' && shown) this.close();
    else if (event.key === 'Escape' && this.input.value !== this.kept) {
      this.input.value = this.kept;
      this.unmark();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // The word before the caret, and what begins like it.
  offer(all = false) {
    const before = this.input.value.slice(0, this.input.selectionStart);
    const word = before.match(/[A-Za-z_]\w*$/)?.[0] ?? '';
    this.begun = word.length;
    this.found = word || all ? this.words().filter(({ name }) => name.startsWith(word) && name !== word).slice(0, MOST) : [];
    this.list.replaceChildren(...this.found.map(({ name, about }, i) => {
      const row = element('li', { id: `${this.list.id}-${i}`, role: 'option' }, element('b', { textContent: name }), ` ${about}`);
      row.onpointerdown = (event) => {
        event.preventDefault();
        this.complete(this.found[i]);
      };
      return row;
    }));
    this.list.hidden = !this.found.length;
    this.input.setAttribute('aria-expanded', !this.list.hidden);
    this.choose(word ? 0 : -1);
  }

  choose(at) {
    this.at = this.found.length ? at : -1;
    [...this.list.children].forEach((row, i) => row.setAttribute('aria-selected', i === at));
    if (this.at >= 0) this.input.setAttribute('aria-activedescendant', `${this.list.id}-${at}`);
    else this.input.removeAttribute('aria-activedescendant');
  }

  complete({ name, call }) {
    const at = this.input.selectionStart;
    this.input.setRangeText(call ? `${name}()` : name, at - this.begun, at, 'end');
    if (call) this.input.selectionStart = this.input.selectionEnd = this.input.selectionEnd - 1;
    this.close();
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute('aria-expanded', 'false');
    this.choose(-1);
  }

  mark({ message, hints, at }) {
    this.asked = null;
    const place = at ? `column ${at[0] + 1}: ` : '';
    this.fault.textContent = [place + message, ...hints].join('; ');
    this.fault.hidden = false;
    this.input.setAttribute('aria-invalid', 'true');
    this.fault.scrollIntoView({ block: 'nearest' });
    if (at && document.activeElement === this.input) this.input.setSelectionRange(at[0], at[1]);
  }

  unmark() {
    this.fault.hidden = true;
    this.input.removeAttribute('aria-invalid');
  }

  // What is being typed, or was refused, stays until it is taken.
  set(text) {
    const own = this.input.value === this.kept;
    if (own || text === this.input.value.trim()) {
      if (this.input.value !== text) this.input.value = text;
      this.unmark();
    }
    this.kept = text;
  }

  forget() { open.delete(this); }
}
