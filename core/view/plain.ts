/** Values of the model ⇄ what users read and write: names in snake case, durations as text. Pure. */
import { formatDuration } from '../model/duration.ts';

/** A value as manifests and JSON have it. */
export type Plain = Record<string, unknown>;

/** `{intervalMs: 5000}` as `{interval: '5s'}`. */
export function plainOf(value: object): Plain {
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]: [string, unknown]) => {
      const written = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      if (Array.isArray(inner)) {
        return [written, inner.map((item) => (typeof item === 'object' ? plainOf(item) : item))];
      }
      if (typeof inner === 'object' && inner !== null) return [written, plainOf(inner)];
      return name.endsWith('Ms') ? [written.slice(0, -3), formatDuration(Number(inner))] : [written, inner];
    }),
  );
}

/** The name in the model: `healthCheck` for `health_check`, and `intervalMs` for the duration `interval`. */
export function modelName(written: string, isDuration: boolean): string {
  const name = written.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return isDuration ? `${name}Ms` : name;
}
