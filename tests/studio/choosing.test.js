// Choosing: the gallery with pictures of the track, snapshots with notes, two states side by side.

import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { browse, change, readable, root, show, state, troublesOf } from './open.js';

const folder = mkdtempSync(join(tmpdir(), 'studio-'));
const track = join(folder, 'first-light.m4a');
copyFileSync(join(root, 'examples/first-light.m4a'), track);
// Thumbnails of other runs would be there already.
process.env.XDG_CACHE_HOME = join(folder, 'cache');

let server;
let browser;
let page;
let troubles;

before(async () => {
  ({ browser, page } = await browse({ colorScheme: 'dark' }));
  page.setDefaultTimeout(180_000);
  troubles = troublesOf(page);
  server = await show(page, null, track, '--folder', folder, '--size', '192x108');
});

after(async () => {
  await browser?.close();
  server?.kill();
});

const press = (keys) => page.keyboard.press(keys);
const shown = (selector) => page.getAttribute(selector, 'data-shown');

test('snapshots are kept under names with notes, and gone back to in one step', async () => {
  await press('k');
  await page.waitForFunction(() => document.querySelectorAll('#snapshots .part').length === 1);
  await page.focus('#tab-snapshots');
  await press('Enter');
  await page.fill('#snapshot-1-name', 'as it began');
  await press('Tab');
  await page.fill('#snapshot-1-note', 'too dark in the chorus');
  await press('Tab');
  await page.waitForFunction(() => [...document.querySelectorAll('#compare-a option')].some((o) => o.textContent === 'as it began'));
  const first = await state(page);
  await page.focus('#tab-base');
  await press('Enter');
  await change(page, async () => {
    await page.fill('#base-exposure-value', '0.8');
    await press('Enter');
  });
  const brighter = (await state(page)).text;
  assert.notEqual(brighter, first.text);
  await page.focus('#tab-snapshots');
  await press('Enter');
  await page.focus('#snapshot-1-back');
  await change(page, () => press('Enter'));
  assert.equal((await state(page)).text, first.text);
  await press('Escape');
  await change(page, () => press('Control+z'));
  assert.equal((await state(page)).text, brighter);
  assert.equal(await page.inputValue('#snapshot-1-note'), 'too dark in the chorus');
  // What can't be is told where it is typed.
  await page.fill('#snapshot-1-name', ' ');
  await press('Tab');
  await page.waitForSelector('#snapshot-1-name[aria-invalid=true]');
  await page.fill('#snapshot-1-name', 'as it began');
  await press('Tab');
});

test('two states are shown side by side, in step with the sound', async () => {
  await press('Escape');
  await press('c');
  await page.waitForFunction(() => document.getElementById('side-a').dataset.shown && document.getElementById('side-b').dataset.shown);
  assert.equal(await page.textContent('#a-name'), 'A: as it began');
  assert.equal(await page.textContent('#b-name'), 'B: what holds now');
  const pixels = (id) => page.evaluate((id) => document.getElementById(id).toDataURL(), id);
  assert.notEqual(await pixels('side-a'), await pixels('side-b'));
  // What holds now is what the live picture shows, once that is there.
  await page.waitForFunction(() => document.getElementById('picture').dataset.version === document.body.dataset.version);
  assert.equal(await pixels('side-b'), await pixels('picture'));
  // A frame on, both are.
  const frames = async () => [await shown('#side-a'), await shown('#side-b')].map((text) => Number(text.split('/')[1]));
  assert.deepEqual(await frames(), [0, 0]);
  await press('.');
  await page.waitForFunction(() => /\/1$/.test(document.getElementById('side-a').dataset.shown));
  assert.deepEqual(await frames(), [1, 1]);
  // Played, the stretch is repeated with its sound.
  await press('Space');
  const times = await page.evaluate(async () => {
    const seen = [];
    const until = performance.now() + 3500;
    while (performance.now() < until) {
      await new Promise(requestAnimationFrame);
      const numbers = ['side-a', 'side-b'].map((id) => Number(document.getElementById(id).dataset.shown.split('/')[1]));
      seen.push([document.getElementById('audio').currentTime, ...numbers]);
    }
    return seen;
  });
  await press('Space');
  assert.ok(times.every(([t, a, b]) => t < 16 / 12 + 0.7 && a === b));
  assert.ok(new Set(times.map(([, a]) => a)).size > 8, 'it moves');
  assert.ok(times.some(([t], i) => i && t < times[i - 1][0]), 'it is repeated');
  await page.focus('#tab-snapshots');
  await press('Enter');
  await readable(page, 'compare');
});

test('a change is followed, and somewhere else on the track both are made anew', async () => {
  const before = await shown('#side-b');
  await change(page, () => page.click('#undo'));
  await page.waitForFunction((before) => document.getElementById('side-b').dataset.shown.split('/')[0] !== before.split('/')[0], before);
  await press('Escape');
  await press('PageDown');
  const start = (await state(page)).heard.sections[1].start;
  await page.waitForFunction((start) => ['a', 'b'].every((side) => {
    const at = Number(document.getElementById(`side-${side}`).dataset.shown.split('/')[0].split('-')[1]) / 1000;
    return Math.abs(at - start) < 0.1 && !document.getElementById(`${side}-badge`).textContent;
  }), start);
  await press('c');
  assert.ok(await page.isHidden('#compare'));
  assert.ok(await page.isVisible('#picture'));
  await press('Home');
});

