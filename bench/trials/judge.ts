/** What a round did to the clients of one balancer, from their logs and the data that is left. Pure. */
import type { Attempt } from './client.ts';

/** What happened to the cluster; times as in the clients' logs. */
export interface RoundFacts {
  /** The address of the machine that took the writes after the fault. */
  readonly primary: string;
  /** When it would first have taken one. */
  readonly readyAt: number;
  /** Every machine may take writes, as in Galera, so only a refusal shows that a write came to a wrong one. */
  readonly allWrite: boolean;
  /** How a server words that it takes no writes. */
  readonly takesNoWrites: RegExp;
  /** The numbers of the writes that the cluster holds in the end. */
  readonly stored: ReadonlySet<number>;
}

export interface Figures {
  readonly acknowledged: number;
  /** Acknowledged, and in the end not there. */
  readonly lost: number;
  /** Refused by a server that takes none, or acknowledged by one that was no longer the primary. */
  readonly onReplica: number;
  /** Clients that waited more than two seconds for another than the new primary, after that was ready. */
  readonly stuck: number;
  /** What these waited for, for whoever wants to know why; times from the new primary's readiness on. */
  readonly waits: readonly Attempt[];
  /** From the new primary's readiness to the first write that it acknowledged; Infinity: none. */
  readonly firstWriteMs: number;
  /** The longest time that a client waited for an answer or an error. */
  readonly longestWaitMs: number;
}

const STUCK_AFTER_MS = 2_000;

/** `logs`: of each writer, its attempts. */
export function judge(logs: readonly (readonly Attempt[])[], facts: RoundFacts): Figures {
  const attempts = logs.flat();
  const acknowledged = attempts.filter(({ outcome }) => outcome === 'acknowledged');
  const after = acknowledged.filter(({ endedAt }) => endedAt > facts.readyAt);
  const outdated = facts.allWrite ? [] : after.filter(({ server }) => server !== facts.primary);
  const refused = attempts.filter(
    ({ outcome, reason }) => outcome === 'refused' && facts.takesNoWrites.test(reason),
  );
  const first = Math.min(
    ...after.filter(({ server }) => server === facts.primary).map(({ endedAt }) => endedAt),
  );
  // Where every machine may write, the primary is the one to which the balancer has moved on, if it has.
  const since = facts.allWrite && Number.isFinite(first) ? first : facts.readyAt;
  const waits = (log: readonly Attempt[]) => log.filter((attempt) => isStuck(attempt, facts.primary, since));
  const fromReadiness = (each: Attempt) => ({
    ...each,
    sentAt: each.sentAt - facts.readyAt,
    endedAt: each.endedAt - facts.readyAt,
  });
  return {
    acknowledged: acknowledged.length,
    lost: acknowledged.filter(({ id }) => !facts.stored.has(id)).length,
    onReplica: refused.length + outdated.length,
    stuck: logs.filter((log) => waits(log).length > 0).length,
    waits: logs.flatMap(waits).map(fromReadiness),
    firstWriteMs: first - facts.readyAt,
    longestWaitMs: Math.max(0, ...attempts.map(({ sentAt, endedAt }) => endedAt - sentAt)),
  };
}

function isStuck({ sentAt, endedAt, server }: Attempt, primary: string, since: number): boolean {
  return server !== primary && endedAt - Math.max(sentAt, since) > STUCK_AFTER_MS;
}
