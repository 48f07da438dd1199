import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  entryOfListener,
  FULL,
  LimitTable,
  UNTRACKED,
} from '../../../../data-plane/admission/limit-table.ts';
import { PeerAddress } from '../../../../data-plane/engine/peer-address.ts';
import {
  createBuffers,
  SOURCE_WAYS,
  sharedCells,
  WORKER_COUNTERS,
  workerCells,
} from '../../../../data-plane/memory/shared-memory.ts';

const buffers = createBuffers(2);
const shared = sharedCells(buffers);
const owns = [workerCells(buffers, 0), workerCells(buffers, 1)];

/** Tables of two workers that share one bucket of sources. */
function tables(): LimitTable[] {
  const used = 64;
  const sourceBuckets = shared.sourceBuckets.subarray(0, 1);
  for (const cells of [shared.limitOpen, shared.limitDue, shared.limitSeenMs, sourceBuckets])
    cells.fill(0, 0, used);
  for (const own of owns) own.limitOpen.fill(0, 0, used);
  for (const row of [0, 1])
    shared.limitOpen[entryOfListener(row)] = shared.limitDue[entryOfListener(row)] = 0;
  return owns.map((own) => new LimitTable({ ...shared, sourceBuckets }, own));
}

const client = (text: string) => {
  const address = new PeerAddress();
  address.setText(text, 1);
  return address;
};
/** Of two listeners. */
const SOURCES = Array.from({ length: 12 }, (_, at) => ({
  listener: at % 2,
  address: client(at < 6 ? `10.0.0.${at}` : `2001:db8:0:${at}::1`),
}));

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ hold: fc.nat(SOURCES.length - 1), most: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ release: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ passMs: fc.nat(3_000) }) },
);

/** What a bucket must do, in plain words. */
class Model {
  readonly known = new Map<number, { open: number; seenMs: number }>();

  hold(source: number, most: number, nowMs: number): 'held' | 'full' | 'untracked' {
    const entry = this.known.get(source);
    if (entry) {
      entry.seenMs = nowMs;
      if (entry.open >= most) return 'full';
      entry.open += 1;
      return 'held';
    }
    if (this.known.size === SOURCE_WAYS) {
      const idle = [...this.known].filter(([, { open }]) => open === 0);
      if (idle.length === 0) return 'untracked';
      // Which one of several that were last seen at the same time is open; the test lets time pass with each step.
      const [oldest] = idle.sort(([, a], [, b]) => a.seenMs - b.seenMs);
      this.known.delete(oldest![0]); // `!`: there is one.
    }
    this.known.set(source, { open: 1, seenMs: nowMs });
    return 'held';
  }
}

describe('the table of limits', () => {
  it('agrees with a naive model, whichever worker does what', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(1), step), { maxLength: 200 }), (steps) => {
        const workers = tables();
        const model = new Model();
        const held: { worker: number; entry: number; source: number }[] = [];
        let nowMs = 2 ** 31 - 5_000;
        for (const [worker, what] of steps) {
          nowMs += 1;
          if ('passMs' in what) nowMs += what.passMs;
          else if ('release' in what) {
            const [one] = held.splice(what.release % Math.max(1, held.length), 1);
            if (!one) continue;
            workers[one.worker]?.release(one.entry);
            const known = model.known.get(one.source);
            assert.ok(known, 'an entry with open connections is never taken from its source');
            known.open -= 1;
          } else {
            const { address, listener } = SOURCES[what.hold]!; // `!`: as many as there are.
            const entry = workers[worker]!.holdSource(listener, address, what.most, nowMs);
            const result = entry === FULL ? 'full' : entry === UNTRACKED ? 'untracked' : 'held';
            assert.equal(result, model.hold(what.hold, what.most, nowMs));
            if (entry >= 0) held.push({ worker, entry, source: what.hold });
          }
        }
        const open = held.length;
        const counted = (cells: Int32Array) =>
          cells.subarray(0, SOURCE_WAYS).reduce((sum, value) => sum + (value & 0x1f_ffff), 0);
        assert.equal(counted(shared.limitOpen), open);
        assert.equal(
          owns.reduce((sum, own) => sum + counted(own.limitOpen), 0),
          open,
          'each worker knows its own share',
        );
      }),
      { numRuns: 500 },
    );
  });

  it('takes the addresses of a /64 of IPv6 for one source, and IPv4 addresses apart', () => {
    const [table] = tables();
    const hold = (text: string) => table!.holdSource(0, client(text), 1, 0);
    assert.ok(hold('2001:db8::1') >= 0);
    assert.equal(hold('2001:db8::ffff:ffff:ffff:ffff'), FULL);
    assert.ok(hold('2001:db8:0:1::1') >= 0);
    assert.ok(hold('10.0.0.1') >= 0);
    assert.equal(hold('::ffff:10.0.0.1'), FULL);
    assert.ok(hold('10.0.0.2') >= 0);
    assert.ok(table!.holdSource(1, client('10.0.0.1'), 1, 0) >= 0, 'another listener');
  });

  it('lets a burst of one second through and then what the rate says, exactly, as long as it goes on', () => {
    const times = fc.array(fc.nat(400), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.nat(2 ** 40), times, (rate, startMs, waits) => {
        const [table] = tables();
        const entry = entryOfListener(0);
        const admitted: number[] = [];
        let nowMs = startMs;
        for (const wait of [...Array.from({ length: 60 }, () => 0), ...waits]) {
          nowMs += wait;
          // A bucket of `rate` tokens that is never empty for longer than it must.
          const tick = Math.floor((nowMs * rate) / 1_000);
          const full = admitted.reduce((due, at) => Math.max(due, at) + 1, 0);
          const isDue = Math.max(full, tick) - tick < rate;
          assert.equal(table!.spend(entry, rate, nowMs), isDue);
          if (isDue) admitted.push(tick);
        }
        assert.ok(admitted.length >= Math.min(rate, 60));
      }),
    );
  });

  it('starts with a whole burst when the rate was changed, and after an hour', () => {
    const [table] = tables();
    const entry = entryOfListener(1);
    const burst = (rate: number, nowMs: number) => {
      let admitted = 0;
      while (table!.spend(entry, rate, nowMs)) admitted += 1;
      return admitted;
    };
    const bursts = [
      burst(1_000, 5_000_000),
      burst(10, 5_000_001),
      burst(1_000, 5_000_002),
      burst(1_000, 8_600_000),
    ];
    assert.deepEqual(bursts, [1_000, 10, 1_000, 1_000]);
  });

  it('counts the sources that it had no room for, and those whose rate it forgot', () => {
    const [table] = tables();
    const own = owns[0]!;
    const lost = ['sourcesForgotten', 'sourcesUntracked'] as const;
    const count = () => lost.map((name) => own.worker[WORKER_COUNTERS.indexOf(name)]!);
    const before = count();
    const hold = (at: number, nowMs: number) => table!.holdSource(0, client(`10.0.1.${at}`), 5, nowMs);
    const entries = Array.from({ length: SOURCE_WAYS }, (_, at) => hold(at, at));
    assert.equal(hold(100, 20), UNTRACKED);
    table!.release(entries[0]!);
    assert.equal(hold(101, 30), entries[0], 'the only one without connections');
    table!.release(entries[1]!);
    assert.equal(hold(102, 3_000), entries[1], 'nothing is lost with it');
    assert.deepEqual(
      count().map((value, at) => value - before[at]!),
      [1, 1],
    );
  });
});
