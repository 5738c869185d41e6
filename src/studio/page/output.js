// The picture alone, in a window of its own for a second display, or over the whole screen.

const NAME = 'beatbolt-output';

export class Output {
  // `canvas` shows the picture.
  constructor(canvas) {
    this.canvas = canvas;
    canvas.ondblclick = () => this.whole(canvas);
  }

  // Opens the window, or closes it.
  turn() {
    if (this.window && !this.window.closed) {
      this.window.close();
      return;
    }
    const opened = window.open('', NAME, 'popup,width=960,height=540');
    if (!opened) return;
    this.window = opened;
    const { document } = opened;
    document.title = 'beatbolt';
    const shown = document.createElement('canvas');
    Object.assign(document.documentElement.style, { height: '100%' });
    Object.assign(document.body.style, { margin: 0, height: '100%', background: '#000', display: 'grid', placeItems: 'center', overflow: 'hidden', cursor: 'none' });
    Object.assign(shown.style, { width: '100vw', height: '100vh', objectFit: 'contain' });
    shown.setAttribute('role', 'img');
    shown.setAttribute('aria-label', 'The generated picture at the playhead');
    shown.title = 'Double-click or F: the whole screen';
    document.body.replaceChildren(shown);
    shown.ondblclick = () => this.whole(shown);
    document.onkeydown = ({ key }) => {
      if (key.toLowerCase() === 'f') this.whole(shown);
    };
    this.shown = shown;
    this.drawn = '';
  }

  // The whole screen shows `element`, or no longer does.
  whole(element) {
    const { ownerDocument: document } = element;
    if (document.fullscreenElement) document.exitFullscreen();
    else element.requestFullscreen?.().catch(() => {});
  }

  // What the studio's canvas shows now.
  draw() {
    if (!this.window || this.window.closed) return;
    const { canvas, shown } = this;
    const drawn = `${canvas.dataset.version} ${canvas.dataset.frame}`;
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    if (shown.width !== canvas.width || shown.height !== canvas.height) [shown.width, shown.height] = [canvas.width, canvas.height];
    shown.getContext('2d').drawImage(canvas, 0, 0);
    shown.dataset.frame = canvas.dataset.frame ?? '';
  }
}
