// A section's name, typed where it stands on the timeline.

import { element } from './knob.js';
import { TOP } from './lanes.js';

const ROOM = 96;

export class Rename {
  // `send` is told the section and its new name; `left` is where the timeline's labels end.
  constructor(timeline, send, left) {
    Object.assign(this, { timeline, send, left });
    this.input = element('input', { type: 'text', id: 'rename', maxLength: 40, autocomplete: 'off', spellcheck: false, hidden: true });
    timeline.canvas.after(this.input);
    this.input.onkeydown = (event) => {
      if (event.key !== 'Enter' && event.key !== 'Escape') return;
      event.preventDefault();
      event.stopPropagation();
      this.close(event.key === 'Enter');
      timeline.canvas.focus();
    };
    this.input.onblur = () => this.close(true);
    timeline.canvas.ondblclick = ({ offsetX, offsetY }) => {
      if (offsetX >= left && offsetY >= TOP.sections && offsetY < TOP.parts) this.open(this.at(timeline.time(offsetX)));
    };
  }

  at(t) { return Math.max(this.timeline.heard.sections.findLastIndex((s) => s.start <= t), 0); }

  open(index) {
    const { heard, width } = this.timeline;
    const section = heard.sections[index];
    if (!section) return;
    this.index = index;
    const start = Math.min(Math.max(this.timeline.x(section.start), this.left), width - ROOM);
    const end = Math.min(this.timeline.x(section.end), width);
    Object.assign(this.input.style, { left: `${start}px`, top: `${TOP.sections - 2}px`, width: `${Math.max(end - start, ROOM)}px` });
    this.input.setAttribute('aria-label', `Name of section ${index + 1}`);
    this.input.value = section.label;
    this.input.hidden = false;
    this.input.select();
    this.input.focus();
  }

  close(keep) {
    if (this.input.hidden) return;
    this.input.hidden = true;
    const name = this.input.value.trim();
    if (keep && name && name !== this.timeline.heard.sections[this.index]?.label) this.send({ how: 'name', index: this.index, name, all: false });
  }
}
