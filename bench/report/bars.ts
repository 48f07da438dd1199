/** What a figure must reach. Pure. */
import { median, pairedDifferences, rulerError, type Spread } from './statistics.ts';

export type Bar =
  /** Our figure divided by the other's, at most. */
  | { readonly kind: 'at_most'; readonly times: number; readonly plusRulerError?: boolean }
  /** The same, at least. */
  | { readonly kind: 'at_least'; readonly times: number; readonly plusRulerError?: boolean }
  /** At most so many times, and at most so much more. */
  | { readonly kind: 'at_most_and'; readonly times: number; readonly more: number }
  /** Our figure by itself. */
  | { readonly kind: 'value_at_most'; readonly value: number }
  /** For information. */
  | { readonly kind: 'none' };

/** `noisy`: HAProxy against itself came out so far from 1 that nothing can be said. */
export type Verdict = 'yes' | 'NO' | 'noisy' | 'not compared' | '-';

/** A ruler that is off by more than this excuses no more than this. */
const LARGEST_ALLOWANCE = 0.05;

export interface Compared {
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
  /** Paired. */
  readonly ratio?: Spread | undefined;
  /** The other against itself, paired. */
  readonly itself?: Spread | undefined;
}

export function verdictOf(bar: Bar, compared: Compared): Verdict {
  if (bar.kind === 'none') return '-';
  if (bar.kind === 'value_at_most') return word(median(compared.ours) <= bar.value);
  const { ratio } = compared;
  if (ratio === undefined) return 'not compared';
  if (tooNoisy(compared.itself, bar.times)) return 'noisy';
  switch (bar.kind) {
    case 'at_most':
      return word(ratio.median <= bar.times + allowance(bar, compared.itself));
    case 'at_least':
      return word(ratio.median >= bar.times - allowance(bar, compared.itself));
    case 'at_most_and': {
      const more = median(pairedDifferences(compared.ours, compared.theirs));
      return word(ratio.median <= bar.times && more <= bar.more);
    }
  }
}

function allowance(bar: { readonly plusRulerError?: boolean }, itself: Spread | undefined): number {
  if (bar.plusRulerError !== true || itself === undefined) return 0;
  return Math.min(rulerError(itself), LARGEST_ALLOWANCE);
}

/** The ruler is off by more than what the bar grants, or by more than 5 % where it grants less. */
function tooNoisy(itself: Spread | undefined, times: number): boolean {
  if (itself === undefined) return false;
  const granted = Math.max(times, 1 / times, 1 + LARGEST_ALLOWANCE);
  return itself.median > granted || itself.median < 1 / granted;
}

function word(reached: boolean): Verdict {
  return reached ? 'yes' : 'NO';
}

/** The bar in words, for the table. */
export function barText(bar: Bar, unit: string): string {
  switch (bar.kind) {
    case 'at_most':
      return `≤ ${bar.times} ×${bar.plusRulerError === true ? ' + A/A' : ''}`;
    case 'at_least':
      return `≥ ${bar.times} ×${bar.plusRulerError === true ? ' − A/A' : ''}`;
    case 'at_most_and':
      return `≤ ${bar.times} ×, ≤ +${bar.more} ${unit}`;
    case 'value_at_most':
      return `≤ ${bar.value} ${unit}`;
    case 'none':
      return '-';
  }
}
