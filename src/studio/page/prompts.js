// The prompts: a card for each, with where it holds, what is wrong with its text and where, and what the model knows instead.

import { button, chooser, element } from './knob.js';
import { ask, edit, newGesture, news } from './link.js';
import { fill, said, typed } from './typed.js';
import { WordCards } from './words.js';

const get = (id) => document.getElementById(id);
const EVERYWHERE = 'everywhere';
const BETWEEN = 'between';
const every = (label) => `every section ${label}`;

// `how` it is changed, and with what.
function change(how, more, gesture = null) { return edit({ edit: 'prompt', change: { how, ...more } }, gesture); }

function head(key, text) { return edit({ edit: 'head', key, text }); }

export class Prompts {
  // `now` is where the playhead is.
  constructor(facts, now) {
    Object.assign(this, { facts, now, boxes: [], words: new WordCards(change) });
    this.own = element('textarea', { id: 'prompt-here-own', maxLength: 2000, spellcheck: false });
    this.own.onchange = () => said(this.own, (value) => ask({ do: 'part', change: { how: 'set', index: this.part, key: 'prompt', value }, gesture: null }));
    this.ownName = element('label', { htmlFor: this.own.id });
    this.ownCard = element('section', { className: 'part', hidden: true }, this.ownName, this.own);
    get('scenes').replaceChildren(...facts.scenes.map(({ name, about }) => new Option(about, name)));
    news.addEventListener('refused', (event) => {
      const box = this.boxes.find((b) => b.asked !== null && b.asked === event.detail.ask);
      if (!box) return;
      event.preventDefault();
      this.mark(box, event.detail);
    });
  }

  // What the cards are made anew for.
  shape({ prompts, heard }) {
    return [prompts.list.map((p) => [p.section, p.from === null, p.to === null]), this.words.shape(prompts.words), heard.sections.map((s) => s.label)];
  }

  build(state) {
    const labels = [...new Set(state.heard.sections.map((s) => s.label))];
    this.boxes = state.prompts.list.map((prompt, i) => this.box(prompt, i, state.prompts.list.length, labels));
    this.negative = typed({ id: 'look-negative', label: 'Avoid', wide: true, placeholder: 'nothing', send: (text) => head('negative', text) });
    this.init = typed({ id: 'look-init', label: 'Start from', wide: true, placeholder: 'nothing: noise', list: 'scenes', send: (text) => head('init', text) });
    return [this.ownCard, ...this.boxes.map((box) => box.row), this.adders(state, labels), ...this.words.build(state.prompts.words, labels),
      element('section', { className: 'part' }, element('b', { textContent: 'The whole look' }), this.init.field, this.negative.field), this.hint()];
  }

  set(state) {
    this.state = state;
    const { list, words, negative, init } = state.prompts;
    list.forEach((prompt, i) => {
      const box = this.boxes[i];
      const own = box.area.value === box.kept;
      // What is being typed, or was refused, stays until it is taken.
      if (own || prompt.text === box.area.value.trim()) {
        box.area.value = box.kept = prompt.text;
        this.unmark(box);
      } else box.kept = prompt.text;
      for (const { input, key } of box.fields) fill(input, prompt[key] ?? '');
      this.suggest(box, prompt);
    });
    this.words.set(words);
    fill(this.negative.input, negative ?? '');
    fill(this.init.input, init ?? '');
  }

  // The prompt of the part at the playhead, which plays instead of those of its look.
  here(part, index) {
    this.part = index;
    this.ownCard.hidden = !part?.prompt;
    this.ownName.textContent = `Part ${index + 1} plays a prompt of its own here, instead of those below`;
    fill(this.own, part?.prompt ?? '');
  }

