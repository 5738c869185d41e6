// A whole video made in the page: parts with their own looks, sections and beats by hand, and the same curves from the command line.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { browse, change, program, root, show, state, troublesOf } from './open.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'studio-'));
const track = join(folder, 'first-light.m4a');
copyFileSync(join(root, 'examples/first-light.m4a'), track);
const project = join(folder, 'film.video.toml');
const shots = process.env.STUDIO_SHOTS;

let server;
let browser;
let page;
let troubles;

async function open(...args) {
  server = await show(page, server, ...args);
}

before(async () => {
  ({ browser, page } = await browse({ colorScheme: 'dark' }));
  page.setDefaultTimeout(60_000);
  troubles = troublesOf(page);
  // A controller that the tests move.
  await page.addInitScript(() => {
    const input = {};
    navigator.requestMIDIAccess = async () => ({ inputs: new Map([['1', input]]) });
    window.midi = (...data) => input.onmidimessage?.({ data });
  });
  await open(track, '--folder', folder);
});

after(async () => {
  await browser?.close();
  server?.kill();
});

const seek = (t) => page.evaluate((t) => new Promise((done) => {
  const audio = document.getElementById('audio');
  audio.onseeked = done;
  audio.currentTime = t;
}), t);

// A press on a tab or a button as a keyboard makes it.
async function press(selector) {
  await page.focus(selector);
  await page.keyboard.press('Enter');
}

// Where a time of the track lies on the timeline.
async function x(t) {
  const box = await page.locator('#timeline').boundingBox();
  const [from, to] = await page.evaluate(() => ['from', 'to'].map((key) => Number(document.getElementById('timeline').dataset[key])));
  return box.x + 104 + ((t - from) / (to - from)) * (box.width - 104);
}

async function drag(from, to, row) {
  const box = await page.locator('#timeline').boundingBox();
  await page.mouse.move(await x(from), box.y + row);
  await page.mouse.down();
  await page.mouse.move(await x((from + to) / 2), box.y + row, { steps: 4 });
  await page.mouse.move(await x(to), box.y + row, { steps: 4 });
  await page.mouse.up();
}

// Rows of the timeline, in pixels from its top.
const [BEATS, SECTIONS, PARTS] = [24, 40, 58];

test('sections are split, named, coloured, dragged and merged, and undo takes each back', async () => {
  await press('#tab-sections');
  const first = (await state(page)).heard.sections;
  await seek(first[0].start + (first[0].end - first[0].start) / 2);
  await change(page, () => page.keyboard.press('s'));
  let { sections } = (await state(page)).heard;
  assert.equal(sections.length, first.length + 1);
  await change(page, async () => {
    await page.fill('#section-0-name', 'Intro');
    await page.keyboard.press('Enter');
  });
  await change(page, () => page.fill('#section-1-color', '#ff8800'));
  ({ sections } = (await state(page)).heard);
  assert.equal(sections[0].label, 'Intro');
  const border = sections[1].start;
  const { downbeats } = (await state(page)).heard;
  await change(page, () => drag(border, downbeats[1] + 0.1, SECTIONS));
  const moved = (await state(page)).heard;
  assert.ok(Math.abs(moved.sections[1].start - downbeats[1]) < 1e-3, `${moved.sections[1].start}, ${downbeats[1]}`);
  assert.equal(moved.correction.sections[1], '#ff8800');
  await change(page, () => page.click('#undo'));
  assert.equal((await state(page)).heard.sections[1].start, border);
  await change(page, () => page.click('#redo'));
  const last = sections.length - 1;
  await change(page, () => page.click(`#section-${last}-merge`));
  assert.equal((await state(page)).heard.sections.length, sections.length - 1);
  await change(page, () => page.click('#undo'));
  // What can't be is told where it is done.
  await page.fill('#section-1-start', '0:00');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#sections [role=alert]:not([hidden])');
});