test('the gallery shows every preset on the track, once there is nothing else to do', async () => {
  await press('p');
  await page.waitForFunction(() => [...document.querySelectorAll('#list canvas')].filter((c) => c.dataset.shown).length >= 4);
  const own = page.locator('.choice', { has: page.locator('canvas[data-shown]') });
  const frames = () => page.$$eval('#list canvas[data-shown]', (all) => all.map((c) => c.dataset.shown.split('/')[1]).join());
  const first = await frames();
  await page.waitForFunction((first) => [...document.querySelectorAll('#list canvas[data-shown]')].map((c) => c.dataset.shown.split('/')[1]).join() !== first, first);
  assert.ok((await own.count()) >= 4);
  await page.click('#moving');
  assert.equal(await page.getAttribute('#moving', 'aria-pressed'), 'false');
  await page.waitForFunction(() => [...document.querySelectorAll('#list canvas[data-shown]')].every((c) => c.dataset.shown.endsWith('/0')));
  await page.click('#moving');
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.waitForSelector('#moving[aria-pressed=false]');
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  await page.waitForSelector('#moving[aria-pressed=true]');
  await readable(page, 'gallery');
});

test('chance moves what the look sets within its limits, but for what is locked, and one undo takes it back', async () => {
  await press('Escape');
  await page.focus('#tab-base');
  await press('Enter');
  for (const [name, value] of [['glow', '0.3'], ['saturation', '1.1'], ['exposure', '0.2']]) {
    await change(page, async () => {
      await page.fill(`#base-${name}-value`, value);
      await press('Enter');
    });
  }
  const before = await state(page);
  const own = before.base.filter((b) => b.own);
  assert.ok(own.length > 1, `${own.length} values`);
  const [kept, ...free] = own.map((b) => b.name);
  await page.check(`#lock-${kept}`);
  await page.selectOption('#random-far', 'anywhere');
  await page.focus('#random-roll');
  await press('Enter');
  const of = (found, name) => found.base.find((b) => b.name === name);
  let now;
  do {
    await page.waitForTimeout(100);
    now = await state(page);
  } while (free.some((name) => of(now, name).value === of(before, name).value));
  assert.equal(of(now, kept).value, of(before, kept).value);
  for (const { name, value, own: said, min, max } of now.base) {
    assert.ok(min <= value && value <= max, `${name}: ${value}`);
    assert.equal(said, of(before, name).own, name);
  }
  await readable(page, 'random');
  await change(page, () => page.click('#undo'));
  assert.equal((await state(page)).text, before.text);
  await page.uncheck(`#lock-${kept}`);
  for (let i = 0; i < 3; i++) await change(page, () => page.click('#undo'));
});

test('cards are walked by arrows, and own looks come first', async () => {
  await press('Escape');
  await press('p');
  const names = () => page.$$eval('.choice', (all) => all.map((e) => e.dataset.look ?? e.dataset.preset));
  const presets = await names();
  const focused = () => page.evaluate(() => document.activeElement.dataset.preset ?? document.activeElement.dataset.look);
  await page.focus(`.choice[data-preset=${presets[0]}]`);
  await press('ArrowRight');
  assert.equal(await focused(), presets[1]);
  const columns = await page.$$eval('#list li', (all) => all.filter((e) => e.offsetTop === all[0].offsetTop).length);
  await press('ArrowDown');
  assert.equal(await focused(), presets[1 + columns]);
  await press('ArrowUp');
  await press('ArrowLeft');
  assert.equal(await focused(), presets[0]);
  await change(page, () => page.click('[data-preset=tide]'));
  assert.ok(await page.isHidden('#looks'));
  await page.click('#tab-base');
  await change(page, async () => {
    await page.fill('#base-exposure-value', '0.6');
    await press('Enter');
  });
  const changed = (await state(page)).text;
  await press('Escape');
  await press('p');
  await page.waitForSelector('[data-look=tide]');
  assert.equal((await names())[0], 'tide');
  assert.equal(await page.getAttribute('[data-look=tide]', 'aria-current'), 'true');
  await press('Escape');
  // A part's look begins as a copy of it.
  await page.click('#tab-parts');
  await page.selectOption('#part-look', 'ember');
  await change(page, () => page.click('#add-part'));
  await change(page, () => page.click('#part-0-own'));
  assert.notEqual((await state(page)).text, changed);
  await press('Escape');
  await press('p');
  await page.waitForSelector('[data-look=tide]');
  await change(page, () => page.click('[data-look=tide]'));
  const now = await state(page);
  assert.deepEqual([now.text, now.parts.focus], [changed, 'ember-2.toml']);
  assert.deepEqual(troubles, []);
});

test('snapshots and what was not saved are there again after the studio was killed', async () => {
  process.env.XDG_STATE_HOME = join(folder, 'state');
  const place = join(folder, 'state/beatbolt/studio');
  const open = async () => { server = await show(page, server, track, '--folder', folder, '--size', '192x108'); };
  const kept = () => (existsSync(place) ? readdirSync(place).map((name) => readFileSync(join(place, name), 'utf8')).join('') : '');
  const snapshots = () => page.$$eval('#snapshots .part input', (all) => all.map((input) => input.value));
  await open();
  assert.doesNotMatch(await page.textContent('#note'), /last time/);
  await press('k');
  await page.click('#tab-base');
  await change(page, async () => {
    await page.fill('#base-exposure-value', '0.7');
    await press('Enter');
  });
  const { text } = await state(page);
  while (!kept().includes('exposure = 0.7')) await page.evaluate(() => new Promise(requestAnimationFrame));
  server.kill('SIGKILL');
  await open();
  await page.waitForFunction(() => document.getElementById('note').textContent.includes('last time'));
  assert.notEqual((await state(page)).text, text);
  await page.click('#tab-snapshots');
  assert.deepEqual(await snapshots(), ['not saved', '1: pulse']);
  await change(page, () => page.click('#snapshot-2-back'));
  assert.equal((await state(page)).text, text);
  delete process.env.XDG_STATE_HOME;
});
