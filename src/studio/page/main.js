// The page: the audio is the clock, everything else follows it.

import { Final } from './final.js';
import { ask, at, connect, facts as load, news } from './link.js';
import { Panel } from './panel.js';
import { Pictures } from './picture.js';
import { Timeline } from './timeline.js';

const TELL_MS = 200;
const get = (id) => document.getElementById(id);
const audio = get('audio');

const facts = await load().catch((error) => {
  note(error.message, true);
  throw error;
});
const pictures = new Pictures(get('picture'), get('badge'));
const timeline = new Timeline(get('timeline'), facts);
const panel = new Panel(facts, timeline);
const final = new Final(facts, () => audio.pause());
let loop = null;
let told = 0;

get('track').textContent = [facts.title, facts.tempo && `${facts.tempo.toFixed(1)} bpm`, clock(facts.duration)].filter(Boolean).join('  ·  ');
document.title = `${facts.title} · beatbolt studio`;
for (const { name, about } of facts.presets) get('preset').append(new Option(`${name}: ${about}`, name));
get('name').value = facts.name;

const frame = () => Math.min(Math.floor(audio.currentTime * facts.fps + 1e-6), facts.frames - 1);

function clock(t) {
  return `${Math.floor(t / 60)}:${(t % 60).toFixed(1).padStart(4, '0')}`;
}

function note(text, bad = false) {
  get('note').textContent = get('note').title = text;
  get('note').classList.toggle('bad', bad);
}

function tell() {
  at(frame(), !audio.paused);
  told = performance.now();
}

function seek(t) {
  audio.currentTime = Math.min(Math.max(t, 0), facts.duration - 1 / facts.fps);
}

function play() {
  if (audio.paused) audio.play().catch((error) => note(`this browser can't play the track: ${error.message}`, true));
  else audio.pause();
}

function section() {
  return facts.sections.findLast((s) => s.start <= audio.currentTime) ?? facts.sections[0];
}

function toggleLoop() {
  loop = loop ? null : section();
  get('loop').setAttribute('aria-pressed', Boolean(loop));
  get('part').dataset.loop = loop ? facts.sections.indexOf(loop) + 1 : '';
}

// The nearest of `times` behind or before now.
function neighbour(times, forward) {
  const now = audio.currentTime;
  return forward ? times.find((t) => t > now + 0.01) ?? facts.duration : times.findLast((t) => t < now - 0.05) ?? 0;
}

function draw(now) {
  if (loop && !audio.paused && (audio.currentTime >= loop.end || audio.currentTime < loop.start)) seek(loop.start);
  const f = frame();
  pictures.show(f, !audio.paused);
  if (!audio.paused) timeline.follow(audio.currentTime);
  timeline.draw(audio.currentTime);
  get('clock').value = clock(audio.currentTime);
  const bar = facts.downbeats.findLastIndex((t) => t <= audio.currentTime + 0.01) + 1;
  get('place').value = `bar ${bar}  ·  section ${section()?.label ?? ''}  ·  frame ${f}`;
  timeline.canvas.setAttribute('aria-valuenow', audio.currentTime.toFixed(1));
  timeline.canvas.setAttribute('aria-valuetext', `${clock(audio.currentTime)}, bar ${bar}`);
  if (!audio.paused && now - told > TELL_MS) tell();
  requestAnimationFrame(draw);
}

audio.addEventListener('play', () => get('movie').pause());
for (const event of ['play', 'pause', 'seeked']) audio.addEventListener(event, tell);
audio.addEventListener('error', () => note('this browser can\'t play the track\'s format; pictures follow seeking', true));
for (const event of ['play', 'pause']) {
  audio.addEventListener(event, () => {
    get('play').textContent = audio.paused ? 'Play' : 'Pause';
    get('play').setAttribute('aria-pressed', !audio.paused);
  });
}
get('play').onclick = play;
get('loop').onclick = toggleLoop;
get('undo').onclick = () => ask({ do: 'undo' });
get('redo').onclick = () => ask({ do: 'redo' });
get('preset').onchange = (event) => ask({ do: 'edit', change: { edit: 'preset', name: event.target.value }, gesture: null });
// What a person types is nearly a name already.
for (const id of ['name', 'film']) {
  get(id).oninput = ({ target }) => {
    const [value, at] = [target.value.toLowerCase().replaceAll(' ', '-'), target.selectionStart];
    if (value !== target.value) [target.value, target.selectionStart, target.selectionEnd] = [value, at, at];
  };
}
get('save').onsubmit = (event) => {
  event.preventDefault();
  ask({ do: 'save', name: get('name').value, form: event.submitter?.value ?? 'preset' });
};
timeline.canvas.onpointerdown = (event) => {
  seek(timeline.time(event.offsetX));
  timeline.canvas.setPointerCapture(event.pointerId);
};
timeline.canvas.onpointermove = (event) => {
  if (event.buttons) seek(timeline.time(event.offsetX));
};
timeline.canvas.addEventListener('wheel', (event) => {
  event.preventDefault();
  timeline.zoom(event.offsetX, event.deltaY > 0 ? 1.25 : 0.8);
}, { passive: false });
timeline.canvas.onkeydown = (event) => {
  const forward = ['ArrowRight', 'ArrowUp', 'PageUp'].includes(event.key);
  if (event.key === 'Home') seek(0);
  else if (event.key === 'End') seek(facts.duration);
  else if (event.key.startsWith('Arrow')) seek(neighbour(event.shiftKey ? facts.downbeats : facts.beats, forward));
  else if (event.key.startsWith('Page')) seek(neighbour(facts.sections.map((s) => s.start), forward));
  else if (event.key === '+' || event.key === '-') timeline.zoom(timeline.x(audio.currentTime), event.key === '+' ? 0.8 : 1.25);
  else return;
  event.preventDefault();
};
document.addEventListener('keydown', (event) => {
  const typing = event.target.matches('textarea, input:not([type=range])') && event.key !== 'Escape';
  const command = event.ctrlKey || event.metaKey;
  if (typing) return;
  if (command && event.key.toLowerCase() === 'z') ask({ do: event.shiftKey ? 'redo' : 'undo' });
  else if (command && event.key.toLowerCase() === 'y') ask({ do: 'redo' });
  else if (!command && event.key === ' ' && !event.target.matches('button, select, video')) play();
  else if (!command && event.key === 'l') toggleLoop();
  else if (!command && event.key === 'r') final.open();
  else if (event.key === 'Escape') final.dialog.close();
  else return;
  event.preventDefault();
});

news.addEventListener('state', ({ detail }) => {
  // What was said is about an older look.
  note('');
  pictures.version = detail.version;
  timeline.take(detail);
  panel.take(detail);
  const list = get('preset');
  if (![...list.options].some((o) => o.value === detail.preset)) list.append(new Option(detail.preset));
  list.value = detail.preset;
  [get('undo').disabled, get('redo').disabled] = [!detail.undo, !detail.redo];
  document.body.dataset.version = detail.version;
});
news.addEventListener('pictures', ({ detail }) => {
  pictures.runs = timeline.runs = detail.runs;
  if (detail.trouble) note(detail.trouble, true);
});
news.addEventListener('final', ({ detail }) => {
  pictures.resting = detail.final.stand === 'running';
});
news.addEventListener('saved', ({ detail }) => note(`saved as ${detail.path}`));
news.addEventListener('refused', ({ detail }) => note([detail.message, ...detail.hints].join('; '), true));
news.addEventListener('lost', () => note('connection lost; trying again', true));
news.addEventListener('open', () => {
  note('');
  tell();
});

connect();
requestAnimationFrame(draw);
