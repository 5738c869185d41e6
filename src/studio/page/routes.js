// The routes: a row to add one, and a card for each, with its signal, its parameter and its numbers.

import { Expression } from './expression.js';
import { chooser, element, knob } from './knob.js';
import { edit } from './link.js';

// Numbers that are always in sight; the others are behind a button.
const FIRST = ['amount', 'attack', 'release'];
const TYPED = '(expression)';
const UNITS = ['s', 'beats', 'bars'];
// What is no number: how it is told, and what can be written.
const WORDS = [['curve', 'linear', 'linear, square, cube, root, smooth or a power', 'how strength is bent'], ['quantiles', 'none', 'two shares of the track: 0.1, 0.9', 'these shares of the track give 0 and 1'],
  ['quantize', 'none', 'a length: 1 beats', 'the value stays from each of these to the next'], ['every', '1', 'a whole number', 'beat and bar signals: every so many']];

export class Routes {
  // `choose` is told the parameter that is being worked on.
  constructor(facts, choose) {
    Object.assign(this, { signals: facts.signals.map((s) => s.name), keys: facts.route_keys, choose, open: new Set() });
    this.about = Object.fromEntries(facts.signals.map((s) => [s.name, s.about]));
    this.known = [...facts.signals.map(({ name, about }) => ({ name, about })), ...facts.functions.map(({ name, usage, about }) => ({ name, about: `${usage}: ${about}`, call: true })),
      { name: 'section', about: "section == 'B': 1 in these sections" }, { name: 'time', about: 'seconds of the track' }];
    this.fields = [];
  }

  // Cards for the routes of `state`, and what moves them when it changes.
  build(state, hues) {
    this.setters = [];
    this.fields.forEach((field) => field.forget());
    this.fields = [];
    this.drawn = state.drawn.map((c) => c.name);
    this.params = state.base.map((b) => b.name);
    this.effects = Object.fromEntries(state.base.map((b) => [b.name, b.effect]));
    return [this.adder(), ...state.routes.map((route, i) => this.card(route, i, state, hues[route.to]))];
  }

  card(route, index, state, hue) {
    const card = element('div', { className: `route ${hue}` }, this.wire(route, index));
    const target = state.base.find((b) => b.name === route.to);
    const more = element('div', { className: 'more', id: `more-${index}` });
    const first = [];
    this.keys.forEach((key, k) => {
      const made = this.number(key, k, route, index, target);
      const place = FIRST.indexOf(key.name);
      if (place < 0) more.append(made.row);
      else first[place] = made.row;
      this.setters.push((s) => {
        const own = s.routes[index].numbers[k];
        made.set(own?.value ?? key.default, Boolean(own));
      });
    });
    more.append(...this.words(index));
    if (!this.hears(route.input)) card.append(this.expression(index));
    card.append(...first, more, this.buttons(card, more, route, index));
    return card;
  }

  // The signal and the parameter, with the way in between.
  wire(route, index) {
    const listens = this.hears(route.input);
    const signals = [TYPED, ...this.drawn, ...this.signals];
    const signal = chooser(`signal-${index}`, 'Signal', signals, (name) => {
      if (name !== TYPED) edit({ edit: 'signal', index, name });
      else if (listens) edit({ edit: 'words', index, key: 'value', text: `1 * ${route.input}` });
    });
    signal.title = listens ? this.about[route.input] ?? 'drawn by hand' : 'what is written below';
    const mode = element('button', { type: 'button', id: `mode-${index}` });
    mode.onclick = () => edit({ edit: 'mode', index, mode: mode.dataset.mode === 'add' ? 'multiply' : 'add' });
    const target = chooser(`target-${index}`, 'Parameter', this.params, (param) => edit({ edit: 'target', index, param }));
    [signal.value, target.value] = [listens ? route.input : TYPED, route.to];
    target.title = this.effects[route.to] ?? '';
    this.setters.push((s) => {
      mode.dataset.mode = s.routes[index].mode;
      const adds = mode.dataset.mode === 'add';
      mode.textContent = adds ? '+' : '\u00d7';
      mode.title = adds ? 'Added to the base value; click to multiply' : 'Multiplies the value; click to add';
      mode.setAttribute('aria-label', mode.title);
    });
    return element('div', { className: 'wire' }, signal, mode, target);
  }

  // Whether this is a signal or a curve, and no expression.
  hears(input) { return this.signals.includes(input) || this.drawn.includes(input); }

  expression(index) {
    const words = () => [...this.drawn.map((name) => ({ name, about: 'drawn by hand' })), ...this.known];
    const field = new Expression({ id: `value-${index}`, label: `Expression of route ${index + 1}`, index, words });
    this.fields.push(field);
    this.setters.push((s) => field.set(s.routes[index].input));
    return field.row;
  }

