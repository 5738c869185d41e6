// The waveform at every scale: tiles of columns from the server, of samples where these are far enough apart to be seen.

// Tiles that are kept: more than any screen shows.
const KEPT = 160;
const FETCHES = 4;

export class Wave {
  // `loudness`: what is drawn until the first tiles are there.
  constructor({ wave, loudness, duration }) {
    Object.assign(this, { scale: wave, loudness, duration, tiles: new Map(), fetching: new Set(), loaded: 0 });
  }

  // The level whose columns are at most as wide as a pixel, with the samples of one.
  level(perPixel) {
    const { column, factor, levels } = this.scale;
    if (perPixel < column) return [0, 1];
    const level = Math.min(1 + Math.floor(Math.log(perPixel / column) / Math.log(factor) + 1e-9), levels);
    return [level, column * factor ** (level - 1)];
  }

  // A tile's bytes, which may be on their way.
  tile(level, index) {
    const name = `${level}/${index}`;
    const found = this.tiles.get(name);
    if (found) {
      // The one used last is the last to go.
      this.tiles.delete(name);
      this.tiles.set(name, found);
    } else if (!this.fetching.has(name) && this.fetching.size < FETCHES) this.fetch(name, level);
    return found;
  }

  async fetch(name, level) {
    this.fetching.add(name);
    try {
      const response = await fetch(`wave/${name}`);
      const bytes = await response.arrayBuffer();
      this.tiles.set(name, response.ok ? (level ? new Uint8Array(bytes) : new Int16Array(bytes)) : new Uint8Array());
      this.loaded += 1;
      if (this.tiles.size > KEPT) this.tiles.delete(this.tiles.keys().next().value);
    } catch {
      // Without a connection it is asked for again, but not at once.
      setTimeout(() => { this.loaded += 1; }, 1000);
    } finally {
      this.fetching.delete(name);
    }
  }

  // Draws the sound of `width` pixels from `x` on, `time(x)` being a pixel's time, around `middle`.
  draw(c, { x, width, time, middle, half, colors }) {
    const { rate, samples } = this.scale;
    const perPixel = ((time(x + width) - time(x)) * rate) / width;
    const [level, size] = this.level(perPixel);
    if (level === 0) return this.line(c, { x, width, time, middle, half, colors, perPixel });
    // Rectangles one by one: a path of as many takes far longer to fill.
    const bodies = [];
    c.fillStyle = colors.peak;
    let [held, tile] = [-1, undefined];
    for (let at = x; at < x + width; at++) {
      const first = Math.floor((time(at) * rate) / size);
      const last = Math.max(Math.ceil((time(at + 1) * rate) / size), first + 1);
      if (first < 0 || first * size >= samples) continue;
      let [low, high, power, count] = [127, -127, 0, 0];
      for (let i = first; i < last; i++) {
        const index = Math.floor(i / this.scale.tile);
        if (index !== held) [held, tile] = [index, this.tile(level, index)];
        const place = 3 * (i % this.scale.tile);
        if (!tile || place >= tile.length) continue;
        low = Math.min(low, (tile[place] << 24) >> 24);
        high = Math.max(high, (tile[place + 1] << 24) >> 24);
        power += tile[place + 2] ** 2;
        count += 1;
      }
      if (!count) {
        const loud = this.loudness[Math.floor((time(at) / this.duration) * this.loudness.length)] ?? 0;
        bodies.push([at, loud * half * 0.6]);
        continue;
      }
      const top = middle - (high / 127) * half;
      c.fillRect(at, top, 1, Math.max(((high - low) / 127) * half, 1));
      bodies.push([at, (Math.sqrt(power / count) / 255) * half]);
    }
    c.fillStyle = colors.body;
    for (const [at, body] of bodies) c.fillRect(at, middle - body, 1, Math.max(2 * body, 1));
  }

  // The samples themselves: a line, and dots where they are far apart.
  line(c, { x, width, time, middle, half, colors, perPixel }) {
    const { rate, samples, sample_tile: size } = this.scale;
    const first = Math.max(Math.floor(time(x) * rate), 0);
    const last = Math.min(Math.ceil(time(x + width) * rate), samples - 1);
    const place = (i) => x + (i - time(x) * rate) / perPixel;
    c.strokeStyle = colors.body;
    c.fillStyle = colors.body;
    c.lineWidth = perPixel < 1 ? 1.5 : 1;
    c.beginPath();
    let drawn = false;
    for (let i = first; i <= last; i++) {
      const tile = this.tile(0, Math.floor(i / size));
      const value = tile?.[i % size];
      if (value === undefined) {
        drawn = false;
        continue;
      }
      const y = middle - (value / 32768) * half;
      if (drawn) c.lineTo(place(i), y);
      else c.moveTo(place(i), y);
      drawn = true;
      if (perPixel < 0.15) c.rect(place(i) - 1.5, y - 1.5, 3, 3), c.moveTo(place(i), y);
    }
    c.stroke();
  }
}
