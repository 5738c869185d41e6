// The look's side of the page: made anew when its parts change, else only moved, so that focus and a drag survive.

import { element, knob } from './knob.js';
import { ask } from './link.js';
import { Routes } from './routes.js';

const get = (id) => document.getElementById(id);

function edit(change, gesture = null) {
  ask({ do: 'edit', change, gesture });
}

export class Panel {
  constructor(facts, timeline) {
    Object.assign(this, { facts, timeline, shape: '' });
    this.routes = new Routes(facts, (param) => { timeline.chosen = param; });
    this.tabs();
  }

  // Tabs as the ARIA guide has them: arrows go from one to the next.
  tabs() {
    const tabs = [...document.querySelectorAll('[role=tab]')];
    const show = (chosen) => {
      for (const tab of tabs) {
        tab.setAttribute('aria-selected', tab === chosen);
        tab.tabIndex = tab === chosen ? 0 : -1;
        get(tab.getAttribute('aria-controls')).hidden = tab !== chosen;
      }
    };
    tabs.forEach((tab, i) => {
      tab.onclick = () => show(tab);
      tab.onkeydown = ({ key }) => {
        const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
        if (!step) return;
        const next = tabs[(i + step + tabs.length) % tabs.length];
        show(next);
        next.focus();
      };
    });
    show(tabs[0]);
  }

  take(state) {
    const shape = JSON.stringify([state.preset, state.prompts.map((p) => p.place),
      state.routes.map((r) => [r.input, r.to, r.mode, r.numbers.map((n) => n?.unit)])]);
    if (shape !== this.shape) this.build(state);
    this.shape = shape;
    for (const set of [...this.setters, ...this.routes.setters]) set(state);
  }

  build(state) {
    const focused = document.activeElement?.id;
    this.setters = [];
    const hues = Object.fromEntries(Object.keys(state.curves).map((name, i) => [name, `h${i % 8}`]));
    const fill = (id, rows) => get(id).replaceChildren(...rows);
    fill('prompts', [...state.prompts.map((p, i) => this.prompt(p, i, state.prompts.length)), this.adders(state), this.hint()]);
    fill('routes', this.routes.build(state, hues));
    fill('base', state.base.map((row) => this.base(row, hues)));
    if (focused) get(focused)?.focus();
    this.routes.reveal();
  }

  prompt({ place }, index, count) {
    const area = element('textarea', { id: `prompt-${index}`, maxLength: 2000, spellcheck: false });
    area.onchange = () => edit({ edit: 'prompt', index, text: area.value.trim() });
    area.onkeydown = (event) => {
      if (event.key !== 'Enter' || event.shiftKey) return;
      event.preventDefault();
      area.blur();
    };
    this.setters.push((state) => {
      if (document.activeElement !== area) area.value = state.prompts[index].text;
    });
    const remove = element('button', { type: 'button', textContent: 'Remove', hidden: count < 2 });
    remove.setAttribute('aria-label', `Remove the prompt for ${place || 'everywhere'}`);
    remove.onclick = () => edit({ edit: 'remove_prompt', index });
    return element('div', { className: 'prompt' }, element('label', { htmlFor: area.id }, place || 'everywhere'), remove, area);
  }

  // A button for every section that has no prompt of its own.
  adders({ prompts }) {
    const labels = [...new Set(this.facts.sections.map((s) => s.label))];
    const free = labels.filter((label) => !prompts.some((p) => p.place === `section ${label}`));
    const adder = (section) => {
      const button = element('button', { type: 'button', textContent: `+ section ${section}` });
      button.onclick = () => edit({ edit: 'add_prompt', section });
      return button;
    };
    return element('div', { className: 'adders' }, ...free.map(adder));
  }

  // What a model understands shows best in what is asked of it elsewhere.
  hint() {
    const texts = [...new Set(this.facts.presets.flatMap((p) => p.prompts))].filter((text) => /^[a-z]+ [a-z]+$/.test(text));
    return element('p', { className: 'hint', textContent: `Enter applies. Short prompts work best, like those of the presets: ${texts.join(', ')}` });
  }

  base({ name, min, max, unit, effect }, hues) {
    const change = (value) => ({ edit: 'base', param: name, value });
    const made = knob({
      id: `base-${name}`, label: name, title: effect, min, max, rest: min, unit: unit.replace('degrees', '\u00b0'),
      send: (value, gesture) => edit(change(value), gesture),
      reset: () => edit(change(null)),
      chosen: () => { this.timeline.chosen = name; },
    });
    if (hues[name]) made.row.classList.add(hues[name]);
    this.setters.push((state) => made.set(state.base.find((b) => b.name === name).value));
    return made.row;
  }
}
