// How far pictures are from the sound over a minute of frames that are rendered already, and how long a knob takes to
// change the picture, and a MIDI controller's message the drawn curve. Run by hand: node tests/studio/measure.js; it prints medians and maxima.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browse, root, serve, state } from './open.js';

const KNOBS = 20;
const MINUTE = 60_000;
const folder = mkdtempSync(join(tmpdir(), 'studio-'));
const { server, address } = await serve(join(root, 'examples/first-light.m4a'), '--folder', folder);
const { browser, page } = await browse();
page.setDefaultTimeout(10 * MINUTE);
// A controller that is moved here.
await page.addInitScript(() => {
  const input = {};
  navigator.requestMIDIAccess = async () => ({ inputs: new Map([['1', input]]) });
  window.midi = (...data) => input.onmidimessage?.({ data });
});
await page.goto(address);

function report(what, values, unit) {
  const sorted = [...values].sort((a, b) => a - b);
  console.log(`${what}: median ${sorted[sorted.length >> 1].toFixed(1)} ${unit}, max ${sorted.at(-1).toFixed(1)} ${unit}, of ${sorted.length}`);
}

// The picture is the playhead's own and has the newest version.
const settled = () => page.waitForFunction(() => {
  const { frame, version } = document.getElementById('picture').dataset;
  return version === document.body.dataset.version && document.getElementById('place').value.endsWith(`frame ${frame}`);
}, null, { polling: 'raf' });

await settled();
const knobs = [];
for (let i = 0; i < KNOBS; i++) {
  const began = performance.now();
  await page.locator('#base-exposure').evaluate((input, i) => {
    input.value = i % 2 ? 0.5 : -0.5;
    input.dispatchEvent(new Event('change'));
  }, i);
  await page.waitForFunction((i) => Number(document.body.dataset.version) === i + 2, i, { polling: 'raf' });
  await settled();
  knobs.push((performance.now() - began) / 1000);
}
report('knob to changed picture', knobs, 's');

await page.click('#tab-base');
await page.selectOption('#midi-param', 'glow');
await page.click('#midi-learn');
await page.evaluate(() => window.midi(0xb0, 21, 5));
await page.waitForSelector('#midi-0-kind');
const messages = [];
for (let i = 0; i < KNOBS; i++) {
  await page.waitForTimeout(500);
  // Until the curve of the new version is there to be drawn.
  messages.push(await page.evaluate((value) => new Promise((done) => {
    const began = performance.now();
    new MutationObserver((_, observer) => {
      observer.disconnect();
      done(performance.now() - began);
    }).observe(document.body, { attributes: true, attributeFilter: ['data-version'] });
    window.midi(0xb0, 21, value);
  }), 20 + 3 * i));
}
report('MIDI message to the new curve', messages, 'ms');

await page.evaluate(() => {
  document.getElementById('loop').click();
});
const { heard: { sections: [section] }, fps } = await state(page);
await page.evaluate(({ last }) => new Promise((done) => {
  const socket = new WebSocket(new URL('socket', location.href.replace('http', 'ws')));
  socket.onmessage = ({ data }) => {
    const { type, runs } = JSON.parse(data);
    const version = Number(document.body.dataset.version);
    if (type === 'pictures' && runs.some((r) => r.from === 0 && r.to > last && r.version === version)) done(socket.close());
  };
}), { last: Math.ceil(section.end * fps) });
// Seconds by which the sound is outside the frame that is shown, at every drawing of the page.
const apart = await page.evaluate(({ fps, length }) => new Promise((done) => {
  const [audio, found, began] = [document.getElementById('audio'), [], performance.now()];
  audio.play();
  function look(now) {
    const [t, frame] = [audio.currentTime, Number(document.getElementById('picture').dataset.frame)];
    found.push(Math.max(frame / fps - t, t - (frame + 1) / fps, 0));
    if (now - began < length) requestAnimationFrame(look);
    else done(found);
  }
  requestAnimationFrame(look);
}), { fps, length: MINUTE });
report('picture and sound apart', apart.map((s) => 1000 * s), 'ms');
await browser.close();
server.kill();
