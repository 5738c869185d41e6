// The way to the server: facts once, then one WebSocket that is opened again whenever it is lost.

export const news = new EventTarget();
const RETRY_MS = 1000;
let socket = null;

export async function facts() {
  const response = await fetch('facts');
  if (!response.ok) throw new Error(`the studio doesn't answer (${response.status})`);
  return response.json();
}

export function connect() {
  const address = new URL('socket', location.href);
  address.protocol = 'ws:';
  socket = new WebSocket(address);
  socket.onopen = () => tell('open');
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    tell(message.type, message);
  };
  socket.onclose = () => {
    tell('lost');
    setTimeout(connect, RETRY_MS);
  };
}

export function ask(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  else tell('refused', { message: 'not connected; this change is lost', hints: [] });
}

// Where the playhead is matters only now: without a connection there is nobody to tell.
export function at(frame, playing) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ do: 'at', frame, playing }));
}

function tell(type, detail) {
  news.dispatchEvent(new CustomEvent(type, { detail }));
}
