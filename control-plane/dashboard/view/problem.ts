/** A problem, and lists of them in which those of one cause are one group. Pure. */
import { cut, type Rows } from './rows.ts';

/** Critical: clients notice it. Warning: they may notice it soon. Notice: it usually passes by itself. */
type Severity = 'critical' | 'warning' | 'notice';

export interface Problem {
  /** Stays the same as long as the problem lasts. */
  readonly key: string;
  readonly severity: Severity;
  readonly what: string;
  /** A line each. */
  readonly why: readonly string[];
  readonly sinceMs: number | null;
  /** The pages that show it, as fragments of their addresses; its link leads to the first. */
  readonly pages: readonly string[];
  /** What several of them are called together, after their number: `proxies are disconnected`. */
  readonly cause: string;
}

/** Without all the pages that show it: the one that its link leads to; null: it has none. */
type ShownProblem = Omit<Problem, 'pages'> & { readonly page: string | null };

/** The problems of one cause, with the worst severity and the earliest time among them. */
interface ProblemGroup extends Rows<ShownProblem> {
  readonly cause: string;
  readonly severity: Severity;
  readonly count: number;
  readonly sinceMs: number | null;
}

/** The worst groups, and the number of all problems by severity. */
export interface ProblemList {
  readonly groups: Rows<ProblemGroup>;
  readonly counts: Readonly<Record<Severity, number>>;
}

const ORDER: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, notice: 2 };
const MAX_GROUPS = 30;
const MAX_IN_GROUP = 50;

export function problemList(problems: readonly Problem[]): ProblemList {
  const counts = { critical: 0, warning: 0, notice: 0 };
  for (const { severity } of problems) counts[severity] += 1;
  const worstFirst = [...problems].sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
  const byCause = new Map<string, Problem[]>();
  for (const one of worstFirst) {
    const group = byCause.get(one.cause);
    if (group === undefined) byCause.set(one.cause, [one]);
    else group.push(one);
  }
  const groups = cut([...byCause], MAX_GROUPS, ([cause, all]): ProblemGroup => {
    const { severity = 'notice' } = all[0] ?? {};
    const sinceMs = earliest(all.map((one) => one.sinceMs));
    return { cause, severity, count: all.length, sinceMs, ...cut(all, MAX_IN_GROUP, shown) };
  });
  return { groups, counts };
}

function shown({ pages, ...problem }: Problem): ShownProblem {
  return { ...problem, page: pages[0] ?? null };
}

/** Those that a page shows which is about one thing. */
export function ofPage(problems: readonly Problem[], page: string): readonly Problem[] {
  return problems.filter(({ pages }) => pages.includes(page));
}

export function problem(
  key: string,
  severity: Severity,
  what: string,
  why: readonly string[],
  { sinceMs = null, pages = [], cause = what }: Partial<Pick<Problem, 'sinceMs' | 'pages' | 'cause'>> = {},
): Problem {
  return { key, severity, what, why, sinceMs, pages, cause };
}

export function earliest(times: readonly (number | null)[]): number | null {
  return times.reduce(
    (first, time) => (time === null || (first !== null && first < time) ? first : time),
    null,
  );
}
