// What somebody who has read nothing needs: to be told what is worked on, what a tap did, why something is refused, how to go on.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { browse, change, program, readable, root, show, state } from './open.js';

const folder = mkdtempSync(join(tmpdir(), 'studio-'));
const track = join(folder, 'first-light.m4a');
copyFileSync(join(root, 'examples/first-light.m4a'), track);

let server;
let browser;
let page;

before(async () => {
  ({ browser, page } = await browse({ colorScheme: 'dark' }));
  page.setDefaultTimeout(60_000);
  server = await show(page, undefined, track, '--folder', folder);
});

after(async () => {
  await browser?.close();
  server?.kill();
});

const seek = (t) => page.evaluate((t) => new Promise((done) => {
  const audio = document.getElementById('audio');
  audio.onseeked = () => requestAnimationFrame(() => requestAnimationFrame(done));
  audio.currentTime = t;
}), t);
const now = () => page.evaluate(() => document.getElementById('audio').currentTime);
const here = () => page.textContent('#here p');

// The middle of a section on the timeline.
async function middle({ start, end }) {
  const { x, y, width } = await page.locator('#timeline').boundingBox();
  const [from, to] = await page.evaluate(() => ['from', 'to'].map((key) => Number(document.getElementById('timeline').dataset[key])));
  return [x + 104 + (((start + end) / 2 - from) / (to - from)) * (width - 104), y + 40];
}

test('each tab keeps how far it was scrolled', async () => {
  await page.click('#tab-base');
  await page.evaluate(() => { document.querySelector('aside').scrollTop = 400; });
  await page.click('#tab-prompts');
  assert.equal(await page.evaluate(() => document.querySelector('aside').scrollTop), 0);
  await page.click('#tab-base');
  assert.equal(await page.evaluate(() => document.querySelector('aside').scrollTop), 400);
});

test('a section is renamed where its name stands, and the others keep their colours', async () => {
  await page.click('#tab-sections');
  const colors = () => page.evaluate(() => [...document.querySelectorAll('#sections input[type=color]')].map((e) => e.value));
  const before = await colors();
  const { sections } = (await state(page)).heard;
  await page.mouse.dblclick(...await middle(sections[1]));
  assert.equal(await page.inputValue('#rename'), sections[1].label);
  await change(page, async () => {
    await page.fill('#rename', 'verse one');
    await page.keyboard.press('Enter');
  });
  assert.equal((await state(page)).heard.sections[1].label, 'verse one');
  assert.ok(await page.isHidden('#rename'));
  const others = (list) => list.filter((_, i) => i !== 1);
  assert.deepEqual(others(await colors()), others(before));
  // By keys, the one at the playhead; Escape leaves it as it was.
  await seek(sections[2].start + 1);
  await page.keyboard.press('F2');
  await page.fill('#rename', 'nothing');
  await page.keyboard.press('Escape');
  assert.equal((await state(page)).heard.sections[2].label, sections[2].label);
  await change(page, () => page.click('#section-1-merge'));
  assert.deepEqual(await colors(), others(before));
  await change(page, () => page.click('#undo'));
  await change(page, () => page.click('#undo'));
});

test('which look is worked on is told, wherever the playhead is', async () => {
  const { sections } = (await state(page)).heard;
  await seek(sections[1].start + 1);
  await page.click('#tab-parts');
  await page.selectOption('#part-look', 'tide');
  await change(page, () => page.click('#add-part'));
  await seek(1);
  const { base } = (await state(page)).parts;
  assert.equal(await here(), `Editing ${base}`);
  await change(page, () => page.click('#part-0-own'));
  assert.ok(Math.abs(await now() - 1) < 0.01, 'the playhead stays');
  await page.waitForFunction(() => document.querySelector('#here p').textContent.startsWith('Editing tide-2'));
  assert.equal(await here(), `Editing tide-2. At the playhead: ${base}`);
  await seek(sections[1].start + 1);
  assert.equal(await here(), 'Editing tide-2, which plays in part 1');
  await seek(1);
  await change(page, () => page.click('#edit-here'));
  assert.equal(await here(), `Editing ${base}`);
});

