// A knob: a range input with its name, its value and a way back.

let gesture = Math.floor(Math.random() * 2 ** 40);

export function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// A list to choose from; `act` is told what is chosen.
export function chooser(id, label, names, act) {
  const list = element('select', { id }, ...names.map((name) => new Option(name, name)));
  list.setAttribute('aria-label', label);
  list.onchange = () => act(list.value);
  return list;
}

// `send` is told the value and the drag that it belongs to; `rest` is where the input stands while there is no value.
export function knob({ id, label, title, min, max, rest, unit, send, reset, chosen }) {
  const input = element('input', { type: 'range', id, min, max, step: 'any', title });
  const output = element('output', {});
  output.setAttribute('for', id);
  const back = element('button', { type: 'button', textContent: '\u21ba', title: `Reset ${label}` });
  back.setAttribute('aria-label', `Reset ${label}`);
  const step = (max - min) / 100;
  let sent = 0;
  input.oninput = () => {
    const now = performance.now();
    // Thirty changes a second are more than an eye needs.
    if (now - sent < 33) return;
    sent = now;
    send(Number(input.value), gesture);
  };
  input.onchange = () => send(Number(input.value), gesture++);
  input.onkeydown = (event) => {
    const move = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (!move) return;
    event.preventDefault();
    input.value = Number(input.value) + move * step;
    send(Number(input.value), gesture++);
  };
  input.onfocus = input.onpointerenter = chosen;
  back.onclick = reset;
  const row = element('div', { className: 'knob' }, element('label', { textContent: label, htmlFor: id, title }), input, output, back);
  return {
    row,
    set(value) {
      if (!input.matches(':active')) input.value = value ?? rest;
      output.textContent = value === null ? '\u2013' : `${Number(value.toPrecision(3))}${unit ? ` ${unit}` : ''}`;
      input.setAttribute('aria-valuetext', value === null ? 'not set' : output.textContent);
    },
  };
}
