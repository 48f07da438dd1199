/** What the calls of a run and the log of the store must say together. Answers one text a violation. */
import { whyNotContinuation } from '../../../control-plane/store/log/catch-up-plan.ts';
import { genesisHash } from '../../../core/model/hash.ts';
import { configurationModel, sorted, type Step } from './configuration-model.ts';
import { linearize } from './linearizable.ts';
import { type Call, describeCall, type ReadCall, type WriteCall } from './operation.ts';
import { configurationOf, type StoreLog } from './store-log.ts';
import { validateState } from '../../../harness/state.ts';

/** How much of an order is shown before the place where it breaks. */
const SHOWN_BEFORE = 8;

export function verifyLog({ head, commits, states }: StoreLog): string[] {
  const genesis = { storeId: head.storeId, revision: 0, hash: genesisHash(head.storeId) };
  const doubt = whyNotContinuation(genesis, commits);
  const violations = doubt === undefined ? [] : [`the log is no history: ${doubt}`];
  const last = states.at(-1)?.head;
  if (last?.hash !== head.hash)
    violations.push(`the head says ${head.revision}, the log ends at ${last?.revision}`);
  for (const state of states) {
    const wrong = validateState(state);
    if (wrong.length > 0)
      violations.push(`revision ${state.head.revision} is invalid: ${JSON.stringify(wrong)}`);
  }
  return violations;
}

/** Acknowledged means there, refused means not there, unknown was settled, and nothing is there that nobody asked for. */
export function verifyOutcomes(writes: readonly WriteCall[], log: StoreLog, zeroMs: number): string[] {
  const violations: string[] = [];
  const revisions = new Map<string, number>();
  for (const { requestId, revision } of log.commits) {
    const before = revisions.get(requestId);
    if (before !== undefined)
      violations.push(`request ${requestId} was committed twice: ${before}, ${revision}`);
    revisions.set(requestId, revision);
  }
  const byRequest = new Map<string, WriteCall[]>();
  for (const call of writes) byRequest.set(call.requestId, [...(byRequest.get(call.requestId) ?? []), call]);
  for (const [requestId, calls] of byRequest) {
    const what = outcomeViolation(calls, revisions.get(requestId));
    if (what === null) continue;
    const lines = calls.map((call) => `  ${describeCall(call, zeroMs)}`);
    violations.push([`request ${requestId} ${what}:`, ...lines].join('\n'));
  }
  for (const { requestId, revision } of log.commits.slice(1)) {
    if (!byRequest.has(requestId))
      violations.push(`revision ${revision} is of request ${requestId}, which nobody made`);
  }
  return violations;
}

/** What is wrong with the answers to one request, given where the log has it; null: nothing. */
function outcomeViolation(calls: readonly WriteCall[], revision: number | undefined): string | null {
  const ends = calls.map(({ end }) => end);
  const committed = ends.filter((end) => end.is === 'committed');
  if (committed.some((end) => end.revision !== revision)) {
    return `was acknowledged, and the log has it at ${revision ?? 'no revision'}`;
  }
  const isRefused = ends.every(({ is }) => is === 'refused' || is === 'not written' || is === 'unchanged');
  if (isRefused && revision !== undefined) return `was refused, and it is revision ${revision}`;
  if (ends.at(-1)?.is === 'unknown') return 'was never settled';
  if (committed.filter(({ repeated }) => !repeated).length > 1)
    return 'was acknowledged as new more than once';
  const isRepeated = committed.some(({ repeated }) => repeated);
  return isRepeated && calls.length === 1 ? 'was asked once, and is said to be a repetition' : null;
}

/** One order of all calls explains all answers, and no call is placed outside its time. */
export function verifyOrder(calls: readonly Call[], log: StoreLog, zeroMs: number): string[] {
  const model = configurationModel(configurationOf(log.states[1] ?? (log.states[0] as never)));
  const placed = stepsOf(calls, log);
  const verdict = linearize(model, [...placed.keys()]);
  if (verdict.linearizable) return [];
  const show = (step: Step) => describeCall(placed.get(step) as Call, zeroMs);
  return [
    [
      `the history is not linearizable: no order explains the answers. After ${verdict.order.length} calls, of which the last were`,
      ...verdict.order.slice(-SHOWN_BEFORE).map((step) => `  ${show(step)}`),
      `the configuration is at revision ${verdict.state.revision}, and none of these can come next:`,
      ...verdict.stuck.map(({ operation, why }) => `  ${show(operation)}\n      ${why}`),
    ].join('\n'),
  ];
}

/**
 * The calls that say something about the order. Of the calls without an answer for one request that the log has, the
 * first stands for all: it may have had its effect whenever any of them may.
 */
function stepsOf(calls: readonly Call[], log: StoreLog): ReadonlyMap<Step, Call> {
  const revisions = new Map(log.commits.map(({ requestId, revision }) => [requestId, revision]));
  // The call that was told it made the revision did, and none before it.
  const explained = new Set(
    calls.flatMap((call) =>
      'write' in call && call.end.is === 'committed' && !call.end.repeated ? [call.requestId] : [],
    ),
  );
  const steps = new Map<Step, Call>();
  for (const call of [...calls].sort((a, b) => a.invokedMs - b.invokedMs)) {
    if ('read' in call) {
      if (call.end.is !== 'no answer' && !call.end.stale) steps.set(call, call);
    } else if (call.end.is === 'unknown') {
      const revision = revisions.get(call.requestId);
      if (revision === undefined || explained.has(call.requestId)) continue;
      explained.add(call.requestId);
      steps.set({ ...call, end: { is: 'landed', revision } }, call);
    } else if (call.end.is !== 'not written') steps.set(call, call);
  }
  return steps;
}

/** An answer from memory is old, but some revision was like that, and not one from before the last one of that replica. */
export function verifyStaleReads(reads: readonly ReadCall[], log: StoreLog, zeroMs: number): string[] {
  return reads.flatMap((call) => {
    const { end } = call;
    if (end.is === 'no answer' || !end.stale) return [];
    const revision = end.is === 'pool' ? end.pool.revision : end.all.revision;
    const state = log.states[revision];
    const then = state && configurationOf(state);
    const there =
      end.is === 'pool'
        ? call.read.do === 'read pool' && then?.pools[call.read.pool]
        : then && {
            ...then,
            pools: Object.fromEntries(
              Object.entries(then.pools).map(([name, { backends }]) => [name, backends]),
            ),
          };
    const seen = end.is === 'pool' ? end.pool : end.all;
    if (JSON.stringify(sorted(seen)) === JSON.stringify(sorted(there))) return [];
    return [`a stale answer is of no revision that there was:\n  ${describeCall(call, zeroMs)}`];
  });
}
