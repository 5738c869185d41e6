// The final video: what is ordered and what is to be expected of it, how far it is, and the finished file.

import { element } from './knob.js';
import { ask, news } from './link.js';
import { PLAYED, Queue } from './queue.js';
import { clock, minutes, parsed, roughly } from './time.js';

const get = (id) => document.getElementById(id);
const RATES = ['12', '24', '25', '30', '50', '60'];
const SIZES = { 'HD': '1280x720', 'Full HD': '1920x1080', '4K': '3840x2160', 'Vertical': '1080x1920', 'Square': '1080x1080' };
const OTHER = 'Other';
// Longer than between two letters that are typed.
const SETTLED_MS = 350;
export class Final {
  // `started` is called when the finished video begins to play; `now` is where the playhead is.
  constructor(facts, started, now) {
    Object.assign(this, { facts, now, dialog: get('final'), suggested: '', number: 0, sections: '', shown: '' });
    new Queue((number) => this.play(number));
    this.form(facts);
    get('render').onclick = () => (this.dialog.open ? this.dialog.close() : this.open());
    get('cancel').onclick = () => ask({ do: 'cancel', number: null });
    get('order').onsubmit = (event) => {
      event.preventDefault();
      this.asked = ask({ do: 'render', ...this.film() });
      // The answer says what is to be seen now.
      this.shown = '';
    };
    get('order').oninput = () => {
      // What was said is about another order.
      this.tell([]);
      this.expect();
    };
    get('movie').onplay = started;
    get('movie').onerror = () => { get('movie').hidden = true; };
    get('again').onclick = () => {
      get('order').hidden = false;
      get('again').hidden = true;
      get('film').focus();
      this.expect();
    };
    news.addEventListener('refused', (event) => {
      const { ask: asked, message, hints } = event.detail;
      if (!asked || (asked !== this.asked && asked !== this.expecting)) return;
      event.preventDefault();
      if (asked === this.expecting) this.expected(event.detail);
      // What is said above the button already isn't said below it.
      else if (!get('expected').textContent.includes(message)) this.tell([message, ...hints], true);
    });
    news.addEventListener('final', ({ detail }) => this.take(detail.final));
    news.addEventListener('expected', ({ detail }) => detail.number === this.number && this.expected(detail));
  }

  form(facts) {
    facts.tiers.forEach(({ name, about, size }) => {
      const input = element('input', { type: 'radio', name: 'tier', value: name, id: `tier-${name}` });
      input.onchange = () => this.suggest(size);
      get('tier').append(element('label', {}, input, element('span', {}, element('b', { textContent: name }), ` ${about}`)));
    });
    const usual = facts.tiers.find((t) => t.name === 'develop') ?? facts.tiers[0];
    get(`tier-${usual.name}`).checked = true;
    for (const { name, about } of facts.profiles) get('profile').append(new Option(about, name));
    get('sizes').append(...[...Object.keys(SIZES), OTHER].map((name) => new Option(name)));
    get('sizes').onchange = ({ target }) => {
      if (SIZES[target.value]) get('size').value = SIZES[target.value];
      else get('size').select();
    };
    get('size').oninput = () => this.sized();
    get('part').onchange = () => this.ranged();
    get('from-here').onclick = () => {
      get('from').value = clock(this.now(), 3);
      this.expect();
    };
    this.suggest(usual.size);
  }

  // The rate of the live pictures may change with the look, and sections with what is corrected.
  look({ fps, heard }) {
    const rate = get('rate').value;
    get('rate').replaceChildren(new Option(`as the live pictures: ${Number(fps.toFixed(3))} a second`, ''), ...RATES.map((r) => new Option(`${r} a second`, r)));
    get('rate').value = RATES.includes(rate) ? rate : '';
    const sections = JSON.stringify(heard.sections);
    if (sections === this.sections) return;
    this.sections = sections;
    const part = get('part').value;
    const named = heard.sections.map(({ label, start, end }, i) => new Option(`Section ${label}, ${clock(start)} to ${clock(end)}`, i + 1));
    get('part').replaceChildren(new Option(`The whole track, ${clock(this.facts.duration)}`, ''), ...named, new Option('From \u2026 to \u2026', 'range'));
    get('part').value = [...get('part').options].some((o) => o.value === part) ? part : '';
    this.ranged();
  }

  ranged() {
    get('range').hidden = get('part').value !== 'range';
  }

  // The usual size of the tier that is chosen.
  suggest(size) {
    get('size').value = size;
    this.sized();
    this.name();
  }

  // What the size that is typed is called.
  sized() {
    const size = get('size').value.trim();
    get('sizes').value = Object.keys(SIZES).find((name) => SIZES[name] === size) ?? OTHER;
  }

