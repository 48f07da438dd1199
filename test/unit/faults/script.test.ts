/** The scripts of the fault runs: the same again for a seed, and within the bounds that keep the promises applicable. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drawScript, type Fault } from '../../faults/script.ts';

const SHAPE = { etcd: 3, 'control-plane': 3, proxy: 3, backend: 5, registrant: 3 };
const SECONDS = 30;
const scripts = Array.from({ length: 200 }, (_, seed) => drawScript(seed, SECONDS, SHAPE));

const overlap = (a: Fault, b: Fault) => a.atMs < b.atMs + b.forMs && b.atMs < a.atMs + a.forMs;

/** The targets of two faults at once that `isOne` counts as one thing. */
function together(script: readonly Fault[], claim: (target: string) => string | null): string[] {
  const found: string[] = [];
  for (const [index, fault] of script.entries()) {
    for (const other of script.slice(index + 1).filter((each) => overlap(fault, each))) {
      const claims = new Set(fault.targets.map(claim));
      found.push(...other.targets.filter((target) => claim(target) !== null && claims.has(claim(target))));
    }
  }
  return found;
}

describe('a fault script', () => {
  it('is the same again for the same seed, and another for another', () => {
    assert.deepEqual(drawScript(7, SECONDS, SHAPE), drawScript(7, SECONDS, SHAPE));
    assert.notDeepEqual(drawScript(7, SECONDS, SHAPE), drawScript(8, SECONDS, SHAPE));
  });

  it('leaves all proxies but one, and all backends but one, in peace', () => {
    for (const script of scripts) {
      assert.deepEqual(
        together(script, (target) => /^(proxy|backend)-\d+$/.exec(target)?.[1] ?? null),
        [],
      );
      for (const { targets } of script) {
        assert.ok(targets.filter((target) => /^proxy-\d+$/.test(target)).length <= 1);
        assert.ok(targets.filter((target) => /^backend-\d+$/.test(target)).length <= 1);
      }
    }
  });

  it('has no two faults of one process or link at once, and faults of several at once', () => {
    for (const script of scripts)
      assert.deepEqual(
        together(script, (target) => target),
        [],
      );
    assert.ok(scripts.some((script) => script.some((a) => script.filter((b) => overlap(a, b)).length > 4)));
  });

  it('has every kind of fault of every kind of thing, the loss of a quorum and of all control planes among them', () => {
    const all = scripts.flat();
    const kinds = new Set(
      all.flatMap(({ what, targets }) => targets.map((each) => `${what} ${each.replaceAll(/\d/g, 'N')}`)),
    );
    const processes = ['etcd-N', 'control-plane-N', 'proxy-N', 'backend-N', 'registrant-N'].flatMap(
      (name) => [`kill ${name}`, `stop ${name}`],
    );
    const links = ['control-plane-N~etcd-N', 'proxy-N~control-plane-N', 'writers~control-plane-N'].flatMap(
      (name) => ['cut', 'silent', 'slow'].map((what) => `${what} ${name}`),
    );
    const losses = ['lossy control-plane-N~etcd-N', 'lossy writers~control-plane-N'];
    assert.deepEqual([...kinds].sort(), [...processes, ...links, ...losses].sort());
    const most = (name: string) =>
      Math.max(
        ...all.map(({ targets }) => targets.filter((each) => new RegExp(`^${name}-\\d+$`).test(each)).length),
      );
    assert.deepEqual([most('etcd'), most('control-plane')], [3, 3]);
  });
});
