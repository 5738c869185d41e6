// Random within limits: the values that the look sets move by chance within their ranges, but for those that are locked. One step to undo.

import { button, chooser, element } from './knob.js';
import { edit } from './link.js';

// How far a value moves at most, as a share of its range.
const FAR = new Map([['a little', 0.08], ['more', 0.25], ['anywhere', 1]]);

export class Random {
  constructor(place) {
    Object.assign(this, { locked: new Set(), boxes: new Map(), base: [] });
    this.far = chooser('random-far', 'How far values move', [...FAR.keys()], () => {});
    this.far.value = 'more';
    this.roll = button('Random', () => this.move(), { id: 'random-roll', title: 'Move by chance what this look sets, within its limits; undo takes it back in one step' });
    place.replaceChildren(element('div', { className: 'line' }, this.roll, this.far, element('span', { className: 'hint', textContent: 'Ticked values stay.' })));
  }

  // The lock of the value `name`.
  lock(name) {
    const box = element('input', { type: 'checkbox', id: `lock-${name}`, checked: this.locked.has(name), title: 'Random leaves it alone' });
    box.setAttribute('aria-label', `Random leaves ${name} alone`);
    box.onchange = () => {
      if (box.checked) this.locked.add(name);
      else this.locked.delete(name);
      this.say();
    };
    this.boxes.set(name, box);
    return box;
  }

  take({ base }) {
    this.base = base;
    // What the look doesn't set isn't moved: another knob's default is none of its limits.
    for (const { name, own } of base) if (this.boxes.has(name)) this.boxes.get(name).hidden = !own;
    this.say();
  }

  free() { return this.base.filter(({ name, own, min, max }) => own && min < max && !this.locked.has(name)); }

  say() { this.roll.disabled = !this.free().length; }

  move() {
    // Edits of one gesture are undone together.
    const gesture = 2 ** 42 + Math.floor(Math.random() * 2 ** 42);
    const far = FAR.get(this.far.value);
    for (const { name, value, min, max } of this.free()) {
      const [low, high] = [Math.max(min, value - far * (max - min)), Math.min(max, value + far * (max - min))];
      const next = Number((low + Math.random() * (high - low)).toPrecision(4));
      edit({ edit: 'base', param: name, value: Math.min(Math.max(next, min), max) }, gesture);
    }
  }
}
