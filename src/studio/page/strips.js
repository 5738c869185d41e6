// Strips: some consecutive pictures in one piece, told by a key. They are fetched once they are there and kept as bitmaps.

import { news } from './link.js';

// A strip's pictures: a line of JSON, then one JPEG behind the other.
async function unpacked(buffer) {
  const bytes = new Uint8Array(buffer);
  const end = bytes.indexOf(10);
  const { fps, start, lengths } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  let at = end + 1;
  const pictures = lengths.map((length) => createImageBitmap(new Blob([bytes.subarray(at, at += length)], { type: 'image/jpeg' })));
  return { fps, start, pictures: await Promise.all(pictures) };
}

export class Strips {
  // At most so many are kept; `changed` is told whenever there are more of them.
  constructor(most, changed) {
    Object.assign(this, { most, changed, made: new Map(), kept: new Map(), fetching: new Set() });
    news.addEventListener('strips', ({ detail }) => {
      this.made = new Map(detail.made.map(({ key, fault }) => [key, fault]));
      changed();
    });
  }

  // The strip of `key`; until it is there nothing, and it is fetched.
  get(key) {
    if (!this.kept.has(key) && this.made.has(key) && this.fault(key) === null) this.fetch(key);
    return this.kept.get(key);
  }

  // Why there will be none.
  fault(key) { return this.made.get(key) ?? null; }

  async fetch(key) {
    if (this.fetching.has(key)) return;
    this.fetching.add(key);
    try {
      const response = await fetch(`strip/${key}`);
      if (!response.ok) throw new Error(response.statusText);
      this.kept.set(key, await unpacked(await response.arrayBuffer()));
      if (this.kept.size > this.most) this.drop(this.kept.keys().next().value);
      this.changed();
    } catch {
      // It isn't there any more, or the program is gone: it is told of again once it is there.
      this.made.delete(key);
    } finally {
      this.fetching.delete(key);
    }
  }

  drop(key) {
    for (const picture of this.kept.get(key).pictures) picture.close();
    this.kept.delete(key);
  }
}

// Draws a strip's picture of this number, if it isn't what `canvas` shows.
export function show(canvas, strip, key, number) {
  const shown = `${key}/${number}`;
  if (canvas.dataset.shown === shown) return;
  const picture = strip.pictures[number];
  if (canvas.width !== picture.width || canvas.height !== picture.height) [canvas.width, canvas.height] = [picture.width, picture.height];
  canvas.getContext('2d').drawImage(picture, 0, 0);
  canvas.dataset.shown = shown;
}
