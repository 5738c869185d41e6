// Playing it: values that glide, what is played becomes curves, other programs play and hear it by OSC, and the picture in a window of its own.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { browse, change, readable, root, show, state, troublesOf } from './open.js';

const folder = mkdtempSync(join(tmpdir(), 'studio-'));
const track = join(folder, 'first-light.m4a');
copyFileSync(join(root, 'examples/first-light.m4a'), track);

// A controller that sends to the studio and hears what it tells.
const controller = createSocket('udp4');
const heard = [];
controller.on('message', (datagram) => heard.push(...messages(datagram)));

// A string of Open Sound Control: zeros up to a multiple of four bytes, one at least.
const string = (text) => Buffer.from(text.padEnd(text.length + 4 - (text.length % 4), '\0'));

function float(address, value) {
  const number = Buffer.alloc(4);
  number.writeFloatBE(value);
  return Buffer.concat([string(address), string(',f'), number]);
}

// Address and argument of every message of a bundle.
function messages(bundle) {
  assert.equal(bundle.toString('latin1', 0, 8), '#bundle\0');
  const found = [];
  for (let at = 16; at < bundle.length;) {
    const message = bundle.subarray(at + 4, at + 4 + bundle.readInt32BE(at));
    const address = message.toString('latin1', 0, message.indexOf(0));
    const types = 4 * Math.floor(address.length / 4) + 4;
    const argument = message.subarray(types + 4);
    const read = { i: () => argument.readInt32BE(), f: () => argument.readFloatBE(), s: () => argument.toString('utf8', 0, argument.indexOf(0)) };
    found.push([address, read[message.toString('latin1', types + 1, types + 2)]()]);
    at += 4 + message.length;
  }
  return found;
}

let port;
let server;
let browser;
let page;
let troubles;

before(async () => {
  ({ browser, page } = await browse({ colorScheme: 'dark' }));
  page.setDefaultTimeout(60_000);
  troubles = troublesOf(page);
  controller.bind(0, '127.0.0.1');
  await once(controller, 'listening');
  // A port that is free, so far as one can know.
  const other = createSocket('udp4').bind(0, '127.0.0.1');
  await once(other, 'listening');
  ({ port } = other.address());
  other.close();
  server = await show(page, null, track, '--folder', folder, '--size', '192x108', '--osc-in', String(port), '--osc-out', String(controller.address().port));
  await page.click('#tab-base');
});

after(async () => {
  await browser?.close();
  server?.kill();
  controller.close();
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
  // Where there are none yet, more can be done at once.
  await page.click('#tab-parts');
  await readable(page, 'no-parts');
  await page.click('#tab-base');
  await change(page, () => page.click('#undo'));
});

test('effects are switched off, and takes start where they are told to', async () => {
  await change(page, () => page.uncheck('#finish'));
  await change(page, () => page.selectOption('#cuts-on', 'bars:8'));
  await page.fill('#cuts-min', '1 bars');
  await change(page, () => page.keyboard.press('Enter'));
  const { settings, text, cuts } = await state(page);
  assert.deepEqual(settings, { finish: 'off', on: 'bars:8', min: '1 bars' });
  assert.match(text, /finish = "off"[\s\S]*\[cuts\]\non = "bars:8"\nmin = "1 bars"/);
  assert.ok(cuts.length >= 2, JSON.stringify(cuts));
  for (let i = 0; i < 3; i++) await change(page, () => page.click('#undo'));
  assert.ok(await page.isChecked('#finish'));
});

test('another program turns knobs, is learned, plays and stops, and hears the beats', async () => {
  const send = (address, value) => controller.send(float(address, value), port, '127.0.0.1');
  const old = await valueOf('glow');
  const { max } = (await state(page)).base.find((b) => b.name === 'glow');
  await change(page, () => send('/beatbolt/base/glow', 0.5));
  assert.equal(await valueOf('glow'), 0.5);
  await change(page, () => send('/beatbolt/undo', 1));
  assert.equal(await valueOf('glow'), old);
  send('/beatbolt/base/zebra', 1);
  await page.waitForFunction(() => document.getElementById('note').textContent.includes('zebra'));

  await page.selectOption('#midi-param', 'glow');
  await page.click('#midi-learn');
  send('/1/fader3', 0.2);
  await page.waitForSelector('#midi-0-kind');
  await change(page, () => send('/1/fader3', 1));
  assert.equal(await valueOf('glow'), max);
  await change(page, () => page.click('#undo'));

  send('/beatbolt/seek', 8);
  await page.waitForFunction(() => document.getElementById('audio').currentTime === 8);
  heard.length = 0;
  send('/beatbolt/play', 1);
  await page.waitForFunction(() => document.getElementById('audio').currentTime > 11);
  send('/beatbolt/play', 0);
  await page.waitForFunction(() => document.getElementById('audio').paused);
  const told = (name) => heard.filter(([address]) => address === `/beatbolt/${name}`).map(([, value]) => value);
  const { heard: { beats } } = await state(page);
  const sounded = beats.filter((beat) => beat > 8 && beat < 11).length;
  assert.ok(Math.abs(told('beat').length - sounded) <= 1, `${told('beat')} for ${sounded}`);
  assert.deepEqual(told('play').slice(0, 2), [1, 0]);
  assert.ok(told('kick').length > 2 && told('now/zoom').length > 10, JSON.stringify(heard.slice(0, 20)));
  await page.keyboard.press('Home');
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
