// The page: the audio is the clock, everything else follows it.

import { Beats } from './beats.js';
import { Clicks } from './clicks.js';
import { Compare } from './compare.js';
import { Curves } from './curves.js';
import { dragging } from './drag.js';
import { Final } from './final.js';
import { Glide } from './glide.js';
import { Gone } from './gone.js';
import { HandBeats } from './hand.js';
import { Here } from './here.js';
import { fillSheet, listen } from './keys.js';
import { ask, at, connect, facts as load, news } from './link.js';
import { Looks } from './looks.js';
import { TrackMap } from './map.js';
import { Midi } from './midi.js';
import { Panel } from './panel.js';
import { Output } from './output.js';
import { Parts } from './parts.js';
import { Pictures } from './picture.js';
import { Record } from './record.js';
import { Rename } from './rename.js';
import { Saved } from './saved.js';
import { Sections } from './sections.js';
import { Snapshots } from './snapshots.js';
import { FileText } from './text.js';
import { clock } from './time.js';
import { LABELS, Timeline } from './timeline.js';

const TELL_MS = 200;
// What lies so near to the playhead is where it stands: a player's clock isn't exact.
const HERE = 0.01;
const get = (id) => document.getElementById(id);
const audio = get('audio');

const facts = await load().catch((error) => {
  note(error.message, true);
  throw error;
});
const pictures = new Pictures(get('picture'), get('badge'));
const timeline = new Timeline(get('timeline'), get('playhead'), facts);
const map = new TrackMap(get('map'), timeline, facts);
const output = new Output(get('picture'));
const glide = new Glide(get('glides'), () => audio.currentTime, () => !audio.paused);
const record = new Record(get('record'), get('records'), { now: () => audio.currentTime, playing: () => !audio.paused, tell: note });
const panel = new Panel(facts, timeline, () => audio.currentTime, glide);
const looks = new Looks(facts);
const beats = new Beats(() => audio.currentTime);
const clicks = new Clicks(audio);
const hand = new HandBeats(clicks, () => audio.currentTime, () => !audio.paused, (taps, text) => {
  timeline.taps = [...taps];
  note(text);
});
const parts = new Parts(facts, () => audio.currentTime, (index) => { timeline.chosenPart = index; });
const curves = new Curves(facts, () => audio.currentTime, timeline);
const here = new Here((pile) => panel.here(pile));
const file = new FileText();
const midi = new Midi(facts.osc);
const sections = new Sections(() => audio.currentTime, timeline);
const rename = new Rename(timeline, (change) => sections.send(change), LABELS);
const compare = new Compare(() => snapshots.say());
const snapshots = new Snapshots(compare, () => frame() / state.fps);
const final = new Final(facts, () => audio.pause(), () => audio.currentTime);
new Saved(get('saved'), facts);
new Gone(get('gone'), facts, (gone) => { pictures.gone = gone; });
fillSheet(get('sheet'));
let state = null;
let loop = null;
let told = 0;
let trouble = null;
// Snapshots that there were; at first as many as there are.
let kept = Infinity;

document.title = `${facts.title} · beatbolt studio`;
get('name').value = facts.name || plain(facts.title);

// A track's name as a file may be called here.
function plain(title) {
  return title.replace(/\.[^.]*$/, '').toLowerCase().replace(/[^a-z0-9_]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 40);
}

const frame = () => Math.min(Math.floor(audio.currentTime * state.fps + 1e-6), state.frames - 1);

function note(text, bad = false) {
  get('note').textContent = get('note').title = text;
  get('note').classList.toggle('fault', bad);
}

function tell() {
  if (!state) return;
  at(frame(), audio.currentTime, !audio.paused);
  told = performance.now();
}

function seek(t) {
  audio.currentTime = Math.min(Math.max(t, 0), facts.duration - 1 / (state?.fps ?? 1));
  timeline.follow(audio.currentTime);
}

