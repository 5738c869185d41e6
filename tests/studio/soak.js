// Whether memory stays flat: random edits by a page that plays, seeks and loses its connection, and the server's resident memory
// every 30 s. Run by hand: node tests/studio/soak.js [MINUTES [SEED]]; 15 minutes and seed 1 where nothing is said.

import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browse, root, serve, state as look } from './open.js';

const [minutes, seed] = [Number(process.argv[2] ?? 15), Number(process.argv[3] ?? 1)];
const EVERY = 30_000;
const folder = mkdtempSync(join(tmpdir(), 'studio-'));
const { server, address } = await serve(join(root, 'examples/first-light.m4a'), '--folder', folder);
const { browser, page } = await browse();
await page.goto(address);
await page.waitForFunction(() => document.body.dataset.version);
const facts = await page.evaluate(async () => (await fetch('facts')).json());
const { frames } = await look(page);

// mulberry32: the same edits for the same seed.
let state = seed;
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

const below = (n) => Math.floor(random() * n);
const any = (list) => list[below(list.length)];
const edit = (change) => ({ do: 'edit', change, gesture: null });
const params = await page.evaluate(() => [...document.querySelectorAll('#base input[type=range]')].map((i) => ({ name: i.id.slice(5), min: Number(i.min), max: Number(i.max) })));

// What a person may do; what the server refuses is done as well.
function something() {
  const { name, min, max } = any(params);
  return any([
    () => edit({ edit: 'base', param: name, value: min + random() * (max - min) }),
    () => edit({ edit: 'base', param: name, value: null }),
    () => edit({ edit: 'route', index: below(6), key: any(facts.route_keys).name, value: random() * 2 }),
    () => edit({ edit: 'signal', index: below(6), name: any(facts.signals).name }),
    () => edit({ edit: 'target', index: below(6), param: name }),
    () => edit({ edit: 'add_route', signal: any(facts.signals).name, param: name }),
    () => edit({ edit: 'remove_route', index: below(6) }),
    () => edit({ edit: 'remove_route', index: below(6) }),
    () => edit({ edit: 'bypass', index: below(6), on: random() < 0.5 }),
    () => edit({ edit: 'prompt', change: { how: 'set', index: 0, key: 'text', text: any(any(facts.presets).prompts) } }),
    () => edit({ edit: 'preset', name: any(facts.presets).name }),
    () => edit({ edit: 'count', count: any([null, 'halve', 'double', 'triple']) }),
    () => ({ do: 'bar', at: random() * facts.duration }),
    () => ({ do: 'undo' }),
    () => ({ do: 'redo' }),
    () => ({ do: 'at', frame: below(frames), time: random() * facts.duration, playing: random() < 0.5 }),
    () => ({ do: 'save', name: `look-${below(3)}`, form: 'preset' }),
  ])();
}

function resident() {
  const kilobytes = readFileSync(`/proc/${server.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1];
  return Number(kilobytes) / 1024;
}

const began = performance.now();
const found = [];
let [told, next] = [0, 0];
while (performance.now() - began < minutes * 60_000 + 100) {
  const passed = performance.now() - began;
  if (passed >= next) {
    found.push(resident());
    console.log(`${Math.round(passed / 1000)} s: ${found.at(-1).toFixed(1)} MB, ${told} messages`);
    next += EVERY;
  }
  if (random() < 0.002) await page.reload();
  if (random() < 0.01) await page.evaluate((t) => { document.getElementById('audio').currentTime = t; }, random() * facts.duration);
  if (random() < 0.01) await page.click('#play');
  await page.evaluate(async (message) => (await import('./link.js')).ask(message), something());
  told += 1;
  await page.waitForTimeout(below(400));
}
console.log(`first ${found[0].toFixed(1)} MB, last ${found.at(-1).toFixed(1)} MB, most ${Math.max(...found).toFixed(1)} MB, ${told} messages, seed ${seed}`);
await browser.close();
server.kill();
