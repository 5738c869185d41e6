// The list of finals: what waits, what is made, what is finished, and what can be done with each.

import { element } from './knob.js';
import { ask, news } from './link.js';
import { minutes } from './time.js';

const get = (id) => document.getElementById(id);
// What browsers play.
export const PLAYED = /\.(mp4|webm)$/;

function said({ stand, stage, done, total, left, took, message }) {
  const percent = total ? `${Math.floor((100 * done) / total)} %` : '';
  return {
    waiting: () => 'waiting',
    running: () => [stage, percent, left != null && `${minutes(left)} left`].filter(Boolean).join(', '),
    paused: () => 'paused; finished windows are kept',
    done: () => `done in ${minutes(took)}`,
    cancelled: () => 'cancelled; finished windows are kept',
    failed: () => message,
  }[stand]();
}

export class Queue {
  // `show` is called with the number of a finished video that is to be played.
  constructor(show) {
    Object.assign(this, { show, rows: new Map() });
    news.addEventListener('final', ({ detail }) => this.take(detail.finals));
  }

  take(finals) {
    const numbers = new Set(finals.map(({ number }) => number));
    for (const [number, { row }] of this.rows) {
      if (numbers.has(number)) continue;
      row.remove();
      this.rows.delete(number);
    }
    for (const final of finals) this.update(final);
    get('finals').hidden = finals.length === 0;
  }

  update({ number, name, about, status }) {
    if (!this.rows.has(number)) this.add(number, name, about);
    const { row, text, buttons } = this.rows.get(number);
    text.textContent = said(status);
    text.classList.toggle('fault', status.stand === 'failed');
    if (row.dataset.stand === status.stand) return;
    row.dataset.stand = status.stand;
    const shown = {
      waiting: ['pause', 'forget'], running: ['pause', 'cancel'], paused: ['resume', 'forget'],
      done: PLAYED.test(status.path ?? '') ? ['show', 'forget'] : ['forget'], cancelled: ['resume', 'forget'], failed: ['resume', 'forget'],
    }[status.stand];
    const focused = row.contains(document.activeElement);
    for (const [what, button] of Object.entries(buttons)) button.hidden = !shown.includes(what);
    if (focused && !row.contains(document.activeElement)) buttons[shown[0]].focus();
  }

  add(number, name, about) {
    const text = element('span', { className: 'soft' });
    const labels = { show: 'Show', pause: 'Pause', resume: 'Resume', cancel: 'Cancel', forget: 'Remove' };
    const button = ([what, textContent]) => {
      const made = element('button', { type: 'button', textContent, hidden: true });
      made.setAttribute('aria-label', `${textContent} ${name}`);
      made.onclick = () => (what === 'show' ? this.show(number) : ask({ do: what, number }));
      return [what, made];
    };
    const buttons = Object.fromEntries(Object.entries(labels).map(button));
    const row = element('li', {}, element('div', {}, element('b', { textContent: name }), ` ${about}`, text), ...Object.values(buttons));
    this.rows.set(number, { row, text, buttons });
    get('list-of-finals').append(row);
  }
}
