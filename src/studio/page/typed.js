// Texts that are typed: each stays while it is typed, and says at its place why it was refused.

import { element } from './knob.js';
import { news } from './link.js';

// The fields that were asked for, by the ask's number, until something is refused or taken.
let waiting = new Map();

news.addEventListener('refused', ({ detail }) => {
  const input = waiting.get(detail.ask);
  if (!input) return;
  waiting = new Map();
  input.setAttribute('aria-invalid', 'true');
  input.title = [detail.message, ...detail.hints].join('; ');
});
news.addEventListener('state', () => { waiting = new Map(); });

// A field for a text; `send` is told it, null for none, and answers with the ask's own number.
export function typed({ id, label, placeholder = '', wide = false, list = null, send }) {
  const input = element('input', { type: 'text', id, className: wide ? 'text' : 'value wide', autocomplete: 'off', spellcheck: false, placeholder });
  if (list) input.setAttribute('list', list);
  input.onchange = () => {
    // What holds again needs no asking.
    if (input.value.trim() === input.dataset.kept) fill(input, input.dataset.kept);
    else said(input, send);
  };
  return { input, field: element('label', { className: wide ? 'text' : '' }, `${label} `, input) };
}

// Asks for what stands in a field.
export function said(input, send) {
  waiting.set(send(input.value.trim() || null), input);
}

// What is being typed stays.
export function fill(input, text) {
  const { kept } = input.dataset;
  if (document.activeElement === input && kept !== undefined && input.value !== kept && input.value.trim() !== text) return;
  input.value = input.dataset.kept = text;
  input.removeAttribute('aria-invalid');
  input.title = '';
}
