// The studio as a person uses it: a browser on the real program, the real model, the example track.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { browse, choose, program, root, serve, state, troublesOf } from './open.js';

const folder = mkdtempSync(join(tmpdir(), 'studio-'));
// A project holds its track.
const track = join(folder, 'first-light.m4a');
copyFileSync(join(root, 'examples/first-light.m4a'), track);
// Where screenshots go for who wants to look at them.
const shots = process.env.STUDIO_SHOTS;
const wait = { timeout: 120_000 };

let server;
let browser;
let page;
let troubles;

before(async () => {
  let address;
  ({ server, address } = await serve(track, '--folder', folder));
  ({ browser, page } = await browse({ colorScheme: 'dark' }));
  page.setDefaultTimeout(wait.timeout);
  troubles = troublesOf(page);
  await page.goto(address);
});

after(async () => {
  await browser?.close();
  server?.kill();
});

const version = () => page.evaluate(() => Number(document.body.dataset.version));

// The picture at the playhead, once it shows the newest version: its frame and its pixels.
async function picture() {
  await page.waitForFunction(() => {
    const { frame, version } = document.getElementById('picture').dataset;
    return version === document.body.dataset.version && document.getElementById('place').value.endsWith(`frame ${frame}`);
  }, null, wait);
  return page.evaluate(() => document.getElementById('picture').toDataURL());
}

// The pixels of the curves' lanes, once they show the newest version; the playhead stands.
async function curves() {
  await page.waitForFunction(() => document.getElementById('timeline').dataset.version === document.body.dataset.version);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  return page.evaluate(() => {
    const canvas = document.getElementById('timeline');
    // Below the ruler, the sections, the sound and what is rendered.
    const top = Math.round(160 * devicePixelRatio);
    const { data } = canvas.getContext('2d').getImageData(0, top, canvas.width, canvas.height - top);
    return Array.from(data).join();
  });
}

// Does something that makes a new version, and waits until the page has it.
async function change(act) {
  const old = await version();
  await act();
  await page.waitForFunction((old) => Number(document.body.dataset.version) > old, old);
}

async function shoot(name) {
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`) });
}

test('it opens and shows a picture', async () => {
  await page.waitForFunction(() => document.body.dataset.version === '1');
  assert.match(await page.textContent('#track'), /first-light\.m4a/);
  assert.match(await picture(), /^data:image\/png/);
});

test('it plays, and the picture follows the sound', async () => {
  await page.keyboard.press('Space');
  await page.waitForFunction(() => document.getElementById('audio').currentTime > 1);
  await page.waitForFunction(() => Number(document.getElementById('picture').dataset.frame) > 6);
  await shoot('playing');
  await page.keyboard.press('Space');
  await page.waitForFunction(() => document.getElementById('audio').paused);
  await picture();
});

test('it seeks by click and by keys', async () => {
  const box = await page.locator('#timeline').boundingBox();
  await page.mouse.click(box.x + box.width / 2, box.y + 90);
  const time = () => page.evaluate(() => document.getElementById('audio').currentTime);
  const clicked = await time();
  const duration = Number(await page.getAttribute('#timeline', 'aria-valuemax'));
  assert.ok(Math.abs(clicked / duration - 0.46) < 0.1, `${clicked} of ${duration}`);
  await page.focus('#timeline');
  await page.keyboard.press('ArrowRight');
  assert.ok((await time()) > clicked);
  const next = await time();
  await page.keyboard.press('PageDown');
  assert.ok((await time()) > next);
  await page.keyboard.press('PageUp');
  await page.keyboard.press('PageUp');
  assert.ok((await time()) < clicked);
  await picture();
});

test('a preset is chosen', async () => {
  const old = await picture();
  await change(() => choose(page, 'ember'));
  assert.notEqual(await picture(), old);
  assert.ok(await page.locator('.route').count() > 0);
});

test('a route is added, wired, turned and bypassed', async () => {
  await page.selectOption('#new-signal', 'snare');
  await page.selectOption('#new-target', 'hue');
  await change(() => page.click('#add-route'));
  const last = (await page.locator('.route').count()) - 1;
  const old = await curves();
  await change(() => page.selectOption(`#signal-${last}`, 'bar'));
  await page.click(`#expand-${last}`);
  await change(async () => {
    await page.focus(`#route-${last}-hold`);
    await page.keyboard.press('PageUp');
  });
  assert.notEqual(await curves(), old);
  await change(() => page.click(`#bypass-${last}`));
  assert.equal(await page.getAttribute(`#bypass-${last}`, 'aria-pressed'), 'true');
  await picture();
  await shoot('routes');
});

test('a knob changes the curve and the next picture', async () => {
  const [oldCurves, oldPicture] = [await curves(), await picture()];
  await page.click('#tab-base');
  const knob = page.locator('#base-motion_scale');
  await change(() => knob.evaluate((input) => {
    input.value = input.max;
    input.dispatchEvent(new Event('change'));
  }));
  assert.notEqual(await curves(), oldCurves);
  assert.notEqual(await picture(), oldPicture);
});

