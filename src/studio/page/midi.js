// Playing knobs: a MIDI controller, one that sends OSC, or the digits of the keyboard, learned and kept in this browser. What is played is
// edits like any other.

import { button, chooser, element, number } from './knob.js';
import { edit, newGesture } from './link.js';

const get = (id) => document.getElementById(id);
const STORED = 'beatbolt-midi';
const MOST = 64;
// However fast a controller sends, so often a value is passed on; the newest wins.
const SEND_MS = 33;
// A movement that rests so long is a step of its own to undo.
const REST_MS = 800;
const KINDS = ['knob', 'toggle', 'momentary'];

export class Midi {
  // `ports` are those of OSC; none where nothing is heard or told.
  constructor(ports) {
    Object.assign(this, { rows: read(), learning: false, base: [], pending: new Map() });
    this.param = element('select', { id: 'midi-param' });
    this.param.setAttribute('aria-label', 'Parameter to be played');
    this.learn = button('Learn', () => this.listen(!this.learning), { id: 'midi-learn', title: `Then move a knob or press a pad of a MIDI controller, send OSC${ports.hear ? '' : ' (start with --osc-in 9000)'}, or press a digit from 1 to 9` });
    this.learn.setAttribute('aria-pressed', 'false');
    this.told = element('span', { className: 'hint' });
    this.told.setAttribute('role', 'status');
    this.list = element('div', {});
    get('midi').replaceChildren(element('div', { className: 'line' }, element('label', { htmlFor: 'midi-param', className: 'name', textContent: 'Play' }), this.param, this.learn, this.told), this.list);
    document.addEventListener('keydown', (event) => this.digit(event, true));
    document.addEventListener('keyup', (event) => this.digit(event, false));
    if (ports.hear) this.told.textContent = `OSC is heard on port ${ports.hear}`;
    if (this.rows.some(({ key }) => key.includes('channel'))) this.enable();
  }

  async enable() {
    if (this.access) return;
    try {
      this.access = await navigator.requestMIDIAccess();
    } catch {
      this.told.textContent = 'no MIDI here; digits can be learned';
      return;
    }
    const hear = () => this.access.inputs.forEach((input) => { input.onmidimessage = ({ data }) => this.message(data); });
    this.access.onstatechange = hear;
    hear();
  }

  listen(on) {
    this.learning = on;
    this.learn.setAttribute('aria-pressed', on);
    this.told.textContent = on ? 'move a control\u2026' : '';
    if (on) this.enable();
  }

  // A controller, a pad pressed or let go; all else is passed over.
  message([status, which, value]) {
    const [kind, channel] = [status >> 4, (status & 15) + 1];
    if (kind === 11) this.came(`control ${which}, channel ${channel}`, value / 127, 'knob');
    else if (kind === 9 || kind === 8) this.came(`note ${which}, channel ${channel}`, kind === 9 ? value / 127 : 0, 'momentary');
  }

  // An address of a program or a controller, whose values go from 0 to 1.
  osc(address, value) { this.came(`osc ${address}`, Math.min(Math.max(value, 0), 1), 'knob'); }

  digit(event, down) {
    if (!/^[1-9]$/.test(event.key) || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches?.('textarea, select, input:not([type=range])') || document.querySelector('dialog:modal')) return;
    this.came(`key ${event.key}`, down ? 1 : 0, 'momentary');
  }

  came(key, share, kind) {
    if (this.learning) {
      if (share === 0 && kind !== 'knob') return;
      const { min, max, name } = this.base.find((b) => b.name === this.param.value);
      this.rows = [...this.rows.filter((row) => row.key !== key), { key, param: name, kind, min, max }].slice(-MOST);
      this.listen(false);
      this.keep();
      return;
    }
    for (const row of this.rows) if (row.key === key) this.play(row, share);
  }

  play(row, share) {
    if (row.kind === 'toggle') {
      if (share === 0) return;
      row.on = !row.on;
    }
    const held = row.kind === 'toggle' ? Number(row.on) : row.kind === 'momentary' ? Number(share > 0) : share;
    this.pending.set(row, row.min + (row.max - row.min) * held);
    // What comes after a pause is passed on at once.
    if (!this.sent) this.flush();
  }

  flush() {
    const now = performance.now();
    this.sent = this.pending.size ? setTimeout(() => this.flush(), SEND_MS) : null;
    for (const [row, value] of this.pending) {
      if (now - (row.last ?? -REST_MS) > REST_MS) row.gesture = newGesture();
      row.last = now;
      edit({ edit: 'base', param: row.param, value }, row.gesture);
    }
    this.pending.clear();
  }

  keep() {
    localStorage.setItem(STORED, JSON.stringify(this.rows.map(({ key, param, kind, min, max }) => ({ key, param, kind, min, max }))));
    this.show();
  }

  show() {
    this.list.replaceChildren(...this.rows.map((row, i) => {
      const kind = chooser(`midi-${i}-kind`, `How ${row.key} plays`, KINDS, (name) => {
        row.kind = name;
        this.keep();
      });
      kind.value = row.kind;
      const limit = (key) => {
        const input = element('input', { type: 'text', id: `midi-${i}-${key}`, className: 'value', value: row[key], autocomplete: 'off' });
        input.setAttribute('aria-label', `${key} of ${row.key}`);
        input.onchange = () => {
          const typed = number(input.value);
          input.toggleAttribute('aria-invalid', Number.isNaN(typed));
          if (Number.isNaN(typed)) return;
          row[key] = typed;
          this.keep();
        };
        return input;
      };
      const remove = button('\u00d7', () => {
        this.rows = this.rows.filter((r) => r !== row);
        this.keep();
        this.learn.focus();
      }, { className: 'back' });
      remove.setAttribute('aria-label', `Forget ${row.key}`);
      return element('div', { className: 'line played' }, element('span', { className: 'name', textContent: `${row.param}: ${row.key}` }), kind, limit('min'), limit('max'), remove);
    }));
  }

  take({ base }) {
    const first = !this.base.length;
    this.base = base;
    if (!first) return;
    this.param.replaceChildren(...base.map(({ name }) => new Option(name, name)));
    this.show();
  }
}

// What was learned before; whatever else lies there is passed over.
function read() {
  try {
    const rows = JSON.parse(localStorage.getItem(STORED) ?? '[]');
    const fine = (row) => [row.key, row.param].every((text) => typeof text === 'string') && KINDS.includes(row.kind) && [row.min, row.max].every(Number.isFinite);
    return rows.filter(fine).slice(-MOST);
  } catch {
    return [];
  }
}
