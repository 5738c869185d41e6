// The curves that are drawn by hand: a canvas to draw on, and every point as text.

import { button, chooser, element, number } from './knob.js';
import { ask, news } from './link.js';

const get = (id) => document.getElementById(id);
const EASES = ['linear', 'smooth', 'square', 'cube', 'root', 'step'];
const SEND_MS = 50;
const NEAR = 9;
const PAD = 12;
let gesture = Math.floor(Math.random() * 2 ** 40);

export class Curves {
  // `now` is where the playhead is, `line` is the timeline, which knows the colours.
  constructor(facts, now, line) {
    Object.assign(this, { duration: facts.duration, now, line, shape: '', cards: [], asked: new Set() });
    this.fault = element('p', { className: 'fault', hidden: true });
    this.fault.setAttribute('role', 'alert');
    this.list = element('div', {});
    this.param = element('select', { id: 'curve-param' });
    this.param.setAttribute('aria-label', 'Parameter of a new curve');
    const add = button('Draw a curve', () => this.send({ how: 'add', param: this.param.value }), { id: 'add-curve', title: 'A curve from 0 to 1 over the track, and a route from it' });
    get('curves').replaceChildren(element('div', { className: 'wire adder' }, this.param, add), this.fault, this.list,
      element('p', { className: 'hint', textContent: 'Click to set a point, drag it, and drag it out to remove it: points snap to bars, with Shift to beats, with Alt to nothing. A curve is a signal: routes and expressions name it.' }));
    news.addEventListener('refused', (event) => {
      if (!this.asked.has(event.detail.ask)) return;
      event.preventDefault();
      this.fault.textContent = [event.detail.message, ...event.detail.hints].join('; ');
      this.fault.hidden = false;
    });
    new ResizeObserver(() => this.cards.forEach((card) => card.draw())).observe(get('curves'));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.cards.forEach((card) => card.draw()));
  }

  send(change, own = null) { this.asked.add(ask({ do: 'curve', change, gesture: own })); }

  take(state) {
    const { drawn, base, heard } = state;
    this.heard = heard;
    this.asked.clear();
    this.fault.hidden = true;
    const names = base.map((b) => b.name);
    if (this.param.length !== names.length) this.param.replaceChildren(...names.map((name) => new Option(name, name)));
    const shape = JSON.stringify(drawn.map((c) => [c.points.length, c.frames]));
    if (shape !== this.shape) {
      const focused = document.activeElement?.id;
      this.cards = drawn.map((curve, i) => new Card(this, curve, i));
      this.list.replaceChildren(...this.cards.map((card) => card.row));
      if (focused) get(focused)?.focus();
    }
    this.shape = shape;
    drawn.forEach((curve, i) => this.cards[i].set(curve));
  }
}

class Card {
  constructor(curves, curve, index) {
    Object.assign(this, { curves, index, held: null, sent: 0 });
    this.name = element('input', { type: 'text', id: `curve-${index}-name`, maxLength: 40, autocomplete: 'off', spellcheck: false });
    this.name.setAttribute('aria-label', `Name of curve ${index + 1}`);
    this.name.onchange = () => curves.send({ how: 'name', index, name: this.name.value });
    this.ease = chooser(`curve-${index}-ease`, `Way between the points of curve ${index + 1}`, EASES, (ease) => curves.send({ how: 'ease', index, ease: ease === 'linear' ? null : ease }));
    const remove = button('Remove', () => curves.send({ how: 'remove', index }), { id: `curve-${index}-remove` });
    remove.setAttribute('aria-label', `Remove curve ${index + 1}`);
    this.canvas = element('canvas', { className: 'drawing' });
    this.canvas.setAttribute('aria-hidden', 'true');
    const here = button('Point here', () => curves.send({ how: 'add_point', index, at: curves.now(), value: this.value(curves.now()), grid: 'beats' }), { id: `curve-${index}-here`, title: 'A point at the playhead, on the curve' });
    this.points = curve.frames ? [] : curve.points.map((_, point) => this.point(point));
    const rows = element('div', { className: 'points' }, ...this.points.map((p) => p.row));
    this.row = element('section', { className: 'part' }, element('div', { className: 'line' }, this.name, this.ease, remove), this.canvas, here, rows);
    this.row.setAttribute('aria-label', `Curve ${index + 1}`);
    if (curve.frames) this.row.append(element('p', { className: 'hint', textContent: 'Its places are frames of another program: it isn\u2019t drawn here.' }));
    else this.listen();
  }

