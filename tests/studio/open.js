// The real program and a browser that looks at it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

export const root = new URL('../../', import.meta.url).pathname;
export const program = join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'release/beatbolt');

// Starts the studio with these arguments; its process, and the address that it prints.
export async function serve(...args) {
  // What an earlier one left is none of a test's that doesn't ask for it.
  const env = { XDG_STATE_HOME: mkdtempSync(join(tmpdir(), 'state-')), ...process.env };
  const server = spawn(program, ['studio', ...args, '--no-open'], { stdio: ['ignore', 'pipe', 'inherit'], env });
  for await (const line of createInterface({ input: server.stdout })) {
    const address = line.match(/http:\S+/)?.[0];
    if (address) return { server, address };
  }
  throw new Error('no address was printed');
}

// Starts it in place of `before`, if that runs, and waits until `page` shows it; its process.
export async function show(page, before, ...args) {
  // A page whose program ended goes on asking for a moment, which is no fault of the page.
  if (before) await page.goto('about:blank');
  before?.kill();
  const { server, address } = await serve(...args);
  try {
    await page.goto(address);
    await page.waitForFunction(() => document.body.dataset.version === '1');
  } catch (error) {
    server.kill();
    throw error;
  }
  return server;
}

// A page of the size that everything has to be readable at.
export async function browse(options = {}) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // A page that was put in place of the program's is no local one to the browser.
    args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', ...(process.env.STUDIO_PAGE ? ['--disable-features=LocalNetworkAccessChecks'] : [])],
  });
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 }, ...options });
  if (process.env.STUDIO_PAGE) await page.route('**/*', fromDisk);
  return { browser, page };
}

// With STUDIO_PAGE=FOLDER the page's files come from there and not out of the program: for who works on the page.
const TYPES = { js: 'text/javascript', css: 'text/css', html: 'text/html' };

function fromDisk(route) {
  const name = new URL(route.request().url()).pathname.split('/').pop() || 'index.html';
  const [path, type] = [join(process.env.STUDIO_PAGE, name), TYPES[name.split('.').pop()]];
  return type && existsSync(path) ? route.fulfill({ path, contentType: type }) : route.continue();
}

// What goes wrong in a page, as it does. A picture may be let go between the news of it and its fetching: that is none of it.
export function troublesOf(page) {
  const troubles = [];
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('console', (message) => {
    const gone = message.location().url.includes('/picture/') && message.text().includes('404');
    if (message.type() === 'error' && !gone) troubles.push(message.text());
  });
  return troubles;
}

// Chooses a preset out of the list.
export async function choose(page, preset) {
  await page.click('#look');
  await page.click(`[data-preset=${preset}]`);
}

// What the server tells of the look now.
export function state(page) {
  return page.evaluate(() => new Promise((done) => {
    const socket = new WebSocket(new URL('socket', location.href.replace('http', 'ws')));
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.type !== 'state') return;
      socket.close();
      done(message);
    };
  }));
}

// Does something that makes a new version, and waits until the page has it.
export async function change(page, act) {
  const old = await page.evaluate(() => Number(document.body.dataset.version));
  await act();
  await page.waitForFunction((old) => Number(document.body.dataset.version) > old, old);
}

// That nothing is cut off and axe-core finds nothing, at the sizes and colours that everything has to be readable at; with
// STUDIO_SHOTS=FOLDER, pictures of it.
export async function readable(page, name) {
  const shots = process.env.STUDIO_SHOTS;
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  for (const scheme of ['dark', 'light']) {
    for (const [width, height] of [[820, 1180], [1280, 720], [1920, 1080]]) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height });
      if (shots) {
        mkdirSync(shots, { recursive: true });
        await page.waitForTimeout(150);
        await page.screenshot({ path: join(shots, `${name}-${width}-${scheme}.png`) });
      }
      const cut = await page.evaluate(() => [...document.querySelectorAll('button, input, select, textarea, canvas')]
        .filter((e) => e.offsetParent && (e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1)).map((e) => e.id || e.outerHTML));
      assert.deepEqual(cut, [], `${name}, ${width}, ${scheme}`);
      const wide = await page.evaluate(() => [...document.querySelectorAll('[role=tabpanel]')].filter((e) => e.offsetParent && e.scrollWidth > e.clientWidth + 1).map((e) => `${e.id} is ${e.scrollWidth} wide, not ${e.clientWidth}`));
      assert.deepEqual(wide, [], `${name}, ${width}, ${scheme}`);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      assert.deepEqual(violations.map((v) => [v.id, v.nodes.map((n) => n.html)]), [], `${name}, ${width}, ${scheme}`);
    }
  }
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 1280, height: 720 });
}
