// Playing it: values that glide, what is played becomes curves, and the picture in a window of its own.

import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { browse, change, readable, root, show, state, troublesOf } from './open.js';

const folder = mkdtempSync(join(tmpdir(), 'studio-'));
const track = join(folder, 'first-light.m4a');
copyFileSync(join(root, 'examples/first-light.m4a'), track);

let server;
let browser;
let page;
let troubles;

before(async () => {
  ({ browser, page } = await browse({ colorScheme: 'dark' }));
  page.setDefaultTimeout(60_000);
  troubles = troublesOf(page);
  server = await show(page, null, track, '--folder', folder, '--size', '192x108');
  await page.click('#tab-base');
});

after(async () => {
  await browser?.close();
  server?.kill();
});

const valueOf = async (name) => (await state(page)).base.find((b) => b.name === name).value;

async function type(name, text) {
  await page.fill(`#base-${name}-value`, text);
  await page.keyboard.press('Enter');
}

test('a value that is set glides there over a bar, in one step to undo', async () => {
  const old = await valueOf('glow');
  await page.selectOption('#glide', '1 bar');
  await page.evaluate(() => {
    window.seen = [];
    new MutationObserver(() => window.seen.push(Number(document.getElementById('base-glow').value)))
      .observe(document.body, { attributes: true, attributeFilter: ['data-version'] });
  });
  await type('glow', '1');
  await page.waitForFunction(() => document.getElementById('base-glow').value === '1');
  const seen = await page.evaluate(() => window.seen);
  assert.ok(seen.length > 5 && seen.every((v, i) => !i || v >= seen[i - 1]), seen.join());
  assert.ok(seen.some((v) => v > 0.3 && v < 0.7), seen.join());
  await change(page, () => page.click('#undo'));
  assert.equal(await valueOf('glow'), old);
  await page.selectOption('#glide', 'at once');
});

test('what is played on values is recorded as a curve and comes again', async () => {
  const old = await valueOf('exposure');
  await page.evaluate(() => { document.getElementById('audio').currentTime = 4; });
  await page.keyboard.press('Escape');
  await page.keyboard.press('e');
  await page.waitForSelector('#record[aria-pressed=true]');
  await page.keyboard.press(' ');
  await page.waitForFunction(() => document.getElementById('audio').currentTime > 4.3);
  for (const [value, until] of [['0.5', 5], ['-0.5', 6]]) {
    await change(page, () => type('exposure', value));
    await page.waitForFunction((t) => document.getElementById('audio').currentTime > t, until);
  }
  await page.keyboard.press('Escape');
  await page.keyboard.press(' ');
  await change(page, () => page.keyboard.press('e'));
  const { drawn, routes, curves, fps } = await state(page);
  assert.equal(await valueOf('exposure'), old);
  assert.deepEqual([drawn.at(-1).name, routes.at(-1).input, routes.at(-1).to], ['played', 'played', 'exposure']);
  const { points } = drawn.at(-1);
  const [first, last] = [points[0].at, points.at(-1).at];
  assert.ok(first > 4 && first < 5 && last > 5 && last < 6.5, JSON.stringify(points));
  const at = (t) => curves.exposure[Math.floor(t * fps)];
  // A step up where the first value was set, one down where the second was, and as before in front of both.
  const rise = at(last - 0.3) - at(first - 0.5);
  const fall = at(last + 0.5) - at(last - 0.3);
  assert.ok(Math.abs(rise - (0.5 - old)) < 0.2 && Math.abs(fall + 1) < 0.2, `${rise}, ${fall}, ${JSON.stringify(points)}`);
  await readable(page, 'values');
  await change(page, () => page.click('#undo'));
});

test('the picture has a window of its own', async () => {
  const opening = page.waitForEvent('popup');
  await page.keyboard.press('o');
  const output = await opening;
  await output.waitForFunction(() => document.querySelector('canvas')?.dataset.frame);
  const frame = await output.evaluate(() => document.querySelector('canvas').dataset.frame);
  await page.keyboard.press('End');
  await output.waitForFunction((frame) => document.querySelector('canvas').dataset.frame !== frame, frame);
  const [width, shown] = await Promise.all([page.evaluate(() => document.getElementById('picture').width), output.evaluate(() => document.querySelector('canvas').width)]);
  assert.equal(shown, width);
  const closed = output.waitForEvent('close');
  await page.keyboard.press('o');
  await closed;
});

test('nothing went wrong behind the page', () => assert.deepEqual(troubles, []));
