// Formats figures and times for people. What is unknown is a dash, and never 0.

const NUMBER = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const SHORT = ['', 'k', 'M', 'G', 'T'];

const isUnknown = (value) => value === null || value === undefined;

export const whole = (value) => (isUnknown(value) ? '–' : NUMBER.format(value));

/** At most three digits: 0.4, 12.3, 456, 7.89k. */
export function short(value, units = SHORT, step = 1_000) {
  if (isUnknown(value)) return '–';
  let rest = value;
  let unit = 0;
  while (rest >= step * 0.9995 && unit < units.length - 1) {
    rest /= step;
    unit += 1;
  }
  return `${digits(rest)}${units[unit]}`;
}

function digits(value) {
  if (value === 0 || value >= 100) return String(Math.round(value));
  if (value >= 10) return trimmed(value.toFixed(1));
  return value < 0.005 ? '0' : trimmed(value.toFixed(2));
}

const trimmed = (text) => text.replace(/\.?0+$/, '');

const BYTES = [' B', ' KiB', ' MiB', ' GiB', ' TiB'];

export const bytes = (value) => short(value, BYTES, 1_024);
const perSecond = (show) => (value) => (isUnknown(value) ? '–' : `${show(value)}/s`);
export const rate = perSecond(short);
export const byteRate = perSecond(bytes);

/** A latency, given in seconds: 0.42 ms, 12.3 ms, 1.2 s. */
export function latency(seconds) {
  if (isUnknown(seconds)) return '–';
  if (seconds >= 1) return `${digits(seconds)} s`;
  return seconds > 0 && seconds * 1_000 < 0.01 ? '<0.01 ms' : `${digits(seconds * 1_000)} ms`;
}

export const percent = (share) => (isUnknown(share) ? '–' : `${trimmed((share * 100).toFixed(1))} %`);

export const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour12: false });

/** A time of day, with the date unless it is today. */
export function moment(ms) {
  const time = new Date(ms);
  const today = time.toDateString() === new Date().toDateString();
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return today ? clock(ms) : `${day} ${clock(ms)}`;
}

const two = (value) => String(value).padStart(2, '0');

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
];

/** 45 s, 3 min, 2 h, 5 d. */
export function age(ms) {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  for (const [unit, size] of UNITS) if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`;
  return `${seconds} s`;
}

/** `1 proxy`, `2 proxies`. */
export const counted = (count, one, many = `${one}s`) => `${whole(count)} ${count === 1 ? one : many}`;

/** least_connections → least connections. */
export const words = (name) => name.replaceAll('_', ' ');