test('what is dragged from elsewhere over the timeline moves no playhead', async () => {
  await seek(2);
  const elsewhere = await page.locator('#clock').boundingBox();
  const line = await page.locator('#timeline').boundingBox();
  await page.mouse.move(elsewhere.x + 5, elsewhere.y + 5);
  await page.mouse.down();
  await page.mouse.move(line.x + 600, line.y + 120, { steps: 5 });
  await page.mouse.up();
  assert.ok(Math.abs(await now() - 2) < 0.01, `${await now()}`);
});

test('taps are counted where they are seen, and so is what they did', async () => {
  await page.click('#tab-beats');
  await seek(4);
  await page.click('#play');
  for (let i = 0; i < 5; i++) {
    const before = await now();
    await page.waitForFunction((t) => document.getElementById('audio').currentTime > t, before + 0.4);
    await page.keyboard.press('t');
  }
  await page.click('#play');
  assert.match(await page.textContent('#note'), /^5 taps, about \d+ bpm; choose under Beats/);
  const inside = await page.evaluate(() => {
    const [a, b] = ['#taps-steady', 'aside'].map((s) => document.querySelector(s).getBoundingClientRect());
    return a.top >= b.top && a.bottom <= b.bottom;
  });
  assert.ok(inside, 'the choices are in sight');
  await change(page, () => page.click('#taps-stretch'));
  assert.equal(await page.textContent('#note'), '5 taps are beats now');
  await change(page, () => page.click('#undo'));
});

test('a video that was there before is replaced if that is wanted, anything else never', async () => {
  const video = join(folder, 'before.mp4');
  execFileSync(program, ['render', track, '--preset', 'pulse', '--init', 'draw:ocean', '--set', 'denoise=0', '--end', '0.5', '--size', '64x36', '-o', video], { stdio: 'ignore' });
  writeFileSync(join(folder, 'precious.mp4'), 'a film of somebody');
  const { size } = statSync(video);
  const said = async (name, words) => {
    await page.fill('#film', name);
    await page.waitForFunction((words) => document.getElementById('expected').textContent.includes(words), words);
    await page.click('#order .main');
    // Said once.
    await page.waitForFunction(() => document.getElementById('outcome').textContent === '');
  };
  await page.click('#render');
  await said('before', 'was rendered before this studio was opened; tick Replace');
  await said('precious', 'is no video that beatbolt made; choose another name');
  await page.check('#replace');
  await said('precious', 'is no video that beatbolt made; choose another name');
  await page.fill('#film', 'before');
  await page.waitForFunction(() => document.getElementById('expected').textContent.startsWith('About'));
  assert.equal(statSync(video).size, size);
  await page.keyboard.press('Escape');
});

test('what is saved says how to go on, and is offered when the track is opened again', async () => {
  await page.fill('#name', 'mine');
  await page.click('#save button[value=project]');
  const path = join(folder, 'mine.video.toml');
  await page.waitForSelector('#saved:not([hidden])');
  const text = await page.textContent('#saved');
  for (const command of [`Saved as ${path}.`, `beatbolt studio ${path}`, `beatbolt render ${path}`]) assert.ok(text.includes(command), text);
  await readable(page, 'saved');
  server = await show(page, server, track, '--folder', folder);
  assert.ok((await page.textContent('#saved')).includes(`beatbolt studio ${path}`));
  // It lies over the picture, and over nothing that is worked with.
  for (const tab of ['#tab-routes', '#tab-text', '#play', '#render']) await page.click(tab, { trial: true });
  await page.click('#saved .close');
  assert.ok(await page.isHidden('#saved'));
  // The project itself has nothing to offer.
  server = await show(page, server, path);
  assert.ok(await page.isHidden('#saved'));
});
