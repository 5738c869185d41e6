// Long tracks, made of the example one behind the other: the longest frame of the page while an hour is scrolled and zoomed, and how
// far picture and sound are apart in five minutes that are played through, drawn as they are played. Run by hand: node tests/studio/long.js

import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browse, root, serve } from './open.js';

const MINUTE = 60;
const SCROLLS = 200;
const folder = mkdtempSync(join(tmpdir(), 'studio-'));
const look = join(folder, 'ocean.toml');
writeFileSync(look, 'init = "draw:ocean"\n\n[base]\ndenoise = 0\n\n[[route]]\nsignal = "kick"\nto = "zoom"\namount = 0.1\n');

// The example's sound again and again, for so many seconds.
function track(seconds) {
  const made = join(folder, `${seconds}.m4a`);
  execFileSync('ffmpeg', ['-nostdin', '-v', 'error', '-stream_loop', '-1', '-i', join(root, 'examples/first-light.m4a'), '-map', '0:a', '-c', 'copy', '-t', String(seconds), made]);
  return made;
}

function report(what, values, unit) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)].toFixed(1);
  console.log(`${what}: median ${at(0.5)} ${unit}, 99 % below ${at(0.99)}, max ${at(1)}, of ${sorted.length}`);
}

async function open(seconds) {
  const { server, address } = await serve(track(seconds), '--folder', folder, '--preset', look);
  const { browser, page } = await browse();
  page.setDefaultTimeout(20 * MINUTE * 1000);
  await page.goto(address);
  await page.waitForFunction(() => document.body.dataset.version === '1');
  return { server, browser, page };
}

// Times between the page's frames, in ms, while `act` is done.
async function frames(page, act) {
  await page.evaluate(() => {
    globalThis.frames = [];
    let before = performance.now();
    function look() {
      const now = performance.now();
      globalThis.frames.push(now - before);
      before = now;
      globalThis.looking = requestAnimationFrame(look);
    }
    globalThis.looking = requestAnimationFrame(look);
  });
  await act();
  return page.evaluate(() => {
    cancelAnimationFrame(globalThis.looking);
    return globalThis.frames.slice(1);
  });
}

async function hour() {
  const { server, browser, page } = await open(60 * MINUTE);
  // Until the pictures ahead are there: what draws them has the processor until then.
  await page.waitForTimeout(20_000);
  const { x, y, width } = await page.locator('#timeline').boundingBox();
  await page.mouse.move(x + width / 2, y + 120);
  const zoomed = await frames(page, async () => {
    for (let i = 0; i < SCROLLS; i++) await page.mouse.wheel(0, i % 40 < 20 ? -100 : 100);
  });
  report('an hour zoomed, between two frames', zoomed, 'ms');
  for (let i = 0; i < 14; i++) await page.mouse.wheel(0, -100);
  await page.keyboard.down('Shift');
  const scrolled = await frames(page, async () => {
    for (let i = 0; i < SCROLLS; i++) await page.mouse.wheel(0, i % 100 < 50 ? 240 : -240);
  });
  await page.keyboard.up('Shift');
  report('an hour scrolled, between two frames', scrolled, 'ms');
  await browser.close();
  server.kill();
}

async function five() {
  const { server, browser, page } = await open(5 * MINUTE + 10);
  const { fps } = await page.evaluate(() => new Promise((done) => {
    const socket = new WebSocket(new URL('socket', location.href.replace('http', 'ws')));
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === 'state') done({ fps: message.fps }, socket.close());
    };
  }));
  // Until some pictures are ahead, as for anybody who looks before they press Play.
  await page.waitForTimeout(20_000);
  // Seconds by which the sound is outside the frame that is shown, at every drawing of the page.
  const apart = await page.evaluate(({ fps, length }) => new Promise((done) => {
    const [audio, found] = [document.getElementById('audio'), []];
    audio.play();
    function look() {
      const [t, frame] = [audio.currentTime, Number(document.getElementById('picture').dataset.frame)];
      found.push(Math.max(frame / fps - t, t - (frame + 1) / fps, 0));
      if (t < length) requestAnimationFrame(look);
      else done(found);
    }
    requestAnimationFrame(look);
  }), { fps, length: 5 * MINUTE });
  report('picture and sound apart over five minutes', apart.map((s) => 1000 * s), 'ms');
  await browser.close();
  server.kill();
}

const wanted = process.argv.slice(2);
for (const part of [hour, five]) if (!wanted.length || wanted.includes(part.name)) await part();
