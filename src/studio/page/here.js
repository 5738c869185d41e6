// Which look is played at the playhead, whether a model paints there, and the way to work on it.

import { button, element } from './knob.js';
import { ask, edit } from './link.js';

const get = (id) => document.getElementById(id);
// How much the model paints over what is drawn, for a beginning.
const PAINTED = 0.35;

// A look as it is called: tide-2 for film/tide-2.toml.
export const called = (name) => name.replace(/\.toml$/, '').split('/').at(-1);

// The part whose look plays in a piece of the timeline; null: none, it is the look that holds where no part says otherwise.
const sourceOf = (parts, piece) => piece?.pile.find((index) => parts.list[index].preset) ?? null;

// Whether what plays there is the look that is worked on.
export function isWorkedOn(parts, piece) {
  const source = sourceOf(parts, piece);
  return source === null ? parts.focus === null : parts.list[source].own && parts.focus === (piece.preset ?? parts.base);
}

export class Here {
  // `told` hears which parts play, the last one most.
  constructor(told) {
    this.told = told;
    this.edited = element('b', {});
    this.said = element('span', {});
    this.work = button('Edit that', () => this.act(), { id: 'edit-here' });
    this.paint = button('Let the model paint', () => this.over(), { id: 'paint-here', title: `denoise ${PAINTED}: the model paints over what is drawn, by the prompts` });
    get('here').replaceChildren(element('p', {}, this.edited, this.said), this.work, this.paint);
    this.shown = '';
  }

  take(state) {
    this.state = state;
    this.shown = '';
    this.frame = null;
  }

  draw(t, frame) {
    if (frame === this.frame) return;
    this.frame = frame;
    const { parts, sources, unpainted } = this.state;
    const piece = parts.pieces.findLast((p) => p.start <= t + 1e-6) ?? parts.pieces[0];
    const pile = piece?.pile ?? [];
    const [top, look] = [pile.at(-1) ?? null, piece?.preset ?? parts.base];
    const source = sourceOf(parts, piece);
    const own = source === null || parts.list[source].own;
    const working = isWorkedOn(parts, piece);
    const plain = unpainted.some(([from, to]) => from <= frame && frame < to);
    const drawn = plain ? sources.findLast(([start]) => start <= frame)?.[1] : null;
    const edited = called(parts.focus ?? parts.base);
    const shown = JSON.stringify([look, pile, working, edited, drawn, pile.map((index) => parts.list[index])]);
    if (shown === this.shown) return;
    this.shown = shown;
    Object.assign(this, { part: top, source, own });
    this.told(pile);
    this.edited.textContent = `Editing ${edited}`;
    const part = top === null ? '' : `part ${top + 1}`;
    const place = working ? [part && `, which plays in ${part}`] : [`. At the playhead: ${called(look)}${part && `, ${part}`}`];
    this.said.textContent = `${place.join('')}${drawn ? ' (drawn, without prompts)' : ''}`;
    get('here').classList.toggle('away', !working);
    this.said.title = drawn ? `${drawn} is shown as it is: denoise is 0` : '';
    this.work.hidden = working;
    this.work.title = own ? 'Work on this look' : `Make a copy of ${look} that is part ${source + 1}'s own, and work on it`;
    this.paint.hidden = !drawn || !(working || top !== null);
  }

  // In the part, where it is one: its source and its denoise belong together.
  over() {
    if (this.part === null) edit({ edit: 'base', param: 'denoise', value: PAINTED });
    else ask({ do: 'part', change: { how: 'hold', index: this.part, param: 'denoise', value: PAINTED }, gesture: null });
  }

  act() {
    const how = { how: this.own ? 'focus' : 'own', index: this.source };
    ask({ do: 'part', change: how, gesture: null });
  }
}
