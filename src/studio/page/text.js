// The look's file as text: what the panels change is seen here, and what is typed here is seen in the panels.

import { button, element } from './knob.js';
import { edit, news } from './link.js';

const get = (id) => document.getElementById(id);

export class FileText {
  constructor() {
    this.asked = null;
    this.kept = '';
    this.area = element('textarea', { id: 'file-text', spellcheck: false, maxLength: 60_000 });
    this.name = element('label', { htmlFor: 'file-text' });
    this.put = button('Apply', () => this.apply(), { id: 'apply-text', title: 'Play what is written (Ctrl Enter)' });
    this.back = button('Discard', () => this.fill(this.kept), { id: 'discard-text', title: 'Back to what is played' });
    this.fault = element('p', { className: 'fault', hidden: true });
    this.fault.setAttribute('role', 'alert');
    this.area.oninput = () => this.mark();
    this.area.onkeydown = (event) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      this.apply();
    };
    get('text').replaceChildren(this.name, this.area, this.fault, element('div', { className: 'line' }, this.put, this.back),
      element('p', { className: 'hint', textContent: 'This is the preset\u2019s file, comments and all. Ctrl Enter applies it.' }));
    news.addEventListener('refused', (event) => {
      if (this.asked === null || event.detail.ask !== this.asked) return;
      event.preventDefault();
      this.wrong(event.detail);
    });
  }

  apply() {
    if (this.area.value !== this.kept) this.asked = edit({ edit: 'text', text: this.area.value });
  }

  // Selects the line that is wrong.
  wrong({ message, hints }) {
    this.asked = null;
    this.fault.textContent = [message, ...hints].join('; ');
    this.fault.hidden = false;
    this.area.setAttribute('aria-invalid', 'true');
    const line = Number(message.match(/:(\d+):\d+: /)?.[1]);
    if (!line) return;
    const lines = this.area.value.split('\n');
    const from = lines.slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0);
    this.area.focus();
    this.area.setSelectionRange(from, from + (lines[line - 1]?.length ?? 0));
  }

  mark() {
    const same = this.area.value === this.kept;
    this.put.disabled = this.back.disabled = same;
  }

  fill(text) {
    this.area.value = text;
    this.fault.hidden = true;
    this.area.removeAttribute('aria-invalid');
    this.mark();
  }

  take({ text, preset }) {
    this.name.textContent = preset;
    const own = this.area.value === this.kept || this.area.value === text;
    this.kept = text;
    // What is being typed stays, until it is applied or discarded.
    if (own || this.asked !== null) this.fill(text);
    else this.mark();
    this.asked = null;
  }
}
