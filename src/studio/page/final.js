// The final video: what is ordered, how far it is, and the finished file.

import { ask, news } from './link.js';

const get = (id) => document.getElementById(id);

function minutes(seconds) {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function clock(t) {
  return `${Math.floor(t / 60)}:${String(Math.floor(t % 60)).padStart(2, '0')}`;
}

export class Final {
  // `started` is called when the finished video begins to play.
  constructor(facts, started) {
    this.facts = facts;
    this.dialog = get('final');
    get('part').append(new Option(`The whole track, ${clock(facts.duration)}`, ''));
    facts.sections.forEach(({ label, start, end }, i) => {
      get('part').append(new Option(`Section ${label}, ${clock(start)} to ${clock(end)}`, i + 1));
    });
    for (const { name } of facts.tiers) get('tier').append(new Option(name, name));
    get('tier').value = facts.tiers.find((t) => t.name === 'develop')?.name ?? facts.tiers[0].name;
    get('tier').onchange = () => this.suggest();
    this.suggested = '';
    this.suggest();
    get('render').onclick = () => (this.dialog.open ? this.dialog.close() : this.open());
    get('close').onclick = () => this.dialog.close();
    get('cancel').onclick = () => ask({ do: 'cancel' });
    get('order').onsubmit = (event) => {
      event.preventDefault();
      ask({ do: 'render', name: get('film').value, tier: get('tier').value, size: get('size').value, section: Number(get('part').value) || null });
    };
    get('movie').onplay = started;
    get('again').onclick = () => {
      get('order').hidden = false;
      get('again').hidden = true;
      get('film').focus();
    };
    news.addEventListener('refused', ({ detail }) => this.dialog.open && this.tell([detail.message, ...detail.hints], true));
    news.addEventListener('final', ({ detail }) => this.take(detail.final));
  }

  // The usual size of the tier that is chosen, and what the tier means.
  suggest() {
    const { about, size } = this.facts.tiers.find((t) => t.name === get('tier').value);
    get('size').value = size;
    get('about').textContent = about;
    this.name();
  }

  // A name that tells look and tier, unless somebody wrote another one: a draft must not lie where a final does.
  name() {
    const [film, look] = [get('film'), get('name').value];
    if (film.value && film.value !== this.suggested) return;
    film.value = this.suggested = look && `${look}-${get('tier').value}`.slice(-40);
  }

  // The section to render, from 1, is where the loop is; none: the whole track.
  open(section = get('part').dataset.loop ?? '') {
    get('part').value = section;
    this.name();
    this.dialog.show();
    [get('film'), get('cancel'), get('again')].find((e) => e.offsetParent)?.focus();
  }

  take(final) {
    const running = final.stand === 'running';
    get('run').hidden = !running;
    // The finished video takes the form's place until another one is wanted.
    get('again').hidden = final.stand !== 'done';
    get('order').hidden = running || final.stand === 'done';
    get('movie').hidden = final.stand !== 'done';
    this.dialog.dataset.stand = final.stand;
    if (running) this.progress(final);
    else get('render').textContent = 'Render\u2026';
    this.tell({
      idle: () => [],
      running: () => final.notes,
      done: () => [`${final.path}, in ${minutes(final.took)}`, ...final.notes],
      cancelled: () => ['cancelled; finished windows are kept, and the same order goes on from there'],
      failed: () => [final.message, ...final.hints],
    }[final.stand](), final.stand === 'failed');
    if (final.stand !== 'done') get('movie').removeAttribute('src');
    else if (get('movie').getAttribute('src') !== `final/${final.number}`) get('movie').src = `final/${final.number}`;
  }

  tell(lines, bad) {
    get('outcome').classList.toggle('bad', bad);
    get('outcome').textContent = lines.join('; ');
  }

  progress({ stage, done, total, left }) {
    const percent = total ? Math.floor((100 * done) / total) : null;
    const bar = get('progress');
    if (total) bar.value = done / total;
    else bar.removeAttribute('value');
    get('stage').textContent = [stage, percent !== null && `${percent} %`, left !== null && `${minutes(left)} left`].filter(Boolean).join('  \u00b7  ');
    get('render').textContent = percent === null ? `Rendering\u2026` : `Rendering ${percent} %`;
  }
}
