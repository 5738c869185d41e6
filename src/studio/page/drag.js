// The pointer on the timeline: it seeks, and drags borders of sections, parts, their edges and beats.

import { found } from './lanes.js';
import { ask } from './link.js';
import { LABELS } from './timeline.js';

const SEND_MS = 50;
let gesture = Math.floor(Math.random() * 2 ** 40);

// What a drag snaps to: bars; with Shift beats, with Alt nothing.
function grid({ shiftKey, altKey }) { return altKey ? 'free' : shiftKey ? 'beats' : 'bars'; }

function asked(held, t, event) {
  const snap = { grid: grid(event) };
  const moved = t - held.at;
  switch (held.what) {
    case 'beat': return { do: 'hand', change: { how: 'beat', index: held.index, to: Math.min(Math.max(t, held.from, 0), held.to) } };
    case 'border': return { do: 'hand', change: { how: 'border', index: held.index, to: Math.max(t, 0), ...snap } };
    case 'start': return { do: 'part', change: { how: 'edges', index: held.index, from: Math.max(t, 0), to: null, ...snap } };
    case 'end': return { do: 'part', change: { how: 'edges', index: held.index, from: null, to: Math.max(t, 0), ...snap } };
    default: return { do: 'part', change: { how: 'edges', index: held.index, from: Math.max(held.part.start + moved, 0), to: Math.max(held.part.end + moved, 0), ...snap } };
  }
}

// `act` seeks, and is told which part was taken.
export function dragging(line, act) {
  const { canvas } = line;
  let held = null;
  // Whether the button went down here: what is dragged here from elsewhere means something else.
  let pressed = false;
  let sent = 0;
  const send = (event) => ask({ ...asked(held, line.time(event.offsetX), event), gesture });
  canvas.onpointerdown = (event) => {
    const at = line.time(event.offsetX);
    pressed = true;
    held = found(line, event.offsetX, event.offsetY);
    canvas.setPointerCapture(event.pointerId);
    if (held?.part) act.chosen(held.index);
    if (!held || held.what === 'place') {
      held = null;
      act.seek(at);
      return;
    }
    gesture += 1;
    Object.assign(held, { at, x: event.offsetX, moved: false });
  };
  canvas.onpointermove = (event) => {
    if (!pressed) {
      const under = found(line, event.offsetX, event.offsetY);
      canvas.dataset.under = under?.what ?? '';
      const lane = event.offsetX < LABELS && line.lanes().find(({ top, height }) => event.offsetY >= top && event.offsetY < top + height);
      canvas.title = lane ? line.curves[lane.name].effect : '';
      return;
    }
    if (!held) {
      act.seek(line.time(event.offsetX));
      return;
    }
    // A hand trembles before it drags.
    if (!held.moved && Math.abs(event.offsetX - held.x) < 3) return;
    held.moved = true;
    const now = performance.now();
    if (now - sent < SEND_MS) return;
    sent = now;
    send(event);
  };
  canvas.onpointerup = (event) => {
    if (held?.moved) send(event);
    else if (held) act.seek(held.at);
    held = null;
    pressed = false;
  };
  canvas.onpointercancel = () => {
    held = null;
    pressed = false;
  };
}
