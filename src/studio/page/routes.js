// The routes: a row to add one, and a card for each, with its signal, its parameter and its numbers.

import { chooser, element, knob } from './knob.js';
import { edit } from './link.js';

// Numbers that are always in sight; the others are behind a button.
const FIRST = ['amount', 'attack', 'release'];

export class Routes {
  // `choose` is told the parameter that is being worked on.
  constructor(facts, choose) {
    Object.assign(this, { signals: facts.signals.map((s) => s.name), keys: facts.route_keys, choose, open: new Set() });
    this.about = Object.fromEntries(facts.signals.map((s) => [s.name, s.about]));
  }

  // Cards for the routes of `state`, and what moves them when it changes.
  build(state, hues) {
    this.setters = [];
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
    card.append(...first, more, this.buttons(card, more, route, index));
    return card;
  }

  // The signal and the parameter, with the way in between.
  wire(route, index) {
    const known = this.signals.includes(route.input);
    const signals = known ? this.signals : [route.input, ...this.signals];
    const signal = chooser(`signal-${index}`, 'Signal', signals, (name) => edit({ edit: 'signal', index, name }));
    signal.title = this.about[route.input] ?? route.input;
    const mode = element('button', { type: 'button', id: `mode-${index}` });
    mode.onclick = () => edit({ edit: 'mode', index, mode: mode.dataset.mode === 'add' ? 'multiply' : 'add' });
    const target = chooser(`target-${index}`, 'Parameter', this.params, (param) => edit({ edit: 'target', index, param }));
    [signal.value, target.value] = [route.input, route.to];
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

  number(key, k, route, index, target) {
    const number = route.numbers[k];
    const [min, max, rest] = this.range(key, number?.value ?? key.default ?? 0, route, target);
    const unit = key.limits ? '' : number?.unit || 's';
    const change = (value) => ({ edit: 'route', index, key: key.name, value });
    return knob({
      id: `route-${index}-${key.name}`, label: key.name, title: key.about, min, max, rest, unit,
      send: (value, gesture) => edit(change(value), gesture),
      reset: () => edit(change(null)),
      chosen: () => this.choose(route.to),
    });
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
      const set = this.keys.filter((key, k) => !FIRST.includes(key.name) && s.routes[index].numbers[k]).map((key) => key.name);
      expand.title = set.length ? `Set: ${set.join(', ')}` : 'hold, look-ahead, gate, offset, floor, ceiling';
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
    const signal = chooser('new-signal', 'Signal of a new route', this.signals, () => {});
    const param = chooser('new-target', 'Parameter of a new route', this.params, () => {});
    const add = element('button', { type: 'button', textContent: 'Add route', id: 'add-route' });
    add.onclick = () => {
      this.added = true;
      edit({ edit: 'add_route', signal: signal.value, param: param.value });
    };
    return element('div', { className: 'wire adder' }, signal, '\u2192', param, add);
  }
}
