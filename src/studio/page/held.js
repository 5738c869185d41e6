// What a part holds at a value, whatever its look does with it: a row for each parameter, and a list to hold another.

import { button, chooser, element, field } from './knob.js';

const MORE = 'hold a parameter\u2026';

// `params` as the page is told of them; `send` asks for a change of the part.
export function held(part, index, params, send) {
  const hold = (param, value) => send({ how: 'hold', index, param, value });
  const rows = Object.keys(part.set).map((param) => {
    const known = params.find((p) => p.name === param);
    const made = field({ id: `part-${index}-hold-${param}`, label: `${param} in part ${index + 1}`, send: (value) => hold(param, value) });
    const free = button('\u21ba', () => hold(param, null), { className: 'back', title: `${param} as the look says` });
    free.setAttribute('aria-label', free.title);
    const label = element('label', { htmlFor: made.input.id, textContent: `${param} held at`, title: known?.effect ?? '' });
    return { param, made, row: element('div', { className: 'line' }, label, made.input, free) };
  });
  const free = params.filter(({ name }) => !(name in part.set));
  const more = chooser(`part-${index}-hold`, `Hold a parameter in part ${index + 1}`, [MORE, ...free.map((p) => p.name)], (name) => {
    const param = free.find((p) => p.name === name);
    if (param) hold(name, param.value);
  });
  return {
    rows: [...rows.map(({ row }) => row), more],
    set: ({ set }) => rows.forEach(({ param, made }) => made.set(set[param] ?? null)),
  };
}
