// The way to the server: facts once, then one WebSocket that is opened again whenever it is lost.

export const news = new EventTarget();
const RETRY_MS = 1000;
let socket = null;
let asked = 0;
let lost = 0;

export async function facts() {
  const response = await fetch('facts');
  if (!response.ok) throw new Error(`the studio doesn't answer (${response.status})`);
  return response.json();
}

export function connect() {
  const address = new URL('socket', location.href);
  address.protocol = 'ws:';
  socket = new WebSocket(address);
  socket.onopen = () => {
    lost = 0;
    tell('open');
  };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    tell(message.type, message);
  };
  socket.onclose = () => {
    lost += 1;
    tell('lost', { times: lost });
    setTimeout(connect, RETRY_MS);
  };
}

// Asks for something, under the number that is returned: a refusal repeats it.
export function ask(message) {
  asked += 1;
  const own = asked;
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ ...message, ask: own }));
  // Whoever asks knows the number before it is refused.
  else queueMicrotask(() => tell('refused', { message: 'not connected: this change is lost', hints: [], ask: own }));
  return own;
}

// A number for edits that are one step to undo.
export function newGesture() { return Math.floor(Math.random() * 2 ** 40); }

export function edit(change, gesture = null) {
  tell('edited', { change });
  return ask({ do: 'edit', change, gesture });
}

// Where the playhead is matters only now: without a connection there is nobody to tell.
export function at(frame, time, playing) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ do: 'at', frame, time, playing }));
}

function tell(type, detail) {
  // What is said where it belongs is prevented from being said elsewhere.
  news.dispatchEvent(new CustomEvent(type, { detail, cancelable: true }));
}
