// The lanes of the timeline that can be taken hold of: sections, parts and beats. Drawing them, and what lies under the pointer.

import { called } from './here.js';

export const TIMES = 16;
export const BARS = 15;
export const SECTIONS = 20;
export const PARTS = 19;
// Where the sections begin, the parts, and what is below.
export const TOP = { bars: TIMES, sections: TIMES + BARS, parts: TIMES + BARS + SECTIONS, below: TIMES + BARS + SECTIONS + PARTS };
// So near to an edge, in pixels, that edge is meant.
const NEAR = 6;
// Beats that lie so far apart can be taken one by one.
const ROOM = 14;

// Each section in its own colour or its name's, its name in sight while any of it is.
export function drawSections(c, line, left) {
  line.heard.sections.forEach((section, i) => {
    const [a, b] = [Math.max(line.x(section.start), left), Math.min(line.x(section.end), line.width)];
    if (b <= a) return;
    c.fillStyle = line.sectionColor(i);
    c.fillRect(a, TOP.sections, Math.max(b - a - 1, 1), SECTIONS - 2);
    c.globalAlpha = 0.08;
    c.fillRect(a, TOP.below, b - a, line.height);
    c.globalAlpha = 1;
    c.fillStyle = ink(c, line.own?.[i]) ?? line.color('on-section');
    const text = fitted(c, section.label, b - a - 10);
    if (text) c.fillText(text, a + 6, TOP.sections + SECTIONS / 2 - 0.5);
  });
}

// Black or white on a colour that somebody chose, whichever is the easier to read.
function ink(c, color) {
  if (!color) return null;
  const [r, g, b] = [1, 3, 5].map((at) => (parseInt(color.slice(at, at + 2), 16) / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? '#161616' : '#ffffff';
}

// Which look holds where; what no part says is quiet.
export function drawParts(c, line, left) {
  for (const piece of line.pieces) {
    const [a, b] = [Math.max(line.x(piece.start), left), Math.min(line.x(piece.end), line.width)];
    if (b <= a) continue;
    const part = piece.part === null ? null : line.parts[piece.part];
    c.fillStyle = piece.look ? line.hue(piece.look + 2) : line.color('line');
    c.globalAlpha = piece.look ? 0.42 : 0.6;
    c.fillRect(a, TOP.parts, Math.max(b - a - 1, 1), PARTS - 3);
    c.globalAlpha = 1;
    if (part && piece.part === line.chosenPart) {
      c.strokeStyle = line.color('ink');
      c.lineWidth = 1.5;
      c.strokeRect(a + 0.75, TOP.parts + 0.75, Math.max(b - a - 2.5, 1), PARTS - 4.5);
    }
    c.fillStyle = line.color('ink');
    const name = called(piece.preset);
    const text = fitted(c, part?.prompt ? `${name}: ${part.prompt}` : name, b - a - 10);
    if (text) c.fillText(text, a + 6, TOP.parts + PARTS / 2 - 1);
  }
}

// What is meant at this place: what it is, which one, and between which times it may go.
export function found(line, x, y) {
  const near = (t) => Math.abs(line.x(t) - x) <= NEAR;
  if (y >= TOP.bars && y < TOP.sections) {
    const { beats } = line.heard;
    const index = beats.findIndex(near);
    const apart = beats.length > 1 ? (line.x(beats.at(-1)) - line.x(beats[0])) / (beats.length - 1) : 0;
    if (index >= 0 && apart >= ROOM) return { what: 'beat', index, from: (beats[index - 1] ?? -1) + 0.03, to: (beats[index + 1] ?? line.duration) - 0.03 };
  } else if (y >= TOP.sections && y < TOP.parts) {
    const index = line.heard.sections.findIndex((s, i) => i && near(s.start));
    if (index > 0) return { what: 'border', index };
  } else if (y >= TOP.parts && y < TOP.below) {
    const piece = line.pieces.find((p) => line.x(p.start) <= x && x < line.x(p.end));
    const own = piece && piece.part !== null ? { index: piece.part, part: line.parts[piece.part] } : null;
    // Ends that are seen: what another part covers can't be taken.
    const same = (a, b) => Math.abs(a - b) < 1e-6;
    const edges = line.parts.flatMap((part, index) => ['start', 'end'].filter((what) => part[what] !== null && near(part[what])
      && line.pieces.some((p) => p.part === index && same(p[what], part[what]))).map((what) => ({ what, part, index })));
    const edge = edges.find((e) => e.index === own?.index) ?? edges[0];
    if (edge) return edge;
    if (own) return { what: own.part.start === null ? 'place' : 'part', ...own };
  }
  return null;
}

// As much of a text as has room.
export function fitted(c, text, room) {
  if (c.measureText(text).width <= room) return text;
  let kept = text;
  while (kept && c.measureText(`${kept}\u2026`).width > room) kept = kept.slice(0, -1);
  return kept && `${kept}\u2026`;
}