function play() {
  if (audio.paused) audio.play().catch((error) => note(`this browser can't play the track: ${error.message}`, true));
  else audio.pause();
}

function section(t) {
  const { sections } = state.heard;
  return sections.findLast((s) => s.start <= t + HERE) ?? sections[0];
}

function toggleLoop() {
  loop = loop ? null : section(audio.currentTime);
  get('loop').setAttribute('aria-pressed', Boolean(loop));
  get('part').dataset.loop = loop ? state.heard.sections.indexOf(loop) + 1 : '';
}

// The nearest of `times` behind or before now.
function neighbour(times, forward) {
  const now = audio.currentTime;
  return forward ? times.find((t) => t > now + HERE) ?? facts.duration : times.findLast((t) => t < now - 0.05) ?? 0;
}

function draw(now) {
  requestAnimationFrame(draw);
  if (!state) return;
  clicks.tick();
  const t = audio.currentTime;
  if (loop && !compare.on && !audio.paused && (t >= loop.end || t < loop.start)) seek(loop.start);
  const f = frame();
  pictures.show(f, !audio.paused);
  here.draw(t, f);
  output.draw();
  compare.draw(t, !audio.paused, seek);
  if (!audio.paused) timeline.follow(t);
  if (timeline.draw(t)) map.draw(t);
  const bar = state.heard.downbeats.findLastIndex((b) => b <= t + HERE) + 1;
  put('clock', clock(t));
  put('place', [bar && `bar ${bar}`, `section ${section(t)?.label ?? ''}`, `frame ${f}`].filter(Boolean).join('  ·  '));
  timeline.canvas.setAttribute('aria-valuenow', t.toFixed(1));
  timeline.canvas.setAttribute('aria-valuetext', `${clock(t)}, bar ${bar}`);
  if (!audio.paused && now - told > TELL_MS) tell();
}

function put(id, text) {
  if (get(id).value !== text) get(id).value = text;
}

audio.addEventListener('play', () => get('movie').pause());
for (const event of ['play', 'pause', 'seeked']) audio.addEventListener(event, tell);
audio.addEventListener('error', () => note('the track can\'t be played here; pictures follow seeking', true));
for (const event of ['play', 'pause']) {
  audio.addEventListener(event, () => {
    get('play').textContent = audio.paused ? 'Play' : 'Pause';
    get('play').setAttribute('aria-pressed', !audio.paused);
  });
}
get('play').onclick = play;
get('loop').onclick = toggleLoop;
get('output').onclick = () => output.turn();
get('undo').onclick = () => ask({ do: 'undo' });
get('redo').onclick = () => ask({ do: 'redo' });
get('skip').onclick = (event) => {
  event.preventDefault();
  timeline.canvas.focus();
};
get('help').onclick = () => get('keys').showModal();
for (const close of document.querySelectorAll('dialog .close')) close.onclick = () => close.closest('dialog').close();

function zoom(factor) { timeline.zoom(timeline.x(audio.currentTime), factor); }

get('zoom-in').onclick = () => zoom(0.5);
get('zoom-out').onclick = () => zoom(2);
get('zoom-all').onclick = () => timeline.see(0, facts.duration);
// What a person types is nearly a name already.
for (const id of ['name', 'film']) {
  get(id).addEventListener('input', ({ target }) => {
    const [value, at] = [target.value.toLowerCase().replaceAll(' ', '-'), target.selectionStart];
    if (value !== target.value) [target.value, target.selectionStart, target.selectionEnd] = [value, at, at];
  });
}
get('save').onsubmit = (event) => {
  event.preventDefault();
  ask({ do: 'save', name: get('name').value, form: event.submitter?.value ?? 'preset' });
};
dragging(timeline, { seek, chosen: (index) => { timeline.chosenPart = index; } });
timeline.canvas.addEventListener('wheel', (event) => {
  event.preventDefault();
  const along = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
  if (event.shiftKey || Math.abs(along) > Math.abs(event.deltaY)) timeline.see(timeline.from + (along / timeline.width) * (timeline.to - timeline.from));
  else timeline.zoom(event.offsetX, 1.25 ** Math.sign(event.deltaY));
}, { passive: false });

