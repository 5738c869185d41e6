// Times as people write and read them.

// 75.25 -> 1:15.3, with so many digits behind the seconds.
export function clock(t, digits = 1) {
  const unit = 10 ** digits;
  const all = Math.round(Math.max(t, 0) * unit);
  const seconds = (all % (60 * unit)) / unit;
  const minutes = Math.floor(all / (60 * unit));
  const head = minutes < 60 ? `${minutes}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`;
  return `${head}:${seconds.toFixed(digits).padStart(digits ? digits + 3 : 2, '0')}`;
}

// 1:15.3 or 75.3 -> 75.3; NaN for what is no time.
export function parsed(text) {
  const parts = text.trim().replace(',', '.').split(':');
  if (parts.length > 3 || !parts.every((part) => /^\d+(\.\d*)?$/.test(part))) return NaN;
  return parts.reduce((sum, part) => 60 * sum + Number(part), 0);
}

// A duration about: two figures, in the unit that suits it.
export function roughly(seconds) {
  const [value, unit] = seconds < 90 ? [seconds, 'second'] : seconds < 5400 ? [seconds / 60, 'minute'] : [seconds / 3600, 'hour'];
  const step = value >= 20 ? 5 : value < 10 && unit !== 'second' ? 0.5 : 1;
  const rounded = Math.max(Math.round(value / step) * step, step);
  return `${rounded} ${unit}${rounded === 1 ? '' : 's'}`;
}

// 2 min 5 s
export function minutes(seconds) {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
