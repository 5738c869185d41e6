// A project that was saved in the studio and is opened again: everything is as it was.

import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { browse, change, choose, root, show, state } from './open.js';

const folder = mkdtempSync(join(tmpdir(), 'studio-'));
// A project holds its track.
const track = join(folder, 'first-light.m4a');
copyFileSync(join(root, 'examples/first-light.m4a'), track);
const project = join(folder, 'film.video.toml');

let server;
let browser;
let page;
let saved;

async function open(...args) {
  server = await show(page, server, ...args);
}

before(async () => {
  ({ browser, page } = await browse());
  page.setDefaultTimeout(120_000);
});

after(async () => {
  await browser?.close();
  server?.kill();
});

async function save(path = project) {
  await page.click('#save button[value=project]');
  await page.waitForFunction((path) => document.getElementById('saved').textContent.includes(path), path);
}

// What the server tells of the look, what the panel shows of it, and the first picture.
async function seen() {
  await page.waitForFunction(() => {
    const { frame, version } = document.getElementById('picture').dataset;
    return frame === '0' && version === document.body.dataset.version;
  });
  return page.evaluate(() => new Promise((done) => {
    const socket = new WebSocket(new URL('socket', location.href.replace('http', 'ws')));
    socket.onmessage = ({ data }) => {
      const { type, routes, base, prompts, spans, cuts, curves, heard } = JSON.parse(data);
      if (type !== 'state') return;
      socket.close();
      const shown = [...document.querySelectorAll('aside select:not(#which-file), aside textarea, aside input')].map((e) => e.value);
      const picture = document.getElementById('picture').toDataURL();
      done({ routes, base, prompts, spans, cuts, curves, heard, shown, picture });
    };
  }));
}

test('a look is made and saved with its track', async () => {
  await open(track, '--folder', folder, '--seed', '7');
  await change(page, () => choose(page, 'ember'));
  await page.selectOption('#new-signal', 'snare');
  await page.selectOption('#new-target', 'hue');
  await change(page, () => page.click('#add-route'));
  await change(page, () => page.click('#bypass-1'));
  await change(page, async () => {
    await page.focus('#route-0-release');
    await page.keyboard.press('PageUp');
  });
  await page.click('#tab-base');
  await change(page, async () => {
    await page.focus('#base-glow');
    await page.keyboard.press('PageUp');
  });
  await page.click('#tab-prompts');
  await change(page, async () => {
    await page.fill('#prompt-0', 'acid grid');
    await page.keyboard.press('Enter');
  });
  await page.click('#tab-beats');
  await change(page, () => page.click('#beats button:has-text("Halve")'));
  await page.fill('#name', 'film');
  await save();
  saved = await seen();
  assert.match(readFileSync(project, 'utf8'), /^seed = 7$/m);
  assert.match(readFileSync(project, 'utf8'), /^\[hearing\]\noctave = "halve"$/m);
  assert.match(readFileSync(join(folder, 'film.toml'), 'utf8'), /^# /m);
});

test('everything is as it was when the project is opened', async () => {
  await open(project);
  const found = await seen();
  for (const part of Object.keys(saved)) assert.deepEqual(found[part], saved[part], part);
});

test('it can be changed and saved under its own name', async () => {
  assert.equal(await page.inputValue('#name'), 'film');
  const old = await page.getAttribute('#bypass-1', 'aria-pressed');
  await page.click('#tab-routes');
  await change(page, () => page.click('#bypass-1'));
  await save();
  assert.equal(old, 'true');
  assert.doesNotMatch(readFileSync(join(folder, 'film.toml'), 'utf8'), /bypass/);
});

test('the director\u2019s choice becomes parts, and a project goes back into its own file', async () => {
  const own = join(folder, 'video.toml');
  writeFileSync(own, '# mine\ntrack = "first-light.m4a"\n\n[[part]]\nfrom = "8 bars"\nto = "16 bars"\nset = { hue = 90 }\n');
  await open(own);
  assert.equal(await page.inputValue('#name'), 'video');
  const { parts } = await state(page);
  assert.ok(parts.list.length > 5 && parts.elsewhere === 0);
  const changed = parts.pieces.filter((piece) => piece.part === parts.list.length - 1);
  assert.ok(changed.length && changed.every((piece) => piece.preset !== parts.base), JSON.stringify(changed));
  await save(own);
  const text = readFileSync(own, 'utf8');
  assert.match(text, /^# mine\ntrack = "first-light.m4a"\npreset = "calm"\n/);
  assert.ok(text.endsWith('[[part]]\nfrom = "8 bars"\nto = "16 bars"\nset = { hue = 90 }\n'), text);

  await open(track, '--folder', folder);
  await page.click('#tab-parts');
  await change(page, () => page.click('#direct'));
  assert.deepEqual((await state(page)).parts.list, parts.list.slice(0, -1));
  assert.equal(await page.isVisible('#direct'), false);
});
