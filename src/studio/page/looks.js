// The presets: a list to search, each with its whole sentence.

import { element } from './knob.js';
import { edit } from './link.js';

const get = (id) => document.getElementById(id);

export class Looks {
  constructor(facts) {
    this.dialog = get('looks');
    this.rows = facts.presets.map(({ name, about, prompts }) => {
      const choose = element('button', { type: 'button', className: 'choice' }, element('b', { textContent: name }), element('span', { textContent: about }));
      choose.dataset.preset = name;
      choose.onclick = () => {
        edit({ edit: 'preset', name });
        this.dialog.close();
      };
      return { row: element('li', {}, choose), choose, name, text: [name, about, ...prompts].join(' ').toLowerCase() };
    });
    get('list').replaceChildren(...this.rows.map(({ row }) => row));
    get('look').onclick = () => this.open();
    get('search').oninput = () => this.search();
    this.dialog.onkeydown = (event) => this.move(event);
    get('search').onkeydown = (event) => {
      if (event.key !== 'Enter') return;
      event.preventDefault();
      this.shown()[0]?.choose.click();
    };
  }

  take({ preset }) {
    get('preset').textContent = preset.split('/').at(-1);
    for (const { choose, name } of this.rows) {
      if (name === preset) choose.setAttribute('aria-current', 'true');
      else choose.removeAttribute('aria-current');
    }
  }

  open() {
    if (this.dialog.open) return;
    get('search').value = '';
    this.search();
    this.dialog.showModal();
    const own = this.rows.find(({ choose }) => choose.hasAttribute('aria-current'));
    (own?.choose ?? get('search')).focus();
  }

  search() {
    const words = get('search').value.toLowerCase().split(/\s+/);
    for (const { row, text } of this.rows) row.hidden = !words.every((word) => text.includes(word));
    get('none').textContent = this.shown().length ? '' : 'No preset says so.';
  }

  shown() { return this.rows.filter(({ row }) => !row.hidden); }

  move(event) {
    // Letters go to the search.
    if (event.key.length === 1 && event.key !== ' ' && !event.ctrlKey && !event.metaKey) get('search').focus();
    const step = { ArrowUp: -1, ArrowDown: 1, PageUp: -5, PageDown: 5 }[event.key];
    if (!step) return;
    event.preventDefault();
    const shown = this.shown();
    const now = shown.findIndex(({ choose }) => choose === document.activeElement);
    const next = now < 0 ? 0 : Math.min(Math.max(now + step, 0), shown.length - 1);
    shown[next]?.choose.focus();
  }
}