  // What is typed as a word, and what is on or off.
  words(index) {
    const rows = WORDS.map(([key, usual, hint, about]) => {
      const input = element('input', { type: 'text', id: `route-${index}-${key}`, autocomplete: 'off', spellcheck: false, placeholder: usual, title: `${about}: ${hint}` });
      input.onchange = () => edit({ edit: 'words', index, key, text: input.value.trim() || null });
      this.setters.push((s) => {
        const text = (s.routes[index].words[key] ?? '').replace(/[[\]"]/g, '');
        if (document.activeElement !== input || input.value.trim() === text) input.value = text;
      });
      return element('div', { className: 'knob word' }, element('label', { htmlFor: input.id, textContent: key, title: about }), input, element('span', { className: 'unit', textContent: hint }));
    });
    const speed = element('input', { type: 'checkbox', id: `route-${index}-accumulate` });
    speed.onchange = () => edit({ edit: 'words', index, key: 'accumulate', text: speed.checked ? 'true' : null });
    this.setters.push((s) => { speed.checked = s.routes[index].words.accumulate === 'true'; });
    return [...rows, element('div', { className: 'knob word' }, element('label', { htmlFor: speed.id, textContent: 'accumulate' }), speed, element('span', { className: 'unit', textContent: 'the value is a speed' }))];
  }

  number(key, k, route, index, target) {
    const number = route.numbers[k];
    const [min, max, rest] = this.range(key, number?.value ?? key.default ?? 0, route, target);
    const unit = key.limits ? '' : number?.unit || 's';
    const change = (value) => ({ edit: 'route', index, key: key.name, value });
    const made = knob({
      id: `route-${index}-${key.name}`, label: key.name, title: key.about, min, max, rest, unit,
      send: (value, gesture) => edit(change(value), gesture),
      reset: () => edit(change(null)),
      chosen: () => this.choose(route.to),
    });
    if (key.length) {
      const now = UNITS.includes(unit) ? UNITS : [...UNITS, unit];
      const units = chooser(`route-${index}-${key.name}-unit`, `Unit of ${key.name}`, now, (name) => edit({ edit: 'words', index, key: key.name, text: name === 's' ? String(number?.value ?? 0) : `${number?.value ?? 0} ${name}` }));
      units.value = unit;
      made.row.querySelector('.unit').replaceWith(units);
    }
    return made;
  }

  // Smallest and largest value, and where a number rests that isn't set.
  range({ name, limits }, now, route, target) {
    if (!limits) return [0, Math.max(4, 2 * now), 0];
    if (name === 'gate') return [...limits, 0];
    const multiplies = route.mode === 'multiply';
    const [least, most] = multiplies || !target ? [0, 3] : [target.min, target.max];
    if (name === 'floor') return [Math.min(least, now), Math.max(most, now), least];
    if (name === 'ceiling') return [Math.min(least, now), Math.max(most, now), most];
    // What a finish effect moves by is far less than what it could.
    const wide = most - least;
    const fine = multiplies ? wide : Math.max(Math.min(wide, 8 * Math.abs(now)), wide / 4);
    return [-fine, fine, 0];
  }

  buttons(card, more, route, index) {
    const button = (textContent, id) => element('button', { type: 'button', textContent, id: `${id}-${index}` });
    const [expand, bypass, remove] = [button('More', 'expand'), button('Bypass', 'bypass'), button('Remove', 'remove')];
    const show = (open) => {
      more.hidden = !open;
      expand.setAttribute('aria-expanded', open);
      expand.textContent = open ? 'Less' : 'More';
      this.open[open ? 'add' : 'delete'](index);
    };
    show(this.open.has(index));
    expand.setAttribute('aria-controls', more.id);
    expand.onclick = () => show(more.hidden);
    bypass.onclick = () => edit({ edit: 'bypass', index, on: bypass.getAttribute('aria-pressed') !== 'true' });
    remove.onclick = () => edit({ edit: 'remove_route', index });
    this.setters.push((s) => {
      card.classList.toggle('off', s.routes[index].bypass);
      bypass.setAttribute('aria-pressed', s.routes[index].bypass);
      // A number behind the button that was set is marked on it.
      const set = [...this.keys.filter((key, k) => !FIRST.includes(key.name) && s.routes[index].numbers[k]).map((key) => key.name), ...Object.keys(s.routes[index].words)];
      expand.title = set.length ? `Set: ${set.join(', ')}` : 'hold, look-ahead, gate, offset, floor, ceiling, curve, quantiles, quantize, every, accumulate';
      expand.classList.toggle('set', set.length > 0);
    });
    return element('div', { className: 'buttons' }, expand, bypass, remove);
  }

  // The route that was added is the last one.
  reveal() {
    if (this.added) document.querySelector('.route:last-child')?.scrollIntoView({ block: 'nearest' });
    this.added = false;
  }

  adder() {
    const signal = chooser('new-signal', 'Signal of a new route', [...this.signals, ...this.drawn], () => {});
    const param = chooser('new-target', 'Parameter of a new route', this.params, () => {});
    const add = element('button', { type: 'button', textContent: 'Add route', id: 'add-route' });
    add.onclick = () => {
      this.added = true;
      edit({ edit: 'add_route', signal: signal.value, param: param.value });
    };
    return element('div', { className: 'wire adder' }, signal, '\u2192', param, add);
  }
}