test('a part is made, gets a look of its own, and is dragged', async () => {
  const { sections } = (await state(page)).heard;
  await seek(sections[1].start + 0.5);
  await press('#tab-parts');
  await page.selectOption('#part-look', 'tide');
  await change(page, () => press('#add-part'));
  let { parts } = await state(page);
  assert.equal(parts.list[0].preset, 'tide');
  assert.ok(Math.abs(parts.list[0].start - sections[1].start) < 0.01, JSON.stringify(parts.list[0]));
  await change(page, () => press('#part-0-own'));
  ({ parts } = await state(page));
  assert.deepEqual([parts.focus, parts.list[0].preset], ['tide-2.toml', 'tide-2.toml']);
  // Knobs turn the part's own look now, and the other one stays.
  await press('#tab-base');
  await change(page, async () => {
    await page.fill('#base-exposure-value', '0.4');
    await page.keyboard.press('Enter');
  });
  await press('#tab-parts');
  await change(page, async () => {
    await page.fill('#part-0-prompt', 'golden waves');
    await page.keyboard.press('Tab');
  });
  await change(page, () => page.check('#part-0-cut'));
  const { downbeats } = (await state(page)).heard;
  const { end } = (await state(page)).parts.list[0];
  const target = downbeats.find((t) => t > end + 1) ?? downbeats.at(-2);
  await change(page, () => drag(end, target, PARTS));
  ({ parts } = await state(page));
  assert.ok(Math.abs(parts.list[0].end - target) < 0.01, `${parts.list[0].end}, ${target}`);
  assert.match(parts.list[0].to, / bars$/);
  await change(page, async () => {
    await page.selectOption('#part-where', `every section ${sections.at(-1).label}`);
    await page.selectOption('#part-look', 'prism');
    await press('#add-part');
  });
  assert.equal((await state(page)).parts.list.length, 2);
  await change(page, () => press('#part-1-earlier'));
  assert.equal((await state(page)).parts.list[0].preset, 'prism');
  // A place that means nothing is marked.
  await page.fill('#part-1-from', 'soon');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#part-1-from[aria-invalid=true]');
});

test('beats are heard as clicks, tapped, nudged and counted in other bars', async () => {
  await press('#tab-beats');
  await page.click('#timeline', { position: { x: 400, y: 120 } });
  await seek(2);
  await page.keyboard.press('m');
  assert.equal(await page.getAttribute('#clicks', 'aria-pressed'), 'true');
  await page.keyboard.press('Space');
  await page.waitForFunction(() => Number(document.body.dataset.clicks) > 3);
  const clicked = Number(await page.evaluate(() => document.body.dataset.click));
  const before = (await state(page)).heard;
  assert.ok(before.beats.includes(clicked), `${clicked}`);
  for (let i = 0; i < 6; i++) {
    const now = await page.evaluate(() => document.getElementById('audio').currentTime);
    await page.waitForFunction((t) => document.getElementById('audio').currentTime > t, now + 0.4);
    await page.keyboard.press('t');
  }
  await page.keyboard.press('Space');
  assert.match(await page.evaluate(() => document.getElementById('taps').value), /^6 taps, about \d+ bpm$/);
  await change(page, () => press('#taps-stretch'));
  assert.equal((await state(page)).heard.correction.beats, true);
  await change(page, () => page.click('#undo'));
  assert.deepEqual((await state(page)).heard.beats, before.beats);
  await change(page, () => press('#nudge10'));
  await change(page, () => press('#nudge-1'));
  const nudged = (await state(page)).heard;
  assert.ok(Math.abs(nudged.beats[5] - before.beats[5] - 0.009) < 1e-6);
  await change(page, () => page.selectOption('#meter', '3'));
  assert.equal((await state(page)).heard.meter, 3);
  await seek(nudged.beats[4] + 0.05);
  await change(page, () => press('#beat-move'));
  const own = (await state(page)).heard;
  assert.ok(own.beats.some((t) => Math.abs(t - nudged.beats[4] - 0.05) < 0.002));
  // Seen from near, a beat can be taken and dragged.
  await page.focus('#timeline');
  for (let i = 0; i < 12; i++) await page.keyboard.press('+');
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await change(page, () => drag(own.beats[5], own.beats[5] + 0.08, BEATS));
  const dragged = (await state(page)).heard.beats;
  assert.ok(Math.abs(dragged[5] - own.beats[5] - 0.08) < 0.02, `${dragged[5]}, ${own.beats[5]}`);
  await page.keyboard.press('0');
});