test('a prompt is edited', async () => {
  await page.click('#tab-prompts');
  const old = await picture();
  await change(async () => {
    await page.locator('.prompt textarea').first().fill('acid grid');
    await page.keyboard.press('Enter');
  });
  assert.notEqual(await picture(), old);
});

test('changes are undone and done again', async () => {
  const prompt = () => page.locator('.prompt textarea').first().inputValue();
  await page.focus('#timeline');
  await change(() => page.keyboard.press('Control+z'));
  assert.notEqual(await prompt(), 'acid grid');
  await change(() => page.keyboard.press('Control+Shift+Z'));
  assert.equal(await prompt(), 'acid grid');
});

test('it is saved, and the command line plays the same curves', async () => {
  await page.fill('#name', 'mine');
  await page.keyboard.press('Enter');
  const path = join(folder, 'mine.toml');
  await page.waitForFunction((path) => document.getElementById('saved').textContent.includes(path), path);
  assert.match(readFileSync(path, 'utf8'), /acid grid/);
  assert.match(readFileSync(path, 'utf8'), /bypass = true/);
  const options = { encoding: 'utf8', maxBuffer: 1 << 28 };
  const lines = execFileSync(program, ['plan', track, '--preset', path, '--tier', 'draft', '--json'], options);
  // Progress comes before the plan, a line each.
  const plan = JSON.parse(lines.trim().split('\n').at(-1));
  const shown = (await state(page)).curves;
  assert.ok(Object.keys(shown).length > 1);
  for (const [name, curve] of Object.entries(shown)) assert.deepEqual(plan.values[name], curve, name);
});

test('a short final is rendered and plays, and the command line renders the same pictures', async () => {
  await page.focus('#timeline');
  await page.keyboard.press('Home');
  await page.keyboard.press('l');
  await page.keyboard.press('r');
  assert.equal(await page.inputValue('#part'), '1');
  await page.check('#tier-draft');
  await page.fill('#size', '192x108');
  await page.fill('#film', 'mine');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => /rendering.* %/.test(document.getElementById('stage').value), null, wait);
  await shoot('final-running');
  await page.waitForFunction(() => document.getElementById('final').dataset.stand === 'done', null, wait);
  const movie = await page.evaluate(async () => {
    const movie = document.getElementById('movie');
    await movie.play();
    await new Promise((done) => movie.ontimeupdate = () => movie.currentTime > 0.5 && done());
    return { duration: movie.duration, width: movie.videoWidth, height: movie.videoHeight };
  });
  const { start, end } = (await state(page)).heard.sections[0];
  assert.ok(Math.abs(movie.duration - (end - start)) < 0.2, `${movie.duration} of ${start} to ${end}`);
  assert.deepEqual([movie.width, movie.height], [192, 108]);
  await shoot('final-done');
  const other = join(folder, 'other.mp4');
  execFileSync(program, ['render', track, '--preset', join(folder, 'mine.toml'), '--tier', 'draft', '--size', '192x108', '--section', '1', '--output', other]);
  const pictures = (path) => execFileSync('ffmpeg', ['-v', 'error', '-i', path, '-map', '0:v', '-f', 'framemd5', '-'], { encoding: 'utf8' });
  assert.equal(pictures(join(folder, 'mine.mp4')), pictures(other));
  await page.keyboard.press('Escape');
  await page.focus('#timeline');
  await page.keyboard.press('l');
});

test('a project is saved, and plays the same curves', async () => {
  await page.fill('#name', 'film');
  await page.click('#save button[value=project]');
  const path = join(folder, 'film.video.toml');
  await page.waitForFunction((path) => document.getElementById('saved').textContent.includes(path), path);
  const options = { encoding: 'utf8', maxBuffer: 1 << 28 };
  const last = (args) => JSON.parse(execFileSync(program, args, options).trim().split('\n').at(-1));
  const plan = (args) => last(['plan', ...args, '--tier', 'draft', '--json']).values;
  assert.deepEqual(plan([path]), plan([track, '--preset', join(folder, 'mine.toml')]));
});

test('everything is as it was after reloading', async () => {
  const seen = () => page.evaluate(() => [
    document.body.dataset.version, document.getElementById('preset').textContent, document.getElementById('movie').getAttribute('src'),
    ...[...document.querySelectorAll('textarea, aside input')].map((e) => e.value),
  ]);
  const old = await seen();
  await page.reload();
  await page.waitForFunction(() => document.body.dataset.version && document.getElementById('final').dataset.stand === 'done');
  assert.deepEqual(await seen(), old);
  await picture();
  await shoot('dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await shoot('light');
});

test('nothing went wrong in the page', () => {
  // A picture may be gone when it is asked for; that is no trouble.
  assert.deepEqual(troubles, []);
});
