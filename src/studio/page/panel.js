// The look's side of the page: made anew when its parts change, else only moved, so that focus and a drag survive.

import { knob } from './knob.js';
import { Prompts } from './prompts.js';
import { Random } from './random.js';
import { Routes } from './routes.js';
import { Settings } from './settings.js';

const get = (id) => document.getElementById(id);

export class Panel {
  constructor(facts, timeline, now, glide) {
    Object.assign(this, { timeline, glide, shape: '' });
    this.routes = new Routes(facts, (param) => { timeline.chosen = param; });
    this.prompts = new Prompts(facts, now);
    this.random = new Random(get('random'));
    this.settings = new Settings(get('settings'));
    this.tabs();
  }

  // Tabs as the ARIA guide has them: arrows go from one to the next.
  tabs() {
    const tabs = [...document.querySelectorAll('[role=tab]')];
    const aside = tabs[0].closest('aside');
    const scrolled = new Map();
    const show = (chosen) => {
      const before = tabs.find((tab) => tab.getAttribute('aria-selected') === 'true');
      if (before) scrolled.set(before, aside.scrollTop);
      for (const tab of tabs) {
        tab.setAttribute('aria-selected', tab === chosen);
        tab.tabIndex = tab === chosen ? 0 : -1;
        get(tab.getAttribute('aria-controls')).hidden = tab !== chosen;
      }
      aside.scrollTop = scrolled.get(chosen) ?? 0;
    };
    tabs.forEach((tab, i) => {
      tab.onclick = () => show(tab);
      tab.onkeydown = (event) => {
        const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (!step) return;
        event.preventDefault();
        const next = tabs[(i + step + tabs.length) % tabs.length];
        show(next);
        next.focus();
      };
    });
    show(tabs[0]);
  }

  take(state) {
    this.state = state;
    const shape = JSON.stringify([state.preset, state.base.map((b) => b.name), this.prompts.shape(state), state.heard.sections.map((s) => s.label),
      state.drawn.map((c) => c.name), state.routes.map((r) => [this.routes.signals.includes(r.input) || state.drawn.some((c) => c.name === r.input) ? r.input : null, r.to, r.mode, r.numbers.map((n) => n?.unit)])]);
    if (shape !== this.shape) this.build(state);
    this.shape = shape;
    for (const set of [...this.setters, ...this.routes.setters]) set(state);
    this.prompts.set(state);
    this.random.take(state);
    this.settings.take(state);
  }

  build(state) {
    const focused = document.activeElement?.id;
    this.setters = [];
    this.rows = new Map();
    const hues = Object.fromEntries(Object.keys(state.curves).map((name, i) => [name, `h${i % 8}`]));
    const fill = (id, rows) => get(id).replaceChildren(...rows);
    fill('prompts', this.prompts.build(state));
    fill('routes', this.routes.build(state, hues));
    fill('base', state.base.map((row) => this.base(row, hues)));
    if (focused) get(focused)?.focus();
    this.routes.reveal();
    this.here(this.pile ?? []);
  }

  // The parts at the playhead: what they say isn't what is set here.
  here(pile) {
    this.pile = pile;
    const { list } = this.state.parts;
    const last = (says) => pile.findLast((index) => list[index] && says(list[index])) ?? null;
    const prompting = last((part) => part.prompt);
    this.prompts.here(list[prompting], prompting);
    for (const [name, row] of this.rows ?? []) {
      const holding = last((part) => name in part.set);
      if (holding === null) delete row.dataset.held;
      else row.dataset.held = `${list[holding].set[name]} in part ${holding + 1}`;
    }
  }

  base({ name, min, max, unit, effect }, hues) {
    const made = knob({
      id: `base-${name}`, label: name, title: effect, min, max, rest: min, unit: unit.replace('degrees', '\u00b0'),
      send: (value, gesture) => this.glide.set(name, value, gesture),
      slow: () => this.glide.slow,
      reset: () => this.glide.set(name, null, null),
      chosen: () => { this.timeline.chosen = name; },
    });
    made.row.append(this.random.lock(name));
    this.rows.set(name, made.row);
    if (hues[name]) made.row.classList.add(hues[name]);
    this.setters.push((state) => {
      const { value, own } = state.base.find((b) => b.name === name);
      made.set(value, own);
    });
    return made.row;
  }
}