test('a whole route is made: an expression with completion and its error, curve, quantiles, units', async () => {
  await press('#tab-parts');
  await press('#part-base').then(() => page.waitForFunction(() => document.getElementById('part-base').getAttribute('aria-pressed') === 'true'));
  await press('#tab-routes');
  await page.selectOption('#new-signal', 'kick');
  await page.selectOption('#new-target', 'glow');
  await change(page, () => press('#add-route'));
  const last = (await state(page)).routes.length - 1;
  await change(page, () => page.selectOption(`#signal-${last}`, '(expression)'));
  assert.equal((await state(page)).routes[last].input, '1 * kick');
  await page.fill(`#value-${last}`, '0.5 * sna');
  await page.keyboard.press('End');
  await page.locator(`#value-${last}`).pressSequentially('r');
  await page.waitForSelector(`#value-${last}[aria-expanded=true]`);
  await page.keyboard.press('Enter');
  assert.equal(await page.inputValue(`#value-${last}`), '0.5 * snare');
  await change(page, () => page.keyboard.press('Enter'));
  assert.equal((await state(page)).routes[last].input, '0.5 * snare');
  await page.fill(`#value-${last}`, '0.5 * snare + kik');
  await page.keyboard.press('Escape');
  await page.fill(`#value-${last}`, '0.5 * snare + kik');
  await page.keyboard.press('Enter');
  await page.waitForSelector(`.expression [role=alert]:not([hidden])`);
  assert.match(await page.textContent('.expression [role=alert]:not([hidden])'), /^column 15: .*kik/);
  if (shots) await page.screenshot({ path: join(shots, 'expression.png') });
  await page.fill(`#value-${last}`, '0.5 * snare + kick');
  await change(page, () => page.keyboard.press('Enter'));
  await press(`#expand-${last}`);
  for (const [key, text] of [['curve', 'square'], ['quantiles', '0.1, 0.9'], ['quantize', '1 beats']]) {
    await change(page, async () => {
      await page.fill(`#route-${last}-${key}`, text);
      await page.keyboard.press('Enter');
    });
  }
  await change(page, () => page.check(`#route-${last}-accumulate`));
  await change(page, () => page.uncheck(`#route-${last}-accumulate`));
  await change(page, () => page.selectOption(`#route-${last}-release-unit`, 'beats'));
  await change(page, () => press(`#mode-${last}`));
  const { text } = await state(page);
  assert.match(text, /value = "0.5 \* snare \+ kick"/);
  assert.match(text, /curve = "square"\nquantiles = \[0.1, 0.9\]\nquantize = "1 beats"/);
  assert.match(text, /release = "0.2 beats"/);
  if (shots) await page.screenshot({ path: join(shots, 'route.png') });
});