listen({
  play, seek, zoom,
  undo: () => ask({ do: 'undo' }),
  redo: () => ask({ do: 'redo' }),
  beat: (forward) => seek(neighbour(state.heard.beats, forward)),
  bar: (forward) => seek(neighbour(state.heard.downbeats, forward)),
  section: (forward) => seek(neighbour(state.heard.sections.map((s) => s.start), forward)),
  frame: (forward) => seek((frame() + (forward ? 1.5 : -0.5)) / state.fps),
  whole: () => timeline.see(0, facts.duration),
  help: () => get('keys').showModal(),
  away: () => {
    final.dialog.close();
    timeline.canvas.focus();
  },
  letters: { f2: () => rename.open(rename.at(audio.currentTime + HERE)), o: () => output.turn(), f: () => output.whole(get('picture')), e: () => record.turn(), k: () => snapshots.keep(), c: () => snapshots.turn(), s: () => sections.here(), m: () => hand.toggle(), t: () => hand.tap(), l: toggleLoop, r: () => final.open(), p: () => looks.open(), b: () => beats.here() },
});

news.addEventListener('state', ({ detail }) => {
  // What was said is about an older look.
  if (state && state.version !== detail.version) note('');
  state = detail;
  if (loop) loop = state.heard.sections[get('part').dataset.loop - 1] ?? null;
  // The playhead's frame is another one at another rate.
  tell();
  const { tempo } = state.heard;
  get('track').textContent = [facts.title, clock(facts.duration), tempo && `${tempo.toFixed(1)} bpm`].filter(Boolean).join('  ·  ');
  pictures.take(state);
  timeline.take(state);
  glide.take(state);
  record.take(state);
  panel.take(state);
  looks.take(state);
  compare.take();
  beats.set(state);
  hand.take(state);
  parts.take(state);
  here.take(state);
  sections.take(state);
  curves.take(state);
  file.take(state);
  midi.take(state);
  final.look(state);
  [get('undo').disabled, get('redo').disabled] = [!state.undo, !state.redo];
  document.body.dataset.version = state.version;
});
news.addEventListener('pictures', ({ detail }) => {
  pictures.runs = timeline.runs = detail.runs;
  // What was wrong is said until it isn't any more.
  if (detail.trouble) note(detail.trouble, true);
  else if (trouble) note('');
  trouble = detail.trouble;
});
news.addEventListener('final', ({ detail }) => {
  pictures.resting = detail.final.stand === 'running';
});
news.addEventListener('osc', ({ detail }) => {
  if (detail.fault) note(detail.fault, true);
  for (const [address, value] of detail.values) {
    if (address === '/beatbolt/play' && audio.paused === value > 0) play();
    else if (address === '/beatbolt/seek') seek(value);
    else midi.osc(address, value);
  }
});
news.addEventListener('snapshots', ({ detail }) => {
  if (kept === Infinity && facts.unsaved && detail.list.some(({ name }) => name === 'not saved')) note('What wasn\u2019t saved last time is a snapshot now: see Snapshots');
  else note(detail.list.length > kept ? `kept as \u201c${detail.list.at(-1).name}\u201d` : '');
  kept = detail.list.length;
});
news.addEventListener('refused', (event) => {
  const { message, hints } = event.detail;
  if (!event.defaultPrevented) note([message, ...hints].join('; '), true);
});
news.addEventListener('lost', ({ detail }) => note(detail.times < 3 ? 'connection lost; trying again' : 'not connected', true));
news.addEventListener('open', () => {
  note('');
  tell();
});

connect();
requestAnimationFrame(draw);
