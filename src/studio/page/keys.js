// Keys, wherever the focus is, and the sheet that lists them.

import { element } from './knob.js';

// What each key does, for the sheet; the doing is in `Keys`.
const SHEET = [
  ['Playing', [
    [['Space'], 'play, pause'],
    [['L'], 'loop the section'],
    [['M'], 'beats as clicks'],
    [['E'], 'record values that are turned'],
    [['\u2190', '\u2192'], 'a beat back, on'],
    [['Shift \u2190', 'Shift \u2192'], 'a bar back, on'],
    [['Page Up', 'Page Down'], 'a section back, on'],
    [[',', '.'], 'a frame back, on'],
    [['Home', 'End'], 'start, end'],
  ]],
  ['Looking', [
    [['+', '\u2212'], 'zoom in, out'],
    [['0'], 'show the whole track'],
    [['Wheel'], 'zoom'],
    [['Shift Wheel'], 'move along'],
    [['O'], 'the picture in its own window'],
    [['F'], 'the picture on the whole screen'],
  ]],
  ['Making', [
    [['P'], 'choose a look'],
    [['1', '9'], 'pads, once learned under Values'],
    [['B'], 'a bar begins at the playhead'],
    [['S'], 'a section begins there'],
    [['F2'], 'rename it'],
    [['T'], 'tap the beat'],
    [['K'], 'keep a snapshot'],
    [['C'], 'compare it with what holds now'],
    [['Ctrl Z'], 'undo'],
    [['Ctrl Shift Z'], 'redo'],
    [['R'], 'render a video'],
    [['Enter'], 'apply what is typed'],
    [['Esc'], 'close, back to the timeline'],
    [['?'], 'this list'],
  ]],
];

export function fillSheet(place) {
  const row = ([keys, what]) => element('div', {}, element('dt', {}, ...keys.flatMap((k, i) => [i ? ' ' : '', element('kbd', { textContent: k })])), element('dd', { textContent: what }));
  place.replaceChildren(...SHEET.map(([title, rows]) => element('section', {}, element('h3', { textContent: title }), element('dl', {}, ...rows.map(row)))),
    element('p', { className: 'hint', textContent: 'While a knob, a list or a text has the focus, arrows and Page keys belong to it; Esc gives them back.' }));
}

// Whether `target` takes letters.
function typing(target) {
  return target.matches?.('textarea, input:not([type=range]):not([type=checkbox]):not([type=radio])');
}

// Whether `target` moves by arrows itself.
function moves(target) {
  return target.matches?.('input, select, textarea, video, [role=tab]');
}

// The button that was clicked last, until the focus goes on by keys.
let clicked = null;

// `act` has a function for everything that a key does.
export function listen(act) {
  document.addEventListener('pointerdown', ({ target }) => { clicked = target.closest?.('button') ?? null; });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Tab') clicked = null;
    if (event.defaultPrevented) return;
    const { target, key } = event;
    const command = event.ctrlKey || event.metaKey;
    if (key === 'Escape' && !document.querySelector('dialog:modal')) act.away();
    else if (typing(target) || event.altKey || document.querySelector('dialog:modal')) return;
    else if (command && key.toLowerCase() === 'z') (event.shiftKey ? act.redo : act.undo)();
    else if (command && key.toLowerCase() === 'y') act.redo();
    else if (command) return;
    // A button that was reached by keys is pressed by Space; one that was clicked keeps it no more than anything else.
    else if (key === ' ' && !target.matches('select, video, summary, input[type=checkbox], input[type=radio]') && (!target.matches('button') || target === clicked)) act.play();
    else if (key === ' ') return;
    else if (moves(target) && /^(Arrow|Page|Home|End)/.test(key)) return;
    else if (key === 'ArrowLeft' || key === 'ArrowRight') (event.shiftKey ? act.bar : act.beat)(key === 'ArrowRight');
    else if (key.startsWith('Arrow') && target.id === 'timeline') act.beat(key === 'ArrowUp');
    else if (key === 'PageUp' || key === 'PageDown') act.section(key === 'PageDown');
    else if (key === 'Home') act.seek(0);
    else if (key === 'End') act.seek(Infinity);
    else if (target.matches('select')) return;
    else if (key === ',' || key === '.') act.frame(key === '.');
    else if (key === '+' || key === '=') act.zoom(0.8);
    else if (key === '-') act.zoom(1.25);
    else if (key === '0') act.whole();
    else if (key === '?') act.help();
    else if (act.letters[key.toLowerCase()]) act.letters[key.toLowerCase()]();
    else return;
    event.preventDefault();
  });
}