test('a curve is drawn, and its points are places in the music', async () => {
  await press('#tab-curves');
  await page.selectOption('#curve-param', 'hue');
  await change(page, () => press('#add-curve'));
  const box = await page.locator('.drawing').boundingBox();
  await change(page, () => page.mouse.click(box.x + box.width / 2, box.y + box.height / 4));
  let { drawn } = await state(page);
  assert.equal(drawn[0].points.length, 3);
  assert.match(drawn[0].points[1].place, /^\d+ bars$/);
  await page.mouse.move(box.x + 12 + (drawn[0].points[1].at / 53.1) * (box.width - 24), box.y + 12 + (1 - drawn[0].points[1].value) * (box.height - 24));
  await page.mouse.down();
  await change(page, async () => {
    await page.mouse.move(box.x + box.width * 0.3, box.y + box.height * 0.6, { steps: 5 });
    await page.mouse.up();
  });
  await page.waitForFunction(() => Number(document.getElementById('curve-0-1-value').value) < 0.5);
  await change(page, () => page.selectOption('#curve-0-ease', 'smooth'));
  await change(page, async () => {
    await page.fill('#curve-0-1-place', '9 beats');
    await page.keyboard.press('Enter');
  });
  await change(page, async () => {
    await page.fill('#curve-0-name', 'rise');
    await page.keyboard.press('Enter');
  });
  ({ drawn } = await state(page));
  assert.deepEqual([drawn[0].name, drawn[0].ease, drawn[0].points[1].place], ['rise', 'smooth', '9 beats']);
  assert.equal((await state(page)).routes.at(-1).input, 'rise');
  await page.fill('#curve-0-name', 'kick');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#curves [role=alert]:not([hidden])');
  await page.fill('#curve-0-name', 'rise');
});

