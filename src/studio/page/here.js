// Which look is played at the playhead, whether a model paints there, and the way to work on it.

import { button, element } from './knob.js';
import { ask, edit } from './link.js';

const get = (id) => document.getElementById(id);
// How much the model paints over what is drawn, for a beginning.
const PAINTED = 0.35;

// A look as it is called: tide-2 for film/tide-2.toml.
export const called = (name) => name.replace(/\.toml$/, '').split('/').at(-1);

export class Here {
  // `told` hears which part plays, if one does.
  constructor(told) {
    this.told = told;
    this.said = element('span', {});
    this.work = button('Edit it', () => this.act(), { id: 'edit-here' });
    this.paint = button('Let the model paint', () => this.over(), { id: 'paint-here', title: `denoise ${PAINTED}: the model paints over what is drawn, by the prompts` });
    get('here').replaceChildren(this.said, this.work, this.paint);
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
    const { parts, preset, sources, unpainted } = this.state;
    const piece = parts.pieces.findLast((p) => p.start <= t + 1e-6) ?? parts.pieces[0];
    const part = piece && piece.part !== null ? parts.list[piece.part] : null;
    const look = piece?.preset ?? parts.base;
    const own = look === preset;
    const plain = unpainted.some(([from, to]) => from <= frame && frame < to);
    const source = plain ? sources.findLast(([start]) => start <= frame)?.[1] : null;
    const shown = JSON.stringify([look, piece?.part, own, source, part?.prompt]);
    if (shown === this.shown) return;
    this.shown = shown;
    this.part = part ? piece.part : null;
    this.told(part, this.part);
    this.look = look;
    this.own = part?.own || (!part?.preset && look === parts.base);
    const drawn = source ? '. Drawn: prompts change nothing.' : '';
    this.said.textContent = `At the playhead: ${called(look)}${part ? `, part ${piece.part + 1}` : ''}${drawn}`;
    this.said.title = source ? `${source} is shown as it is: denoise is 0` : '';
    this.work.hidden = own;
    this.work.title = this.own ? 'Work on this look' : `Make a copy of ${look} that is this part's own, and work on it`;
    this.paint.hidden = !source || !(own || part);
  }

  // In the part, where it is one: its source and its denoise belong together.
  over() {
    if (this.part === null) edit({ edit: 'base', param: 'denoise', value: PAINTED });
    else ask({ do: 'part', change: { how: 'hold', index: this.part, param: 'denoise', value: PAINTED }, gesture: null });
  }

  act() {
    const base = this.part === null || this.look === this.state.parts.base;
    const how = base ? { how: 'focus', index: null } : this.own ? { how: 'focus', index: this.part } : { how: 'own', index: this.part, like: this.look };
    ask({ do: 'part', change: how, gesture: null });
  }
}
