/** The scripts of the fault runs: docs/testing.md relies on what they kill and cut. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drawScript } from '../../faults/script.ts';

const SHAPE = { etcd: 3, 'control-plane': 3, proxy: 3, backend: 5, registrant: 3 };
const scripts = Array.from({ length: 200 }, (_, seed) => drawScript(seed, 30, SHAPE));

describe('a fault script', () => {
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
