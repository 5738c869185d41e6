// The prompts: a box for each, with what is wrong with its text and where, and what the model knows instead.

import { button, element } from './knob.js';
import { edit, news } from './link.js';

export class Prompts {
  constructor(facts) {
    this.facts = facts;
    this.boxes = [];
    news.addEventListener('refused', (event) => {
      const box = this.boxes.find((b) => b.asked !== null && b.asked === event.detail.ask);
      if (!box) return;
      event.preventDefault();
      this.mark(box, event.detail);
    });
  }

  build(state) {
    const labels = [...new Set(state.heard.sections.map((s) => s.label))];
    this.boxes = state.prompts.map((prompt, i) => this.box(prompt, i, state.prompts.length));
    return [...this.boxes.map((box) => box.row), this.adders(state, labels), this.hint()];
  }

  set(state) {
    state.prompts.forEach((prompt, i) => {
      const box = this.boxes[i];
      const own = box.area.value === box.kept;
      // What is being typed, or was refused, stays until it is taken.
      if (own || prompt.text === box.area.value.trim()) {
        box.area.value = box.kept = prompt.text;
        this.unmark(box);
      } else box.kept = prompt.text;
      this.suggest(box, prompt);
    });
  }

  box({ place }, index, count) {
    const area = element('textarea', { id: `prompt-${index}`, maxLength: 2000, spellcheck: false });
    const fault = element('p', { className: 'fault', id: `fault-${index}`, hidden: true });
    fault.setAttribute('role', 'alert');
    const near = element('div', { className: 'near', hidden: true });
    const box = { area, fault, near, index, asked: null, kept: '' };
    const apply = () => {
      if (area.value.trim() === box.kept) return;
      box.asked = edit({ edit: 'prompt', index, text: area.value.trim() });
    };
    area.setAttribute('aria-describedby', fault.id);
    area.onchange = apply;
    area.onkeydown = (event) => {
      if (event.key === 'Escape' && area.value !== box.kept) {
        area.value = box.kept;
        this.unmark(box);
      } else if (event.key === 'Enter' && !event.shiftKey) apply();
      else return;
      event.preventDefault();
    };
    const remove = button('Remove', () => edit({ edit: 'remove_prompt', index }), { hidden: count < 2 });
    remove.setAttribute('aria-label', `Remove the prompt for ${place || 'everywhere'}`);
    const label = element('label', { htmlFor: area.id, textContent: place || 'everywhere' });
    box.row = element('div', { className: 'prompt' }, label, remove, area, fault, near);
    return box;
  }

  // Says what is wrong under the box, and selects the words that are.
  mark(box, { message, hints, at }) {
    box.asked = null;
    box.fault.textContent = [message, ...hints].join('; ');
    box.fault.hidden = false;
    box.area.setAttribute('aria-invalid', 'true');
    if (!at || document.activeElement !== box.area) return;
    box.area.setSelectionRange(at[0], at[1]);
  }

  unmark(box) {
    box.fault.hidden = true;
    box.area.removeAttribute('aria-invalid');
  }

  // The nearest of what the model knows, each to be added by a click.
  suggest(box, { text, near }) {
    const key = JSON.stringify([text, near]);
    if (key === box.suggested) return;
    box.suggested = key;
    box.near.hidden = !near;
    if (!near) return;
    const said = text.trim() ? 'The model knows none of these words, so what it shows is left to chance.' : 'An empty prompt: what the model shows is left to chance.';
    const add = (phrase) => {
      const made = button(phrase, () => {
        const longer = [text.trim(), phrase].filter(Boolean).join(', ');
        box.asked = edit({ edit: 'prompt', index: box.index, text: longer });
      });
      made.setAttribute('aria-label', `Add ${phrase}`);
      return made;
    };
    box.near.replaceChildren(element('p', { textContent: `${said} It knows, nearest first:` }), element('div', { className: 'chips' }, ...near.map(add)));
  }

  // A button for every section that has no prompt of its own.
  adders({ prompts }, labels) {
    const free = labels.filter((label) => !prompts.some((p) => p.place === `section ${label}`));
    return element('div', { className: 'chips' }, ...free.map((section) => button(`+ section ${section}`, () => edit({ edit: 'add_prompt', section }))));
  }

  // What a model understands shows best in what is asked of it elsewhere.
  hint() {
    const texts = [...new Set(this.facts.presets.flatMap((p) => p.prompts))].filter((text) => /^[a-z]+ [a-z]+$/.test(text));
    const words = texts.length ? `, like those of the presets: ${texts.slice(0, 12).join(', ')}` : '';
    return element('p', { className: 'hint', textContent: `Enter applies. Short prompts work best${words}` });
  }
}
