import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BusiestBackends } from '../../../../data-plane/telemetry/busiest-backends.ts';

/** What a backend's metrics are: by name, connections established. */
function chosen(busiest: BusiestBackends, connections: Readonly<Record<string, number>>): string {
  const backends = new Map(
    Object.entries(connections).map(([name, count]) => [name, { connections: count }] as const),
  );
  return [...busiest.choose(backends)].sort().join('');
}

describe('the busiest backends', () => {
  it('are those with the most connections, and among equals the first by name, in whatever order they come', () => {
    assert.equal(chosen(new BusiestBackends(3), { a: 1, d: 5, c: 5, b: 5, e: 7 }), 'bce');
    assert.equal(chosen(new BusiestBackends(3), { e: 7, b: 5, c: 5, d: 5, a: 1 }), 'bce');
    assert.equal(chosen(new BusiestBackends(2), { d: 0, c: 0, b: 0, a: 0 }), 'ab');
  });

  it('stay until another is more than twice as busy', () => {
    const busiest = new BusiestBackends(2);
    assert.equal(chosen(busiest, { a: 5, b: 5, c: 4 }), 'ab');
    assert.equal(chosen(busiest, { a: 5, b: 6, c: 10 }), 'ab', 'twice as busy as a, not more');
    assert.equal(chosen(busiest, { a: 5, b: 6, c: 11 }), 'bc');
    assert.equal(chosen(busiest, { a: 12, b: 6, c: 11 }), 'bc');
  });

  it('make room for the busiest of the others when one is gone', () => {
    const busiest = new BusiestBackends(2);
    assert.equal(chosen(busiest, { a: 5, b: 5, c: 1, d: 2 }), 'ab');
    assert.equal(chosen(busiest, { b: 5, c: 1, d: 2 }), 'bd');
  });

  it('change places with nobody while all take turns', () => {
    const busiest = new BusiestBackends(5);
    const names = Array.from('abcdefghij');
    const connections = Object.fromEntries(names.map((name) => [name, 1]));
    const first = chosen(busiest, connections);
    for (let turn = 0; turn < 200; turn += 1) {
      const name = names[(turn * 7) % names.length] ?? '';
      connections[name] = (connections[name] ?? 0) + 1;
      assert.equal(chosen(busiest, connections), first);
    }
  });
});