  point(point) {
    const { curves, index } = this;
    const field = (key, label) => {
      const input = element('input', { type: 'text', id: `curve-${index}-${point}-${key}`, className: 'value wide', autocomplete: 'off', spellcheck: false });
      input.setAttribute('aria-label', `${label} of point ${point + 1} of curve ${index + 1}`);
      return input;
    };
    const [place, value] = [field('place', 'Place'), field('value', 'Value')];
    place.onchange = () => curves.send({ how: 'place', index, point, place: place.value });
    value.onchange = () => {
      const typed = number(value.value);
      value.toggleAttribute('aria-invalid', Number.isNaN(typed));
      if (!Number.isNaN(typed)) curves.send({ how: 'point', index, point, at: null, value: typed });
    };
    const remove = button('\u00d7', () => curves.send({ how: 'remove_point', index, point }), { id: `curve-${index}-${point}-remove`, className: 'back' });
    remove.setAttribute('aria-label', `Remove point ${point + 1} of curve ${index + 1}`);
    return { place, value, row: element('div', { className: 'line' }, place, value, remove) };
  }

  set(curve) {
    this.curve = curve;
    const fill = (field, text) => {
      if (document.activeElement !== field || field.value === field.dataset.kept) field.value = text;
      field.dataset.kept = text;
      field.removeAttribute('aria-invalid');
    };
    fill(this.name, curve.name);
    this.ease.value = curve.ease || 'linear';
    this.points.forEach(({ place, value }, i) => {
      fill(place, curve.points[i].place);
      fill(value, String(curve.points[i].value));
    });
    this.draw();
  }

  // The server's own line: its formula is nowhere else.
  value(t) { return this.curve.line[Math.round((t / this.curves.duration) * (this.curve.line.length - 1))] ?? 0; }

  range() {
    const all = [...this.curve.line, ...this.curve.points.map((p) => p.value)];
    return this.held?.range ?? [Math.min(0, ...all), Math.max(1, ...all)];
  }

  x(t) { return PAD + (t / this.curves.duration) * (this.canvas.clientWidth - 2 * PAD); }

  y(v) {
    const [low, high] = this.range();
    return PAD + (1 - (v - low) / (high - low)) * (this.canvas.clientHeight - 2 * PAD);
  }

  at({ offsetX, offsetY }) {
    const [low, high] = this.range();
    const share = (at, size) => Math.min(Math.max((at - PAD) / (size - 2 * PAD), 0), 1);
    return { at: share(offsetX, this.canvas.clientWidth) * this.curves.duration, value: low + (1 - share(offsetY, this.canvas.clientHeight)) * (high - low) };
  }

  draw() {
    const { canvas, curve, curves: { line, heard } } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width || !curve) return;
    [canvas.width, canvas.height] = [width * devicePixelRatio, height * devicePixelRatio];
    const style = getComputedStyle(canvas);
    const color = (name) => style.getPropertyValue(`--${name}`).trim();
    const c = canvas.getContext('2d');
    c.scale(devicePixelRatio, devicePixelRatio);
    heard.sections.forEach((section, i) => {
      c.globalAlpha = 0.18;
      c.fillStyle = line.hex(i);
      c.fillRect(this.x(section.start), 0, this.x(section.end) - this.x(section.start), height);
    });
    c.globalAlpha = 1;
    c.fillStyle = color('line');
    for (const bar of heard.downbeats) c.fillRect(Math.round(this.x(bar)), 0, 1, height);
    c.strokeStyle = color('accent');
    c.lineWidth = 1.6;
    c.beginPath();
    curve.line.forEach((v, i) => c.lineTo(this.x((i / (curve.line.length - 1)) * this.curves.duration), this.y(v)));
    c.stroke();
    c.fillStyle = color('ink');
    for (const { at, value } of curve.frames ? [] : curve.points) {
      c.beginPath();
      c.arc(this.x(at), this.y(value), 4, 0, 2 * Math.PI);
      c.fill();
    }
  }

  listen() {
    const { canvas, curves, index } = this;
    const grid = ({ shiftKey, altKey }) => (altKey ? 'free' : shiftKey ? 'beats' : 'bars');
    const move = (event) => {
      const { at, value } = this.at(event);
      const { points } = this.curve;
      const inside = Math.min(Math.max(at, points[this.held.point - 1]?.at ?? 0), points[this.held.point + 1]?.at ?? curves.duration);
      curves.send({ how: 'point', index, point: this.held.point, at: inside, value, grid: grid(event) }, gesture);
    };
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      gesture += 1;
      const point = this.curve.points.findIndex((p) => Math.hypot(this.x(p.at) - event.offsetX, this.y(p.value) - event.offsetY) <= NEAR);
      if (point >= 0) this.held = { point, range: this.range(), moved: false };
      else curves.send({ how: 'add_point', index, ...this.at(event), grid: grid(event) });
    };
    canvas.onpointermove = (event) => {
      if (!this.held) return;
      this.held.moved = true;
      if (performance.now() - this.sent < SEND_MS) return;
      this.sent = performance.now();
      move(event);
    };
    canvas.onpointerup = (event) => {
      const { held } = this;
      if (!held) return;
      const away = event.offsetY < -30 || event.offsetY > canvas.clientHeight + 30;
      if (held.moved && away && this.curve.points.length > 1) curves.send({ how: 'remove_point', index, point: held.point }, gesture);
      else if (held.moved) move(event);
      this.held = null;
      this.draw();
    };
    canvas.onpointercancel = () => { this.held = null; };
  }
}
