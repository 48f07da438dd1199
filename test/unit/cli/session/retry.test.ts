/** Which failures are repeated, and for how long. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Context } from '../../../../cli/context.ts';
import { CliError, EXIT } from '../../../../cli/exit.ts';
import { isRetryable, retry, type RetryOptions } from '../../../../cli/session/retry.ts';
import { LbError } from '../../../../core/runtime/errors.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';

const AWAY = new LbError('UNAVAILABLE', 'away');

/** Each attempt ends with the next outcome: an error is thrown. Pauses take no real time. */
async function run(outcomes: readonly unknown[], options: Partial<RetryOptions<unknown>> = {}) {
  const clock = new FakeClock();
  const left = [...outcomes];
  const context = { clock, random: { next: () => 1 } } as unknown as Context;
  const result = retry<unknown>(context, {
    attempt: async () => {
      const next = left.shift();
      if (next instanceof Error) throw next;
      return next;
    },
    pause: async (ms) => clock.advance(ms),
    ...options,
  });
  return { result: await result, left: left.length, tookMs: clock.nowMs() };
}

describe('retry', () => {
  it('repeats what failed for a reason that may pass, and what is not done yet', async () => {
    const { result, left } = await run([AWAY, undefined, AWAY, 'done', 'never']);
    assert.deepEqual([result, left], ['done', 1]);
  });

  it('throws at once what may not be retried', async () => {
    await assert.rejects(run([AWAY, new LbError('NOT_FOUND', 'no pool'), 'never']), /no pool/);
    await assert.rejects(run([new TypeError('a defect'), 'never']), /a defect/);
  });

  it('throws the last failure when the time is up, and returns nothing when nothing failed', async () => {
    await assert.rejects(run([AWAY, AWAY, AWAY, AWAY, AWAY], { untilMs: 500 }), /away/);
    assert.equal((await run([], { untilMs: 1_000 })).result, undefined);
  });

  it('reports a failure only when another attempt follows', async () => {
    const reported: unknown[] = [];
    const onFailure = (error: unknown) => reported.push(error);
    await assert.rejects(run([AWAY, AWAY, 'never'], { untilMs: 300, onFailure }), /away/);
    assert.deepEqual(reported, [AWAY]);
  });

  it('pauses as the given delays say', async () => {
    const delays = { nextMs: () => 7, reset: () => undefined };
    assert.equal((await run([AWAY, AWAY, 'done'], { delays })).tookMs, 14);
  });

  it('ends when it is aborted, whatever the attempt ends with', async () => {
    const { result, left } = await run([AWAY, 'never'], { signal: AbortSignal.abort() });
    assert.deepEqual([result, left], [undefined, 2]);
  });

  it('lets the error say whether it may pass', () => {
    assert.ok(isRetryable(new CliError(EXIT.unreachable, 'no control plane')));
    assert.ok(isRetryable(new LbError('OUTCOME_UNKNOWN', 'no answer')));
    assert.ok(!isRetryable(new CliError(EXIT.failed, 'UNAVAILABLE')));
    assert.ok(!isRetryable(new Error('UNAVAILABLE')));
  });
});
