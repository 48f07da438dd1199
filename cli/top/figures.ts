/** Rates, bytes and times in five characters, as they are read at a glance. Pure. */

const UNITS = ['', 'k', 'M', 'G', 'T', 'P'] as const;

/** `0`, `3.2`, `123`, `1.2k`, `45M`. */
export function short(value: number): string {
  let rest = value;
  let unit = 0;
  while (rest >= 999.5 && unit < UNITS.length - 1) {
    rest /= 1_000;
    unit += 1;
  }
  if (rest < 0.05) return '0';
  return `${rest < 9.95 ? rest.toFixed(1).replace(/\.0$/, '') : String(Math.round(rest))}${UNITS[unit]}`;
}

/** Seconds as `450µs`, `1.2ms`, `123ms`, `1.2s`, `45s`, `12m`, `3h`; `-` when there are none. */
export function shortTime(seconds: number | null): string {
  if (seconds === null) return '-';
  if (seconds < 0.000_999_5) return `${Math.round(seconds * 1_000_000)}µs`;
  if (seconds < 0.9995) return `${tidy(seconds * 1_000)}ms`;
  if (seconds < 119.5) return `${tidy(seconds)}s`;
  return seconds < 7_170 ? `${Math.round(seconds / 60)}m` : `${Math.round(seconds / 3_600)}h`;
}

function tidy(value: number): string {
  return value < 9.95 ? value.toFixed(1).replace(/\.0$/, '') : String(Math.round(value));
}

const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** The newest samples, newest at the right, each beside the highest of them. */
export function sparkline(samples: readonly number[], width: number): string {
  const shown = width > 0 ? samples.slice(-width) : [];
  const highest = Math.max(...shown, 0);
  return shown
    .map((sample) => BARS[highest === 0 ? 0 : Math.min(7, Math.floor((sample / highest) * 7.999))] ?? '')
    .join('');
}
