// The page as somebody uses it who has read nothing: keys, narrow screens, what is typed, what goes wrong.

import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { browse, change, root, serve, state } from './open.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'studio-'));
const track = join(folder, 'first light.m4a');
copyFileSync(join(root, 'examples/first-light.m4a'), track);

let server;
let browser;
let page;

before(async () => {
  let address;
  ({ server, address } = await serve(track, '--folder', folder));
  ({ browser, page } = await browse({ colorScheme: 'dark' }));
  page.setDefaultTimeout(120_000);
  await page.goto(address);
  await page.waitForFunction(() => document.body.dataset.version === '1');
});

after(async () => {
  await browser?.close();
  server?.kill();
});

const time = () => page.evaluate(() => document.getElementById('audio').currentTime);
const near = (a, b) => assert.ok(Math.abs(a - b) < 0.02, `${a} is not ${b}`);
const press = (keys) => page.keyboard.press(keys);

test('keys work right after loading, after a click on Play, and in the panel', async () => {
  const { heard: { beats, downbeats, sections } } = await state(page);
  const after = (times, t) => times.find((b) => b > t + 0.02);
  const walk = async () => {
    await press('Home');
    near(await time(), 0);
    await press('ArrowRight');
    near(await time(), after(beats, 0));
    await press('Shift+ArrowRight');
    near(await time(), after(downbeats, after(beats, 0)));
    await press('PageDown');
    near(await time(), sections[1].start);
    await press('PageUp');
    near(await time(), 0);
  };
  await walk();
  await page.click('#play');
  await page.click('#play');
  await walk();
  // A button that was clicked doesn't take Space.
  await change(page, () => page.click('#bypass-0'));
  await press('Space');
  await page.waitForFunction(() => !document.getElementById('audio').paused);
  await press('Space');
  await change(page, () => press('Control+z'));
  // A knob keeps its arrows, and gives them back.
  await press('Home');
  await page.focus('#route-0-amount');
  await change(page, () => press('ArrowRight'));
  near(await time(), 0);
  await press('Escape');
  await press('ArrowRight');
  near(await time(), after(beats, 0));
  await change(page, () => press('Control+z'));
});

test('a sheet lists the keys, and the timeline comes early', async () => {
  await press('?');
  assert.match(await page.textContent('#keys'), /Shift.*a bar back, on/);
  await press('Escape');
  assert.equal(await page.isVisible('#keys'), false);
  await page.focus('#skip');
  await press('Enter');
  assert.ok(await page.evaluate(() => document.activeElement.id === 'timeline'));
  const stops = await page.evaluate(() => [...document.querySelectorAll('button, input, select, textarea, [tabindex="0"]')]
    .filter((e) => e.offsetParent && !e.disabled).findIndex((e) => e.id === 'timeline'));
  assert.ok(stops >= 0 && stops < 16, `${stops} before it`);
});

test('every section is the one that was jumped to', async () => {
  const { heard: { sections } } = await state(page);
  await press('Escape');
  await press('Home');
  for (const [i, { label, start }] of sections.entries()) {
    if (i) await press('PageDown');
    near(await time(), start);
    await page.waitForFunction((label) => document.getElementById('place').value.includes(`section ${label} `), label);
    await press('r');
    await press('Escape');
    await press('l');
    assert.equal(await page.getAttribute('#part', 'data-loop'), String(i + 1));
    await press('l');
  }
});

test('values are typed, with a comma as well, and what is out of range says so', async () => {
  await page.click('#tab-base');
  const glow = page.locator('#base-glow-value');
  await change(page, async () => {
    await glow.fill('0,25');
    await press('Enter');
  });
  assert.equal(await glow.inputValue(), '0.25');
  assert.equal((await state(page)).base.find((b) => b.name === 'glow').value, 0.25);
  await glow.fill('1000');
  await press('Enter');
  await page.waitForFunction(() => document.getElementById('base-glow-value').getAttribute('aria-invalid') === 'true');
  assert.match(await glow.getAttribute('title'), /0/);
  await press('Escape');
  assert.equal(await glow.inputValue(), '0.25');
  await change(page, () => press('Escape').then(() => press('Control+z')));
});

test('what is wrong with a prompt is said at its box, and its words are marked', async () => {
  await page.click('#tab-prompts');
  const box = page.locator('#prompt-0');
  await box.fill('a {colour} sea');
  await press('Enter');
  await page.waitForSelector('#fault-0:not([hidden])');
  assert.match(await page.textContent('#fault-0'), /\{colour\}/);
  assert.doesNotMatch(await page.textContent('#fault-0'), /\.toml|:\d+:/);
  assert.equal(await box.inputValue(), 'a {colour} sea');
  assert.equal(await page.evaluate(() => getSelection().toString() || document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)), '{colour}');
  await press('Escape');
  assert.equal(await page.isVisible('#fault-0'), false);
});