  tier() { return document.querySelector('[name=tier]:checked').value; }

  // A name that tells look and tier, unless somebody wrote another one: a draft must not lie where a final does.
  name() {
    const [film, look] = [get('film'), get('name').value];
    if (film.value && film.value !== this.suggested) return;
    film.value = this.suggested = `${look || get('preset').textContent.replace(/[^a-z0-9_-]/g, '')}-${this.tier()}`.slice(-40);
  }

  film() {
    const part = get('part').value;
    const range = part === 'range';
    const time = (id) => (range && get(id).value.trim() ? get(id).value.trim() : null);
    return {
      name: get('film').value, tier: this.tier(), size: get('size').value, fps: get('rate').value || null, profile: get('profile').value,
      section: range ? null : Number(part) || null, start: time('from'), end: time('to'), replace: get('replace').checked,
    };
  }

  // The section to render, from 1, is where the loop is; none: the whole track.
  open(section = get('part').dataset.loop ?? '') {
    get('part').value = section;
    this.ranged();
    this.name();
    this.dialog.show();
    [get('film'), get('cancel'), get('again')].find((e) => e.offsetParent)?.focus();
    this.expect();
  }

  // Asks what is to be expected, once nobody types any more.
  expect() {
    clearTimeout(this.settling);
    if (!this.dialog.open || get('order').hidden) return;
    for (const id of ['from', 'to']) {
      const wrong = get('part').value === 'range' && get(id).value.trim() && Number.isNaN(parsed(get(id).value));
      get(id).setAttribute('aria-invalid', Boolean(wrong));
    }
    get('expected').replaceChildren(element('p', { className: 'soft', textContent: 'Working out how long it takes\u2026' }));
    this.settling = setTimeout(() => {
      this.number = Math.floor(Math.random() * 2 ** 40);
      this.expecting = ask({ do: 'expect', number: this.number, film: this.film() });
    }, SETTLED_MS);
  }

  expected({ film, message, hints }) {
    const line = (text, className) => element('p', { textContent: text, className });
    if (!film) {
      get('expected').replaceChildren(line([message, ...hints].join('; '), 'fault'));
      return;
    }
    const { took, length, frames, fps, size, notes } = film;
    get('expected').replaceChildren(
      line(`About ${roughly(took)}, by what was measured on this machine; longer while it does other work`, 'lead'),
      line(`for ${clock(length)} of video: ${frames} frames of ${size}, ${fps} a second`, 'soft'),
      ...notes.map((note) => line(note, 'warning')));
  }

  take(final) {
    const running = final.stand === 'running' || final.stand === 'waiting';
    get('run').hidden = !running;
    // What is made, or was made last, takes the form's place until another one is wanted.
    const shown = `${final.stand} ${final.number}`;
    // What was asked to be shown meanwhile stays until something else begins or ends.
    if (shown !== this.shown) {
      get('again').hidden = final.stand !== 'done' && !running;
      get('order').hidden = running || final.stand === 'done';
      if (final.stand === 'done' && PLAYED.test(final.path)) this.play(final.number);
      else this.hide();
    }
    this.shown = shown;
    this.dialog.dataset.stand = final.stand;
    if (running) this.progress(final);
    else get('render').textContent = 'Render\u2026';
    this.tell({
      idle: () => [],
      waiting: () => [],
      running: () => final.notes,
      done: () => [`${final.path}, in ${minutes(final.took)}`, ...final.notes],
      paused: () => [],
      cancelled: () => ['cancelled; finished windows are kept, and the same order resumes from there'],
      failed: () => [final.message, ...final.hints],
    }[final.stand](), final.stand === 'failed');
  }

  play(number) {
    get('movie').hidden = false;
    if (get('movie').getAttribute('src') !== `final/${number}`) get('movie').src = `final/${number}`;
  }

  hide() {
    get('movie').hidden = true;
    get('movie').removeAttribute('src');
  }

  tell(lines, bad) {
    get('outcome').classList.toggle('fault', bad);
    get('outcome').replaceChildren(...lines.map((line) => element('span', { textContent: line })));
  }

  progress({ stage = 'waiting', done, total, left = null }) {
    const percent = total ? Math.floor((100 * done) / total) : null;
    const bar = get('progress');
    if (total) bar.value = done / total;
    else bar.removeAttribute('value');
    get('stage').textContent = [stage, percent !== null && `${percent} %`, left !== null && `${minutes(left)} left`].filter(Boolean).join('  \u00b7  ');
    get('render').textContent = percent === null ? 'Rendering\u2026' : `${percent} % done`;
  }
}
