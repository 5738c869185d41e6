// The README's pictures of the studio: `make studio-pictures`. A look with routes, parts and sections of a track, and the queue of finals.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browse, program, root, show, state } from './open.js';

const folder = mkdtempSync(join(tmpdir(), 'studio-'));
const track = join(folder, 'first-light.m4a');
copyFileSync(join(root, 'examples/first-light.m4a'), track);

const { browser, page } = await browse({ colorScheme: 'dark', viewport: { width: 1280, height: 800 } });
page.setDefaultTimeout(120_000);
const project = join(folder, 'first-light.video.toml');
execFileSync(program, ['new', track, '-o', project]);
const server = await show(page, undefined, project);

async function seek(t) {
  await page.evaluate((t) => new Promise((done) => {
    const audio = document.getElementById('audio');
    audio.onseeked = () => requestAnimationFrame(() => requestAnimationFrame(done));
    audio.currentTime = t;
  }), t);
}

// A picture of the page, once the generator has what it shows.
async function take(name) {
  await page.waitForFunction(() => {
    const frame = document.getElementById('place').textContent.match(/frame (\d+)/)?.[1];
    return frame && frame === document.getElementById('picture').dataset.frame && !document.getElementById('badge').textContent;
  });
  await page.mouse.move(0, 0);
  const png = join(folder, `${name}.png`);
  await page.screenshot({ path: png });
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', png, '-quality', '82', join(root, `gallery/${name}.webp`)]);
}

try {
  const { sections } = (await state(page)).heard;
  const middle = Math.floor(sections.length / 2) - 1;
  await seek(sections[middle].start + 1.2);
  await take('studio');

  await page.click('#tab-parts');
  await seek(sections[1].start + 3.2);
  await take('studio-parts');

  await page.keyboard.press('r');
  await page.fill('#film', 'first-light');
  await page.waitForFunction(() => /^about/i.test(document.getElementById('expected').textContent));
  await take('studio-render');
} finally {
  await browser.close();
  server.kill();
  rmSync(folder, { recursive: true });
}