test('the file is seen as text, and what is typed there is played', async () => {
  await press('#tab-text');
  const old = await page.inputValue('#file-text');
  assert.match(old, /\[\[curve\]\]\nname = "rise"/);
  await page.fill('#file-text', `# mine\n${old.replace('name = "rise"', 'name = "rise" # slowly')}`);
  await change(page, () => page.keyboard.press('Control+Enter'));
  assert.match((await state(page)).text, /^# mine\n[^]*name = "rise" # slowly/);
  await page.fill('#file-text', old.replace('amount', 'amuont'));
  await page.keyboard.press('Control+Enter');
  await page.waitForSelector('#text [role=alert]:not([hidden])');
  const selected = await page.evaluate(() => {
    const area = document.getElementById('file-text');
    return area.value.slice(area.selectionStart, area.selectionEnd);
  });
  assert.match(selected, /amuont/);
  assert.equal(await page.isDisabled('#which-file'), true);
  await press('#discard-text');

  const [look, film] = await page.$$eval('#which-file option', (all) => all.map((o) => o.value));
  await page.selectOption('#which-file', film);
  const project = await page.inputValue('#file-text');
  const count = (await state(page)).parts.list.length;
  await page.fill('#file-text', `${project}\n[[part]]\nfrom = "4 bars"\npreset = "tide" # mine\n`);
  await change(page, () => page.keyboard.press('Control+Enter'));
  assert.equal((await state(page)).parts.list.length, count + 1);
  assert.match(await page.inputValue('#file-text'), /preset = "tide" # mine\n$/);
  await page.fill('#file-text', project.replace('track = ', 'trakc = '));
  await page.keyboard.press('Control+Enter');
  await page.waitForSelector('#text [role=alert]:not([hidden])');
  await press('#discard-text');
  await change(page, () => page.click('#undo'));
  await page.selectOption('#which-file', look);
  await change(page, () => page.click('#undo'));
  await change(page, () => page.click('#redo'));
});

test('a MIDI knob and a key are learned and played, a flood of them is a few edits and one undo', async () => {
  const glow = async () => (await state(page)).base.find((b) => b.name === 'glow').value;
  await press('#tab-base');
  await page.selectOption('#midi-param', 'glow');
  await press('#midi-learn');
  await page.waitForFunction(() => document.querySelector('#midi [role=status]').textContent);
  await page.evaluate(() => window.midi(0xb0, 21, 5));
  await page.waitForSelector('#midi-0-kind');
  const [old, before] = [await glow(), await page.evaluate(() => Number(document.body.dataset.version))];
  await change(page, () => page.evaluate(() => {
    for (let i = 0; i < 5000; i++) window.midi(0xb0, 21, i % 127);
    window.midi(0xb0, 21, 127);
  }));
  await page.waitForFunction(() => document.getElementById('base-glow').value === document.getElementById('base-glow').max);
  const { max } = (await state(page)).base.find((b) => b.name === 'glow');
  assert.equal(await glow(), max);
  assert.ok(await page.evaluate(() => Number(document.body.dataset.version)) - before < 5);
  await change(page, () => page.click('#undo'));
  assert.equal(await glow(), old);
  await press('#midi-learn');
  await page.keyboard.press('3');
  await page.waitForSelector('#midi-1-kind');
  await page.focus('#timeline');
  await change(page, () => page.keyboard.down('3'));
  assert.equal(await glow(), max);
  await change(page, () => page.keyboard.up('3'));
  assert.equal(await glow(), 0);
  await change(page, () => page.click('#undo'));
});

test('what was made is saved as files that a person would write, and plays the same curves', async () => {
  await page.fill('#name', 'film');
  await page.click('#save button[value=project]');
  await page.waitForFunction((path) => document.getElementById('saved').textContent.includes(path), project);
  const text = readFileSync(project, 'utf8');
  assert.match(text, /\[\[part\]\]\nsection = .*\npreset = "prism"/);
  assert.match(text, /preset = "film-tide-2.toml"\nprompt = "golden waves"\ncut = true/);
  assert.match(text, /meter = 3/);
  assert.match(text, /name = "Intro"/);
  assert.ok(existsSync(join(folder, 'film-tide-2.toml')));
  const { values } = JSON.parse(execFileSync(program, ['plan', project, '--tier', 'draft', '--json'], { encoding: 'utf8', maxBuffer: 1 << 28 }).trim().split('\n').at(-1));
  const { curves } = await state(page);
  for (const [name, curve] of Object.entries(curves)) assert.deepEqual(values[name] ?? values.find?.((v) => v.name === name)?.values, curve, name);
});

test('a final from the page and one from the command line have the same pictures', async () => {
  await page.focus('#timeline');
  await page.keyboard.press('r');
  await page.selectOption('#part', { index: 1 });
  await page.check('#tier-draft');
  await page.fill('#size', '192x108');
  await page.fill('#film', 'page');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.getElementById('final').dataset.stand === 'done', null, { timeout: 120_000 });
  await page.keyboard.press('Escape');
  execFileSync(program, ['render', project, '--tier', 'draft', '--size', '192x108', '--section', '1', '--output', join(folder, 'line.mp4')], { stdio: 'ignore' });
  const pictures = (name) => execFileSync('ffmpeg', ['-v', 'error', '-i', join(folder, name), '-map', '0:v', '-f', 'framemd5', '-'], { encoding: 'utf8' });
  assert.equal(pictures('page.mp4'), pictures('line.mp4'));
});

test('it is opened again as it was', async () => {
  const seen = async () => {
    const { heard, parts, curves, spans, cuts } = await state(page);
    return { ...heard, parts: parts.pieces.map(({ preset, ...piece }) => piece), looks: parts.list.map((p) => [p.preset?.replace('film-', ''), p.prompt, p.from, p.to, p.section]), curves, spans, cuts };
  };
  const old = await seen();
  await open(project);
  const again = await seen();
  for (const key of Object.keys(old)) assert.deepEqual(again[key], old[key], key);
  assert.equal(await page.inputValue('#name'), 'film');
});

test('every panel is readable and reachable at every size, light and dark', async () => {
  for (const colorScheme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme });
    for (const width of [820, 1280, 1920]) {
      await page.setViewportSize({ width, height: width === 820 ? 1180 : width === 1280 ? 720 : 1080 });
      for (const tab of ['routes', 'base', 'parts', 'sections', 'curves', 'beats', 'text']) {
        await page.click(`#tab-${tab}`);
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run());
        assert.deepEqual(violations.map((v) => [v.id, v.nodes.map((n) => n.html).join()]), [], `${tab} ${width} ${colorScheme}`);
        if (shots) await page.screenshot({ path: join(shots, `${tab}-${width}-${colorScheme}.png`) });
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${tab} ${width}: sideways`);
      }
    }
  }
});

test('nothing went wrong in the page', () => {
  assert.deepEqual(troubles, []);
});