test('a prompt that the model does not know is answered with what it knows', async () => {
  const box = page.locator('#prompt-0');
  await change(page, async () => {
    await box.fill('my grandmother');
    await press('Enter');
  });
  await page.waitForSelector('.near:not([hidden])');
  const first = page.locator('.near button').first();
  const phrase = await first.textContent();
  await change(page, () => first.click());
  assert.equal(await box.inputValue(), `my grandmother, ${phrase}`);
  await page.waitForFunction(() => !document.querySelector('.near:not([hidden])'));
  for (let i = 0; i < 2; i++) await change(page, () => page.click('#undo'));
});

test('beats are halved, doubled and begun elsewhere in one step each', async () => {
  await page.click('#tab-beats');
  const beats = async () => (await state(page)).heard.beats.length;
  const old = await beats();
  await change(page, () => page.click('#beats button:has-text("Halve")'));
  assert.ok(Math.abs((await beats()) - old / 2) <= 1);
  await change(page, () => page.click('#beats button:has-text("Double")'));
  assert.ok(Math.abs((await beats()) - old * 2) <= 1);
  await change(page, () => page.click('#beats button:has-text("Double")'));
  assert.equal(await beats(), old);
  // A bar begins on the second beat.
  const { heard } = await state(page);
  await press('Escape');
  await press('Home');
  await press('ArrowRight');
  if (Math.abs((await time()) - heard.beats[1]) > 0.02) await press('ArrowRight');
  const at = await time();
  await change(page, () => press('b'));
  near((await state(page)).heard.downbeats.find((t) => Math.abs(t - at) < 0.03) ?? -1, at);
  await change(page, () => page.click('#as-heard'));
  assert.deepEqual((await state(page)).heard.downbeats, heard.downbeats);
});

test('zoomed in, the sound is shown by its samples', async () => {
  const tiles = [];
  page.on('request', (request) => request.url().includes('/wave/') && tiles.push(request.url().split('/wave/')[1]));
  for (let i = 0; i < 12; i++) await page.click('#zoom-in');
  await page.waitForFunction(() => document.getElementById('timeline'));
  await page.waitForResponse((response) => response.url().includes('/wave/0/')).catch(() => {});
  assert.ok(tiles.some((tile) => tile.startsWith('0/')), tiles.join());
  const { wave } = await page.evaluate(async () => (await fetch('facts')).json());
  const columns = await page.evaluate(async () => (await (await fetch('wave/1/0')).arrayBuffer()).byteLength);
  assert.equal(columns, 3 * Math.min(wave.tile, Math.ceil(wave.samples / wave.column)));
  await press('Escape');
  await press('0');
});

test('the dialog says how long a render will take', async () => {
  await press('r');
  await page.check('#tier-draft');
  await page.fill('#size', '192x108');
  await page.waitForFunction(() => /About .* on this machine/.test(document.getElementById('expected').textContent) && /192x108/.test(document.getElementById('expected').textContent));
  await page.selectOption('#part', 'range');
  await page.fill('#from', '0:01');
  await page.fill('#to', '0:02');
  await page.selectOption('#rate', '24');
  await page.waitForFunction(() => /24 frames of 192x108, 24 a second/.test(document.getElementById('expected').textContent));
  await page.fill('#size', '101');
  await page.waitForSelector('#expected .fault');
  await press('Escape');
});

for (const scheme of ['dark', 'light']) {
  for (const [width, height] of [[820, 1180], [1280, 720], [1920, 1080], [390, 800]]) {
    test(`nothing is cut off and everything can be reached: ${width} wide, ${scheme}`, async () => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height });
      const opens = ['#tab-routes', '#tab-base', '#tab-prompts', '#tab-beats', '#look', '#help', '#render'];
      for (const open of opens) {
        await press('Escape');
        await page.click(open);
        const cut = await page.evaluate(() => [...document.querySelectorAll('button, input, select, textarea, canvas, output')]
          .filter((e) => e.offsetParent && (e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1)).map((e) => e.id || e.outerHTML));
        assert.deepEqual(cut, [], open);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), open);
        // Below the sizes that are promised, only the shape counts.
        if (width < 820) continue;
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run());
        assert.deepEqual(violations.map((v) => [v.id, v.nodes.map((n) => n.html)]), [], open);
      }
    });
  }
}

test('the program gone, the page says so and how to start it again', async () => {
  server.kill();
  await page.waitForSelector('#gone:not([hidden])');
  const said = await page.textContent('#gone');
  assert.match(said, /has stopped/);
  assert.match(said, /beatbolt studio '.*first light\.m4a' --folder/);
  assert.equal(await page.textContent('#badge'), 'not connected');
});
