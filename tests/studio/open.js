// The real program and a browser that looks at it.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

export const root = new URL('../../', import.meta.url).pathname;
export const program = join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'release/beatbolt');

// Starts the studio with these arguments; its process, and the address that it prints.
export async function serve(...args) {
  const server = spawn(program, ['studio', ...args, '--no-open'], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: server.stdout })) {
    const address = line.match(/http:\S+/)?.[0];
    if (address) return { server, address };
  }
  throw new Error('no address was printed');
}

// A page of the size that everything has to be readable at.
export async function browse(options = {}) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'],
  });
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 }, ...options });
  return { browser, page };
}
