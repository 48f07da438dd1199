import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../../../core/runtime/random.ts';
import { type Balancer, NO_BACKEND } from '../../../../data-plane/balancing/balancer.ts';
import { PeakEwma } from '../../../../data-plane/balancing/peak-ewma.ts';
import { TriedSet } from '../../../../data-plane/balancing/tried-set.ts';
import { FakeCandidates } from '../../../../harness/worker/fake-candidates.ts';

const nothing = new TriedSet();

function create(
  candidates: FakeCandidates,
  previous: { balancer: Balancer; moved: Int32Array } | null = null,
): PeakEwma {
  return new PeakEwma({
    candidates,
    random: seededRandom(5),
    turn: new Int32Array(1),
    hosts: null,
    previous,
  });
}

/** Counts of 1,000 picks at one moment, each released at once. */
function counts(balancer: Balancer, count: number, nowMs: number): number[] {
  const times = Array.from({ length: count }, () => 0);
  for (let n = 0; n < 1_000; n++) {
    const picked = balancer.pick({ sourceHash: 0, nowMs }, nothing);
    times[picked] = (times[picked] ?? 0) + 1;
    balancer.release(picked);
  }
  return times;
}

describe('peak_ewma', () => {
  it('avoids a slow backend from its first slow connect on', () => {
    const balancer = create(new FakeCandidates([1, 1, 1]));
    for (const candidate of [0, 1, 2]) balancer.connected(candidate, 2, 0);
    assert.ok(counts(balancer, 3, 0).every((times) => times > 250));
    balancer.connected(1, 50, 1);
    assert.equal(counts(balancer, 3, 1)[1], 0);
  });

  it('takes a refusal, however quick, for a very slow connect', () => {
    const balancer = create(new FakeCandidates([1, 1]));
    balancer.connected(0, 20, 0);
    balancer.connected(1, 2, 0);
    balancer.connectFailed(1, 0.1, 1);
    assert.deepEqual(counts(balancer, 2, 1), [1_000, 0]);
  });

  it('comes back to a backend once its peak has faded', () => {
    const balancer = create(new FakeCandidates([1, 1]));
    balancer.connected(0, 2, 0);
    balancer.connectFailed(1, 0, 0);
    for (let second = 1; second <= 60; second++) balancer.connected(0, 2, second * 1_000);
    assert.equal(counts(balancer, 2, 30_000)[1], 0);
    assert.ok((counts(balancer, 2, 70_000)[1] ?? 0) > 0);
  });

  it('forgets a peak slowly, sample by sample', () => {
    const balancer = create(new FakeCandidates([1, 1]));
    balancer.connected(0, 10, 0);
    balancer.connected(1, 100, 0);
    balancer.connected(1, 2, 100);
    assert.deepEqual(counts(balancer, 2, 100), [1_000, 0]);
  });

  it('puts up with slowness that load elsewhere outweighs', () => {
    const candidates = new FakeCandidates([1, 1]);
    const balancer = create(candidates);
    balancer.connected(0, 2, 0);
    balancer.connected(1, 10, 0);
    candidates.opened[0] = 20;
    assert.deepEqual(counts(balancer, 2, 0), [0, 1_000]);
  });

  it('tries a backend that it knows nothing of', () => {
    const balancer = create(new FakeCandidates([1, 1, 1]));
    balancer.connected(0, 1, 0);
    balancer.connected(1, 1, 0);
    const unknown = counts(balancer, 3, 0)[2] ?? 0;
    assert.ok(unknown > 200 && unknown < 500, `${unknown}`);
  });

  it('takes what it learnt into the next plan, under the new numbers', () => {
    const before = create(new FakeCandidates([1, 1, 1]));
    before.connected(0, 2, 0);
    before.connected(1, 500, 0);
    before.connected(2, 2, 0);
    const moved = Int32Array.of(NO_BACKEND, 2, 0);
    const after = create(new FakeCandidates([1, 1, 1]), { balancer: before, moved });
    after.connected(1, 2, 0);
    const times = counts(after, 3, 0);
    assert.equal(times[2], 0);
  });
});
