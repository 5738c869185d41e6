// The knobs: made anew when their number changes, else only moved, so that focus and a drag survive.

import { ask } from './link.js';

let gesture = Math.floor(Math.random() * 2 ** 40);

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// A range input with its name, value and a way back; `send` is told the value and the drag that it belongs to.
function knob({ label, title, min, max, unit, send, reset, chosen }) {
  const id = `knob-${label}-${Math.random().toString(36).slice(2)}`;
  const input = element('input', { type: 'range', id, min, max, step: 'any', title });
  const output = element('output', {});
  output.setAttribute('for', id);
  const back = element('button', { type: 'button', textContent: '\u21ba', title: `Reset ${label}`, hidden: !reset });
  back.setAttribute('aria-label', `Reset ${label}`);
  const step = (max - min) / 100;
  let sent = 0;
  input.oninput = () => {
    const now = performance.now();
    // Thirty changes a second are more than an eye needs.
    if (now - sent < 33) return;
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
  back.onclick = () => reset();
  const row = element('div', { className: 'knob' }, element('label', { textContent: label, htmlFor: id, title }), input, output, back);
  return {
    row,
    set(value) {
      if (!input.matches(':active')) input.value = value;
      output.textContent = `${Number(value.toPrecision(3))}${unit ? ` ${unit}` : ''}`;
      input.setAttribute('aria-valuetext', output.textContent);
    },
  };
}

export class Panel {
  constructor(facts, timeline) {
    Object.assign(this, { facts, timeline, shape: '' });
  }

  take(state) {
    const shape = JSON.stringify([state.preset, state.prompts.map((p) => p.place),
      state.routes.map((r) => [r.input, r.to, r.numbers.map((n) => n?.unit)])]);
    if (shape !== this.shape) this.build(state);
    this.shape = shape;
    this.setters.forEach((set) => set(state));
  }

  build(state) {
    this.setters = [];
    this.hues = Object.fromEntries(Object.keys(state.curves).map((name, i) => [name, `h${i % 8}`]));
    const fill = (id, rows) => document.getElementById(id).replaceChildren(...rows);
    fill('prompts', [...state.prompts.map((p, i) => this.prompt(p, i)), this.adders(state)]);
    fill('routes', state.routes.map((route, i) => this.route(route, i, state)));
    fill('base', state.base.map((row) => this.base(row)));
  }

  prompt({ place }, index) {
    const area = element('textarea', { maxLength: 2000, spellcheck: false });
    area.onchange = () => ask({ do: 'edit', change: { edit: 'prompt', index, text: area.value.trim() }, gesture: null });
    area.onkeydown = (event) => {
      if (event.key !== 'Enter' || event.shiftKey) return;
      event.preventDefault();
      area.blur();
    };
    this.setters.push((state) => {
      if (document.activeElement !== area) area.value = state.prompts[index].text;
    });
    return element('label', { className: 'prompt' }, place || 'everywhere', area);
  }

  // A button for every section that has no prompt of its own.
  adders({ prompts }) {
    const labels = [...new Set(this.facts.sections.map((s) => s.label))];
    const free = labels.filter((label) => !prompts.some((p) => p.place === `section ${label}`));
    const adder = (section) => {
      const button = element('button', { type: 'button', textContent: `+ section ${section}` });
      button.onclick = () => ask({ do: 'edit', change: { edit: 'add_prompt', section }, gesture: null });
      return button;
    };
    return element('div', { className: 'adders' }, ...free.map(adder));
  }

  route(route, index, state) {
    const bypass = element('button', { type: 'button', textContent: 'Bypass' });
    bypass.onclick = () => {
      const on = bypass.getAttribute('aria-pressed') !== 'true';
      ask({ do: 'edit', change: { edit: 'bypass', index, on }, gesture: null });
    };
    const mode = route.mode === 'multiply' ? '\u00d7' : '\u2192';
    const about = this.facts.signals.find((s) => s.name === route.input)?.about ?? route.input;
    const head = element('h3', {}, element('span', { textContent: `${route.input} ${mode} ${route.to}`, title: about }), bypass);
    const card = element('div', { className: `route ${this.hues[route.to]}` }, head);
    const target = state.base.find((b) => b.name === route.to);
    for (const key of ['amount', 'offset', 'attack', 'release']) {
      const number = (s) => s.routes[index].numbers[this.facts.route_keys.indexOf(key)];
      if (key === 'offset' && !number(state)) continue;
      const now = number(state)?.value ?? (key === 'amount' ? 1 : 0);
      const [min, max] = this.range(key, now, route, target);
      const unit = ['attack', 'release'].includes(key) ? number(state)?.unit || 's' : '';
      const made = knob({
        label: key, title: `${key} of ${route.input} on ${route.to}`, min, max, unit,
        send: (value, gesture) => ask({ do: 'edit', change: { edit: 'route', index, key, value }, gesture }),
        chosen: () => { this.timeline.chosen = route.to; },
      });
      this.setters.push((s) => made.set(number(s)?.value ?? (key === 'amount' ? 1 : 0)));
      card.append(made.row);
    }
    this.setters.push((s) => {
      const off = s.bypassed.includes(index);
      card.classList.toggle('off', off);
      bypass.setAttribute('aria-pressed', off);
    });
    return card;
  }

  range(key, now, route, target) {
    if (key === 'attack' || key === 'release') return [0, Math.max(4, 2 * now)];
    const most = route.mode === 'multiply' ? 3 : target ? target.max - target.min : 2;
    // What a finish effect moves by is far less than what it could.
    const fine = route.mode === 'multiply' ? most : Math.max(Math.min(most, 8 * Math.abs(now)), most / 4);
    return [-fine, fine];
  }

  base({ name, min, max, unit, effect }) {
    const change = (value) => ({ edit: 'base', param: name, value });
    const made = knob({
      label: name, title: effect, min, max, unit: unit === 'degrees' ? '\u00b0' : unit,
      send: (value, gesture) => ask({ do: 'edit', change: change(value), gesture }),
      reset: () => ask({ do: 'edit', change: change(null), gesture: null }),
      chosen: () => { this.timeline.chosen = name; },
    });
    made.row.classList.add(...[this.hues[name]].filter(Boolean));
    this.setters.push((state) => made.set(state.base.find((b) => b.name === name).value));
    return made.row;
  }
}
