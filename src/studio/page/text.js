// The look's file and the project's as text: what the panels change is seen here, and what is typed here is seen in the panels.

import { button, chooser, element } from './knob.js';
import { ask, edit, news } from './link.js';

const get = (id) => document.getElementById(id);
// Bytes of a file that fit in a message.
const LONGEST = 64_000;
const HINTS = {
  look: 'This is the preset\u2019s file, comments and all. Ctrl Enter applies it.',
  film: 'This is the project\u2019s file: track, parts, beats and whatever else holds for the whole video. Its preset has a file of its own. Ctrl Enter applies it.',
};

export class FileText {
  constructor() {
    this.asked = null;
    this.which = 'look';
    this.kept = '';
    this.area = element('textarea', { id: 'file-text', spellcheck: false });
    this.area.setAttribute('aria-label', 'The file');
    this.files = element('div', { className: 'line' });
    this.put = button('Apply', () => this.apply(), { id: 'apply-text', title: 'Play what is written (Ctrl Enter)' });
    this.back = button('Discard', () => this.fill(this.kept), { id: 'discard-text', title: 'Back to what is played' });
    this.fault = element('p', { className: 'fault', hidden: true });
    this.fault.setAttribute('role', 'alert');
    this.hint = element('p', { className: 'hint' });
    this.area.oninput = () => this.mark();
    this.area.onkeydown = (event) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      this.apply();
    };
    get('text').replaceChildren(this.files, this.area, this.fault, element('div', { className: 'line' }, this.put, this.back), this.hint);
    news.addEventListener('refused', (event) => {
      if (this.asked === null || event.detail.ask !== this.asked) return;
      event.preventDefault();
      this.wrong(event.detail);
    });
  }

  apply() {
    const text = this.area.value;
    if (text === this.kept) return;
    if (new Blob([JSON.stringify(text)]).size > LONGEST) this.wrong({ message: 'this file is too long to be changed here', hints: ['change it in an editor, and open the studio anew'] });
    else this.asked = this.which === 'look' ? edit({ edit: 'text', text }) : ask({ do: 'film', text });
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
    this.put.disabled = this.back.disabled = this.area.value === this.kept;
    // What is typed belongs to one file.
    if (this.choice) this.choice.disabled = !this.put.disabled;
  }

  fill(text) {
    this.area.value = text;
    this.fault.hidden = true;
    this.area.removeAttribute('aria-invalid');
    this.mark();
  }

  choose(which) {
    this.which = which;
    this.asked = null;
    this.kept = this.texts[which];
    this.hint.textContent = HINTS[which];
    this.fill(this.kept);
  }

  take({ text, preset, film }) {
    this.texts = { look: text, film: film.text };
    const names = { look: `look: ${preset}`, film: `project: ${film.name}` };
    if (this.names !== names.look) {
      this.names = names.look;
      const which = (name) => Object.keys(names).find((key) => names[key] === name);
      this.choice = chooser('which-file', 'File', Object.values(names), (name) => this.choose(which(name)));
      this.files.replaceChildren(this.choice);
      this.choice.value = names[this.which];
      this.hint.textContent = HINTS[this.which];
    }
    const now = this.texts[this.which];
    const own = this.area.value === this.kept || this.area.value === now;
    this.kept = now;
    // What is being typed stays, until it is applied or discarded.
    if (own || this.asked !== null) this.fill(now);
    else this.mark();
    this.asked = null;
  }
}
