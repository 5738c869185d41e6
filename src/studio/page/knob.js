// A knob: a range input with its name, its value to be read and typed, its unit, and a way back.

import { news } from './link.js';

let gesture = Math.floor(Math.random() * 2 ** 40);
// Whose value was asked for under which number, until it is refused or another one is.
let waiting = { ask: null, field: null };

news.addEventListener('refused', ({ detail }) => {
  if (detail.ask === null || detail.ask !== waiting.ask) return;
  waiting.field.setAttribute('aria-invalid', 'true');
  waiting.field.title = [detail.message, ...detail.hints].join('; ');
});

export function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// A list to choose from; `act` is told what is chosen.
export function chooser(id, label, names, act) {
  const list = element('select', { id }, ...names.map((name) => new Option(name, name)));
  list.setAttribute('aria-label', label);
  list.onchange = () => act(list.value);
  return list;
}

export function button(textContent, act, more = {}) {
  const made = element('button', { type: 'button', textContent, ...more });
  made.onclick = act;
  return made;
}

// What a person may type as a number: with a comma, with the unit behind it.
export function number(text) {
  const found = text.trim().replace(',', '.').replace('\u2212', '-').match(/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?/i);
  return found ? Number(found[0]) : NaN;
}

function shown(value) {
  return value === null ? '' : String(Number(value.toPrecision(4)));
}

// A field whose value is typed; `send` is told the number and answers with the ask's own.
export function field({ id, label, send }) {
  const input = element('input', { type: 'text', id, className: 'value', inputMode: 'decimal', autocomplete: 'off', spellcheck: false, placeholder: '\u2013' });
  input.setAttribute('aria-label', label);
  // What holds, and what was asked for.
  let [kept, wanted] = ['', ''];
  const put = (text) => {
    kept = wanted = input.value = text;
    input.removeAttribute('aria-invalid');
    input.title = '';
  };
  const apply = () => {
    if (input.value === wanted) return;
    const value = number(input.value);
    if (Number.isNaN(value)) {
      input.setAttribute('aria-invalid', 'true');
      input.title = 'write a number, like 0.5';
      return;
    }
    wanted = input.value;
    waiting = { ask: send(value), field: input };
  };
  input.onchange = apply;
  input.onfocus = () => input.select();
  input.onkeydown = (event) => {
    if (event.key === 'Enter') apply();
    else if (event.key === 'Escape' && input.value !== kept) put(kept);
    else return;
    event.preventDefault();
    event.stopPropagation();
    input.select();
  };
  return {
    input,
    set(value) {
      const text = shown(value);
      // What is being typed stays.
      if (document.activeElement === input && input.value !== kept && input.value !== wanted) return;
      put(text);
    },
  };
}

// `send` is told the value and the drag that it belongs to, unless `slow` only once the drag is over; `rest` is where the input stands while
// there is no value.
export function knob({ id, label, title, min, max, rest, unit, send, reset, chosen, slow = () => false }) {
  const input = element('input', { type: 'range', id, min, max, step: 'any', title });
  const typed = field({ id: `${id}-value`, label: `${label}${unit ? `, ${unit}` : ''}`, send: (value) => send(value, gesture++) });
  const back = button('\u21ba', reset, { className: 'back', title: `Reset ${label}` });
  back.setAttribute('aria-label', `Reset ${label}`);
  const step = (max - min) / 100;
  let sent = 0;
  input.oninput = () => {
    const now = performance.now();
    // Thirty changes a second are more than an eye needs.
    if (now - sent < 33 || slow()) return;
    sent = now;
    send(Number(input.value), gesture);
  };
  input.onchange = () => send(Number(input.value), gesture++);
  input.onkeydown = (event) => {
    const move = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (!move) return;
    event.preventDefault();
    input.value = Number(input.value) + move * step;
    send(Number(input.value), gesture++);
  };
  input.onfocus = input.onpointerenter = chosen;
  const name = element('label', { textContent: label, htmlFor: id, title });
  const row = element('div', { className: 'knob' }, name, input, typed.input, element('span', { className: 'unit', textContent: unit }), back);
  return {
    row,
    // `own`: whether the file says it.
    set(value, own = value !== null) {
      if (!input.matches(':active')) input.value = value ?? rest;
      typed.set(value);
      back.disabled = !own;
      input.setAttribute('aria-valuetext', value === null ? 'not set' : `${shown(value)} ${unit}`.trim());
    },
  };
}
