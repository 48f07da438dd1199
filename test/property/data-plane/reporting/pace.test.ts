import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type FakeCall, ReporterRig } from '../../../../harness/proxy/reporter-rig.ts';

/** Enough for two messages. */
const BACKENDS = 251;
const REPLICAS = ['a', 'b', 'c'];

const step = fc.tuple(
  fc.constantFrom('count', 'second', 'urgent', 'block', 'drain', 'lose'),
  fc.nat(REPLICAS.length - 1),
);

/** What its receiver knows of each backend. Fails where it is told what it knows. */
function learnt({ sent }: FakeCall): ReadonlySet<string> {
  const known = new Map<string, number>();
  for (const { backends, traffic } of sent) {
    for (const [place, key] of (traffic?.backends ?? []).entries()) {
      const address = key.slice('web/'.length);
      const more = traffic?.connections[place] ?? 0;
      assert.ok(more > 0, `${address} was told nothing new`);
      known.set(address, (known.get(address) ?? Number.NaN) + more);
    }
    for (const { backend, connectionsTotal } of backends) {
      const address = backend?.address ?? '';
      const total = Number(connectionsTotal);
      assert.ok(total > (known.get(address) ?? -1), `${address} was told ${total} again`);
      known.set(address, total);
    }
  }
  assert.equal(known.size, BACKENDS);
  return new Set(Array.from(known.values(), String));
}

describe('replicas that take reports at paces of their own', () => {
  it('are told every change once, and everything at first', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
        const rig = new ReporterRig();
        rig.backends = BACKENDS;
        const reporter = await rig.start(...REPLICAS);
        const lost = new Set<FakeCall>();
        const open = () => rig.calls.filter((call) => !lost.has(call));
        const take: Record<string, (call: FakeCall) => unknown> = {
          count: () => (rig.accepted += 1),
          second: () => rig.clock.advance(1_000),
          urgent: () => {
            reporter.wake();
            rig.clock.advance(50);
          },
          block: (call) => (call.takes = false),
          drain: (call) => {
            call.takes = true;
            call.emit('drain');
          },
          lose: (call) => {
            lost.add(call);
            call.emit('error', new Error('gone'));
            return rig.clock.advanceSettling(2_000);
          },
        };
        for (const [what, replica] of steps) await take[what]?.(open()[replica]!);
        for (const call of open()) {
          call.takes = true;
          call.emit('drain');
        }
        rig.clock.advance(2_000);
        for (const call of open()) {
          assert.equal(call.sent[0]?.proxy?.id, 'p1');
          assert.equal(call.totals.at(-1), String(rig.accepted));
          assert.deepEqual([...learnt(call)], [String(rig.accepted)]);
        }
      }),
      { numRuns: 30 },
    );
  });
});
