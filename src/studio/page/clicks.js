// Clicks on the beats, mixed into the track: a higher one where a bar begins.

const AHEAD = 0.15;
// A frame is drawn at least so often, or what lies between is skipped.
const LATE = 0.05;

export class Clicks {
  constructor(audio) {
    Object.assign(this, { audio, on: false, made: 0, until: 0, heard: { beats: [], downbeats: [] } });
    for (const event of ['seeking', 'pause', 'play']) audio.addEventListener(event, () => { this.until = audio.currentTime - 0.01; });
  }

  toggle() {
    this.on = !this.on;
    if (this.on && !this.context) {
      this.context = new AudioContext();
      // Track and clicks go one way, so that nothing comes between them.
      this.context.createMediaElementSource(this.audio).connect(this.context.destination);
    }
    this.context?.resume();
    this.until = this.audio.currentTime - 0.01;
    return this.on;
  }

  // What sounds soon is laid down now.
  tick() {
    const { audio, context } = this;
    if (!this.on || audio.paused || !context) return;
    const now = audio.currentTime;
    const from = Math.max(this.until, now - LATE);
    const to = now + AHEAD;
    if (to <= from) return;
    for (const beat of this.heard.beats) {
      if (beat > to) break;
      if (beat > from) this.click(context.currentTime + Math.max(beat - now, 0), this.heard.downbeats.includes(beat), beat);
    }
    this.until = to;
  }

  click(at, bar, beat) {
    const [tone, level] = [this.context.createOscillator(), this.context.createGain()];
    tone.frequency.value = bar ? 1760 : 1175;
    level.gain.setValueAtTime(bar ? 0.5 : 0.32, at);
    level.gain.exponentialRampToValueAtTime(0.001, at + 0.045);
    tone.connect(level).connect(this.context.destination);
    tone.start(at);
    tone.stop(at + 0.05);
    this.made += 1;
    document.body.dataset.clicks = this.made;
    document.body.dataset.click = beat;
  }
}
