// How far pictures are from the sound over a minute of frames that are rendered already, and how long a knob takes to
// change the picture. Run by hand: node tests/studio/measure.js; it prints medians and maxima.

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