  box(prompt, index, count, labels) {
    const area = element('textarea', { id: `prompt-${index}`, maxLength: 2000, spellcheck: false });
    area.setAttribute('aria-label', `Prompt ${index + 1}`);
    const fault = element('p', { className: 'fault', id: `fault-${index}`, hidden: true });
    fault.setAttribute('role', 'alert');
    const near = element('div', { className: 'near', hidden: true });
    const box = { area, fault, near, index, asked: null, kept: '', refused: null };
    const apply = () => {
      // What was refused is not asked for again by going to the button below it.
      if ([box.kept, box.refused].includes(area.value.trim())) return;
      box.asked = change('set', { index, key: 'text', text: area.value.trim() });
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
    const text = (key, label, placeholder, wide = false) => ({ key, ...typed({ id: `prompt-${index}-${key}`, label, placeholder, wide, send: (value) => change('set', { index, key, text: value }) }) });
    const between = prompt.from !== null || prompt.to !== null;
    const places = between ? [text('from', 'From', 'start'), text('to', 'to', 'end')] : [];
    const [ease, negative] = [text('ease', 'Transition', 'at once'), text('negative', 'Avoid', 'as the whole look', true)];
    box.fields = [...places, ease, negative];
    const remove = button('Remove', () => change('remove', { index }), { id: `prompt-${index}-remove`, hidden: count < 2 });
    remove.setAttribute('aria-label', `Remove prompt ${index + 1}`);
    box.row = element('section', { className: 'part prompt' },
      element('div', { className: 'line' }, this.place(prompt, index, between, labels), ...places.map((p) => p.field)),
      area, fault, near, negative.field,
      element('div', { className: 'line' }, ease.field, remove));
    box.row.setAttribute('aria-label', `Prompt ${index + 1}`);
    return box;
  }

  // Where a prompt holds: later ones win.
  place({ section }, index, between, labels) {
    const all = [...new Set(section === null ? labels : [...labels, section])];
    const list = chooser(`prompt-${index}-where`, `Where prompt ${index + 1} holds`, [EVERYWHERE, BETWEEN, ...all.map(every)], (chosen) => {
      const label = all.find((l) => every(l) === chosen);
      const gesture = newGesture();
      if (label !== undefined) change('set', { index, key: 'section', text: label });
      else if (chosen === BETWEEN) change('set', { index, key: 'from', text: this.bar() });
      else for (const key of between ? ['to', 'from'] : ['section']) change('set', { index, key, text: null }, gesture);
    });
    list.value = section !== null ? every(section) : between ? BETWEEN : EVERYWHERE;
    return list;
  }

  // The bar that the playhead is in, as places are written.
  bar() {
    const bar = this.state.heard.downbeats.findLastIndex((t) => t <= this.now() + 0.01);
    return bar < 0 ? String(Number(this.now().toFixed(3))) : `${bar} bars`;
  }

  // Says what is wrong under the box, and selects the words that are; what is in braces can be defined on the spot.
  mark(box, { message, hints, at, word }) {
    box.asked = null;
    box.refused = box.area.value.trim();
    box.fault.replaceChildren([message, ...hints].join('; '));
    if (word) {
      box.fault.append(' ', button(`Define {${word}}`, () => {
        change('add_words', { name: word });
        box.asked = change('set', { index: box.index, key: 'text', text: box.area.value.trim() });
      }, { id: `define-${box.index}` }));
    }
    box.fault.hidden = false;
    box.area.setAttribute('aria-invalid', 'true');
    if (!at || document.activeElement !== box.area) return;
    box.area.setSelectionRange(at[0], at[1]);
  }

  unmark(box) {
    box.refused = null;
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
        box.asked = change('set', { index: box.index, key: 'text', text: longer });
      });
      made.setAttribute('aria-label', `Add ${phrase}`);
      return made;
    };
    box.near.replaceChildren(element('p', { textContent: `${said} It knows, nearest first:` }), element('div', { className: 'chips' }, ...near.map(add)));
  }

  // A button for every section that has no prompt of its own, and one for a place.
  adders({ prompts }, labels) {
    const free = labels.filter((label) => !prompts.list.some((p) => p.section === label));
    const here = button('+ from the playhead', () => change('add', { section: null, from: this.bar() }), { id: 'prompt-here' });
    return element('div', { className: 'chips' }, ...free.map((section) => button(`+ section ${section}`, () => change('add', { section, from: null }))), here);
  }

  // What a model understands shows best in what is asked of it elsewhere.
  hint() {
    const texts = [...new Set(this.facts.presets.flatMap((p) => p.prompts))].filter((text) => /^[a-z]+ [a-z]+$/.test(text));
    const words = texts.length ? `, like those of the presets: ${texts.slice(0, 12).join(', ')}` : '';
    return element('p', { className: 'hint', textContent: `Enter applies; later prompts win. A word in braces, as in {color} waves, changes with the music. What is avoided counts where guidance is above 1. Short prompts work best${words}` });
  }
}
