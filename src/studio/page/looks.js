// The gallery: the looks of this session and the presets, to search, each with its whole sentence and a moving picture of the track's
// loudest bar.

import { called } from './here.js';
import { element } from './knob.js';
import { ask, edit, news } from './link.js';
import { Strips, show } from './strips.js';

const get = (id) => document.getElementById(id);
const still = matchMedia('(prefers-reduced-motion: reduce)');

export class Looks {
  constructor(facts) {
    this.dialog = get('looks');
    this.prompts = new Map(facts.presets.map(({ name, prompts }) => [name, prompts.join(' ')]));
    this.music = new Map(facts.presets.map(({ name, music }) => [name, music]));
    this.strips = new Strips(80, () => this.say());
    this.rows = facts.presets.map(({ name, about }) => this.row({ name, about, own: false, key: null }));
    this.fill();
    get('look').onclick = () => this.open();
    get('search').oninput = () => this.search();
    this.dialog.onkeydown = (event) => this.move(event);
    get('search').onkeydown = (event) => {
      if (event.key !== 'Enter') return;
      event.preventDefault();
      this.shown()[0]?.choose.click();
    };
    news.addEventListener('gallery', ({ detail }) => this.gather(detail.entries));
    // Pictures that move by themselves can be stopped, and don't begin where somebody wants none.
    get('moving').onclick = () => this.moves(get('moving').getAttribute('aria-pressed') !== 'true');
    still.onchange = () => this.moves(!still.matches);
    this.moves(!still.matches);
  }

  moves(on) { get('moving').setAttribute('aria-pressed', on); }

  row({ name, own, about, key }) {
    const music = own ? null : this.music.get(name);
    const canvas = element('canvas', { width: 192, height: 108 });
    canvas.setAttribute('aria-hidden', 'true');
    const title = element('b', { textContent: called(name) });
    const choose = element('button', { type: 'button', className: 'choice' }, canvas, title, element('span', { textContent: own ? `Yours. ${about}`.trim() : music ? `${about} (${music})` : about }));
    choose.dataset[own ? 'look' : 'preset'] = name;
    choose.onclick = () => {
      // What is called as the base and is no look of a part is the base.
      const look = this.state.parts.looks.includes(name) ? name : null;
      edit(own ? { edit: 'look', name: look } : { edit: 'preset', name });
      this.dialog.close();
    };
    const text = [own ? 'yours' : '', name, about, music, own ? '' : this.prompts.get(name)].join(' ').toLowerCase();
    return { row: element('li', {}, choose), choose, canvas, name, own, key, text };
  }

  // Cards that are there stay, with what they show; own looks come first.
  gather(entries) {
    const focused = document.activeElement?.closest?.('.choice');
    const old = this.rows;
    this.rows = entries.map((entry) => {
      const same = old.find((row) => row.name === entry.name && row.own === entry.own);
      return same ? Object.assign(same, { key: entry.key }) : this.row(entry);
    });
    this.fill();
    this.search();
    if (this.state) this.mark();
    focused?.focus();
    this.say();
  }

  fill() { get('list').replaceChildren(...this.rows.map(({ row }) => row)); }

  take(state) {
    this.state = state;
    get('preset').textContent = called(state.preset);
    this.mark();
    if (this.dialog.open) ask({ do: 'gallery' });
  }

  // The look that is worked on; of a preset that was changed, the changed one.
  mark() {
    const { preset } = this.state;
    const own = this.rows.find((row) => row.own && row.name === preset);
    for (const row of this.rows) {
      if (own ? row === own : row.name === preset) row.choose.setAttribute('aria-current', 'true');
      else row.choose.removeAttribute('aria-current');
    }
  }

  open() {
    if (this.dialog.open) return;
    get('search').value = '';
    this.search();
    this.dialog.showModal();
    ask({ do: 'gallery' });
    const own = this.rows.find(({ choose }) => choose.hasAttribute('aria-current'));
    (own?.choose ?? get('search')).focus();
    requestAnimationFrame((now) => this.draw(now));
  }

  draw(now) {
    if (!this.dialog.open) return;
    requestAnimationFrame((then) => this.draw(then));
    const moving = get('moving').getAttribute('aria-pressed') === 'true';
    for (const { canvas, key, row } of this.rows) {
      const strip = key && !row.hidden && this.strips.get(key);
      if (strip) show(canvas, strip, key, moving ? Math.floor((now / 1000) * strip.fps) % strip.pictures.length : 0);
    }
  }

  // How many pictures are still to come, and which can't.
  say() {
    const missing = this.rows.filter(({ key }) => !this.strips.made.has(key)).length;
    const faults = this.rows.map(({ key }) => this.strips.fault(key)).filter(Boolean);
    const lost = faults.length ? `${faults.length} can't be shown: ${faults[0]}` : '';
    get('coming').textContent = [missing && `${missing} ${missing === 1 ? 'picture' : 'pictures'} to come, while nothing else is rendered`, lost].filter(Boolean).join('; ');
    for (const { choose, key } of this.rows) {
      const fault = this.strips.fault(key);
      choose.title = fault ? `can't be shown: ${fault}` : '';
    }
  }

  search() {
    const words = get('search').value.toLowerCase().split(/\s+/);
    for (const { row, text } of this.rows) row.hidden = !words.every((word) => text.includes(word));
    get('none').textContent = this.shown().length ? '' : 'No match.';
  }

  shown() { return this.rows.filter(({ row }) => !row.hidden); }

  move(event) {
    const { key, target } = event;
    // Letters go to the search.
    if (key.length === 1 && key !== ' ' && !event.ctrlKey && !event.metaKey) get('search').focus();
    const shown = this.shown();
    const top = shown[0]?.row.offsetTop;
    const columns = shown.filter(({ row }) => row.offsetTop === top).length;
    const sideways = target !== get('search') && { ArrowLeft: -1, ArrowRight: 1 }[key];
    const step = sideways || { ArrowUp: -columns, ArrowDown: columns, PageUp: -3 * columns, PageDown: 3 * columns }[key];
    if (!step) return;
    event.preventDefault();
    const now = shown.findIndex(({ choose }) => choose === document.activeElement);
    const next = now < 0 ? 0 : now + step;
    // The last row may be short; from the first one up, and from the last one down, nothing moves.
    const there = Math.abs(step) > columns || next > shown.length - 1 ? Math.min(Math.max(next, 0), shown.length - 1) : next;
    shown[there]?.choose.focus();
  }
}
