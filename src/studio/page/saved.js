// What a saved file is good for: the commands that go on with it, and the project that a track had before.

import { button, element } from './knob.js';
import { news } from './link.js';

// A path as a shell takes it.
const quoted = (path) => (/^[\w./-]+$/.test(path) ? path : `'${path.replaceAll('\'', '\'\\\'\'')}'`);

export class Saved {
  constructor(place, facts) {
    Object.assign(this, { place, version: 1 });
    news.addEventListener('saved', ({ detail: { path, note, project } }) => this.say(`Saved as ${path}.`, note && `${note[0].toUpperCase()}${note.slice(1)}.`,
      project ? [['Go on later', `beatbolt studio ${quoted(path)}`], ['Render', `beatbolt render ${quoted(path)}`]] : [['Render a track', `beatbolt render TRACK --preset ${quoted(path)}`]]));
    // What is said is about an older look once that changes.
    news.addEventListener('state', ({ detail }) => {
      if (detail.version !== this.version) place.hidden = true;
      this.version = detail.version;
    });
    if (facts.project) this.say(`This track has a project: ${facts.project}.`, 'Here is the track alone.', [['Open the project', `beatbolt studio ${quoted(facts.project)}`]]);
  }

  say(first, more, commands) {
    const close = button('\u00d7', () => { this.place.hidden = true; }, { className: 'close', title: 'Close' });
    close.setAttribute('aria-label', 'Close');
    const rows = commands.map(([name, command]) => element('p', {}, element('span', { className: 'soft', textContent: name }), ' ', element('code', { textContent: command, tabIndex: 0 })));
    this.place.replaceChildren(element('p', {}, element('b', { textContent: first }), more ? ` ${more}` : ''), ...rows, close);
    this.place.hidden = false;
  }
}
