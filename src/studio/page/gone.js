// What is said when the program is gone: plainly, with the way to start it again and a copy of the look to keep.

import { element } from './knob.js';
import { news } from './link.js';

// Tries after which it isn't a hiccup.
const TRIES = 3;

export class Gone {
  // `changed` is told whether it is gone.
  constructor(place, facts, changed) {
    Object.assign(this, { place, facts, changed, text: '' });
    news.addEventListener('state', ({ detail }) => { this.text = detail.text; });
    news.addEventListener('lost', ({ detail }) => {
      changed(true);
      if (detail.times === TRIES) this.say();
    });
    news.addEventListener('open', () => {
      changed(false);
      place.hidden = true;
    });
  }

  say() {
    const { command } = this.facts;
    const start = command ? [' Start it again in a terminal with ', element('code', { textContent: command }), ' and open the new address that it prints.'] : [' Start it again, and open the new address that it prints.'];
    const keep = element('a', { textContent: 'Download the look', download: 'look.toml', href: URL.createObjectURL(new Blob([this.text], { type: 'application/toml' })) });
    this.place.replaceChildren(
      element('p', {}, element('b', { textContent: 'The studio\u2019s program has stopped.' }), ' This page shows what it had, and nothing that you change is kept.'),
      element('p', {}, ...start),
      element('p', {}, 'What wasn\u2019t saved is still here: ', keep, '.'));
    this.place.hidden = false;
  }
}
