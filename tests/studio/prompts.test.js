// What is shown: the look at the playhead, prompts with all their keys, words in braces, and what parts start from.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { browse, change, program, readable, root, show, state, troublesOf } from './open.js';

const folder = mkdtempSync(join(tmpdir(), 'studio-'));
const track = join(folder, 'first-light.m4a');
const project = join(folder, 'video.toml');
copyFileSync(join(root, 'examples/first-light.m4a'), track);

let server;
let browser;
let page;
let troubles;

before(async () => {
  ({ browser, page } = await browse({ colorScheme: 'dark' }));
  page.setDefaultTimeout(60_000);
  troubles = troublesOf(page);
  // A film of drawn scenes, as the director writes it.
  process.env.XDG_CACHE_HOME = join(folder, 'cache');
  execFileSync(program, ['new', track, '-o', project]);
  server = await show(page, null, project, '--folder', folder, '--size', '192x108');
});

after(async () => {
  await browser?.close();
  server?.kill();
});

async function press(selector) {
  await page.focus(selector);
  await page.keyboard.press('Enter');
}

async function type(selector, text) {
  await page.fill(selector, text);
  await page.keyboard.press('Enter');
}

test('the look at the playhead is told, can be worked on, and can be given to the model', async () => {
  const { parts } = await state(page);
  const second = parts.pieces.find((piece) => piece.part === 2);
  await page.evaluate((t) => { document.getElementById('audio').currentTime = t; }, second.start + 0.5);
  await page.waitForFunction(() => document.getElementById('here').textContent.includes('part 3'));
  assert.match(await page.textContent('#here'), /drawn, without prompts/);
  // The part's own prompt is what plays, so it is what is at hand.
  await press('#tab-prompts');
  const own = parts.list[2].prompt;
  assert.equal(await page.inputValue('#prompt-here-own'), own);
  await change(page, async () => {
    await page.fill('#prompt-here-own', 'neon city');
    await page.keyboard.press('Tab');
  });
  assert.equal((await state(page)).parts.list[2].prompt, 'neon city');
  await change(page, () => page.click('#undo'));
  assert.equal(await page.inputValue('#prompt-here-own'), own);
  await change(page, () => press('#paint-here'));
  assert.equal((await state(page)).parts.list[2].set.denoise, 0.35);
  await page.waitForFunction(() => !document.getElementById('here').textContent.includes('drawn'));
  assert.ok(await page.isHidden('#paint-here'));
  await change(page, () => press('#edit-here'));
  const after = await state(page);
  assert.ok(after.parts.list[2].own && after.preset === after.parts.list[2].preset, after.preset);
  await page.waitForFunction(() => document.getElementById('edit-here').hidden);
  // The gallery has pictures of all, though a part has a look that only its project knows.
  await press('#look');
  await page.waitForFunction(() => /to come|can't be shown/.test(document.getElementById('coming').textContent));
  assert.doesNotMatch(await page.textContent('#coming'), /can't be shown/);
  await page.keyboard.press('Escape');
});

test('a part starts from another scene and holds parameters at values', async () => {
  await press('#tab-parts');
  await change(page, () => type('#part-0-init', 'draw:ocean'));
  await change(page, () => type('#part-0-negative', 'fog'));
  // What a field says stays while another row comes.
  await page.focus('#part-0-init');
  await change(page, () => page.selectOption('#part-0-hold', 'hue'));
  assert.equal(await page.inputValue('#part-0-init'), 'draw:ocean');
  await change(page, () => type('#part-0-hold-hue', '40'));
  const [part] = (await state(page)).parts.list;
  assert.deepEqual([part.init, part.negative, part.set], ['draw:ocean', 'fog', { denoise: 0, hue: 40 }]);
  await type('#part-0-hold-hue', '4000');
  await page.waitForSelector('#part-0-hold-hue[aria-invalid=true]');
  await page.keyboard.press('Escape');
  await readable(page, 'parts');
  await change(page, () => press('[aria-label="hue as the look says"]'));
  assert.deepEqual((await state(page)).parts.list[0].set, { denoise: 0 });
});

test('a prompt has a place, a way there, what it avoids, and the last one wins', async () => {
  await press('#tab-prompts');
  await change(page, () => press('#prompt-here'));
  const { prompts, heard } = await state(page);
  const bar = heard.downbeats.findLastIndex((t) => t <= heard.sections[2].start + 0.5);
  assert.equal(prompts.list[1].from, `${bar} bars`);
  await change(page, () => type('#prompt-1', 'golden waves'));
  await change(page, () => type('#prompt-1-to', `${bar + 4} bars`));
  await change(page, () => type('#prompt-1-ease', '1 bars'));
  await change(page, () => type('#prompt-1-negative', 'blur'));
  const told = (await state(page)).prompts.list[1];
  assert.deepEqual([told.text, told.to, told.ease, told.negative], ['golden waves', `${bar + 4} bars`, '1 bars', 'blur']);
  // What ends before it begins is refused at its field.
  await type('#prompt-1-to', '0 bars');
  await page.waitForSelector('#prompt-1-to[aria-invalid=true]');
  await change(page, () => page.selectOption('#prompt-1-where', 'every section D'));
  const { section, from, to } = (await state(page)).prompts.list[1];
  assert.deepEqual([section, from, to], ['D', null, null]);
  await change(page, () => page.selectOption('#prompt-1-where', 'everywhere'));
  assert.equal((await state(page)).prompts.list[1].section, null);
  await change(page, () => type('#look-negative', 'text'));
  assert.equal((await state(page)).prompts.negative, 'text');
});

test('a word in braces is defined where it is missed, in turn or by section', async () => {
  await type('#prompt-0', '{color} waves');
  await page.waitForSelector('#fault-0:not([hidden])');
  await change(page, () => press('#define-0'));
  await page.waitForSelector('#word-color-list');
  await page.waitForFunction(() => document.getElementById('fault-0').hidden);
  await change(page, () => type('#word-color-list', 'neon, deep gold'));
  await change(page, () => type('#word-color-every', '2 bars'));
  const { words, list } = (await state(page)).prompts;
  assert.deepEqual([list[0].text, words[0].list, words[0].every], ['{color} waves', ['neon', 'deep gold'], '2 bars']);
  await readable(page, 'prompts');
  await change(page, () => press('#word-color-by'));
  await page.waitForSelector('#word-color-other');
  await change(page, () => type('#word-color-section-B', 'crimson'));
  assert.equal((await state(page)).prompts.words[0].section.B, 'crimson');
  // It can't go while a prompt says it.
  const version = await page.evaluate(() => document.body.dataset.version);
  await press('#word-color-remove');
  await page.waitForSelector('#note.fault');
  assert.equal(await page.evaluate(() => document.body.dataset.version), version);
});

test('nothing went wrong behind the page', () => assert.deepEqual(troubles, []));
