// Several finals: they wait for each other, are paused, resumed, cancelled, and taken off the list.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { browse, root, show } from './open.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'studio-'));
const track = join(root, 'examples/first-light.m4a');
let server;
let browser;
let page;

before(async () => {
  ({ browser, page } = await browse());
  page.setDefaultTimeout(120_000);
  server = await show(page, null, track, '--folder', folder);
  await page.click('#render');
});

after(async () => {
  await browser?.close();
  server?.kill();
});

// Orders a draft of the track's first `seconds` seconds.
async function order(name, seconds) {
  if (await page.isHidden('#order')) await page.click('#again');
  await page.selectOption('#part', 'range');
  await page.fill('#from', '0:00');
  await page.fill('#to', `0:${String(seconds).padStart(2, '0')}`);
  await page.check('#tier-draft');
  await page.fill('#size', '192x108');
  await page.fill('#film', name);
  await page.click('#order button.main');
  await page.waitForSelector(`#list-of-finals li:has-text("${name}.mp4")`);
}

const row = (name) => page.locator('#list-of-finals li', { hasText: `${name}.mp4` });
const stands = () => page.$$eval('#list-of-finals li', (rows) => rows.map((row) => row.dataset.stand));

async function until(name, stand) {
  await page.waitForSelector(`#list-of-finals li[data-stand=${stand}]:has-text("${name}.mp4")`);
}

test('what is paused lets the next one go first, and is finished later', async () => {
  await order('long', 50);
  await until('long', 'running');
  await order('short', 1);
  assert.deepEqual(await stands(), ['running', 'waiting']);
  await row('long').getByRole('button', { name: 'Pause' }).click();
  await until('long', 'paused');
  await until('short', 'done');
  assert.ok(existsSync(join(folder, 'short.mp4')) && !existsSync(join(folder, 'long.mp4')));
  await row('long').getByRole('button', { name: 'Resume' }).click();
  await until('long', 'running');
});

test('a finished one is shown while another is made, and everything is readable', async () => {
  await row('short').getByRole('button', { name: 'Show' }).click();
  assert.ok(await page.isVisible('#movie'));
  assert.match(await page.getAttribute('#movie', 'src'), /final\/2$/);
  const shots = process.env.STUDIO_SHOTS;
  if (shots) {
    mkdirSync(shots, { recursive: true });
    await page.screenshot({ path: join(shots, 'queue.png') });
  }
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  assert.deepEqual(violations.map(({ id }) => id), []);
});

test('what is cancelled ends, is resumed, and is taken off the list', async () => {
  await row('long').getByRole('button', { name: 'Cancel' }).click();
  await until('long', 'cancelled');
  await row('long').getByRole('button', { name: 'Remove' }).click();
  await page.waitForFunction(() => document.querySelectorAll('#list-of-finals li').length === 1);
  assert.deepEqual(await stands(), ['done']);
});
