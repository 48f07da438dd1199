import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Resource } from '../../../../core/model/resources.ts';
import type { Snapshot } from '../../../../core/model/snapshot.ts';
import { assemble } from '../../../../data-plane/subscription/assemble-snapshot.ts';
import { collect, type DeltaPart } from '../../../../data-plane/subscription/delta-part.ts';
import * as make from '../../../../harness/snapshots.ts';

const web = [make.pool('web'), make.backend('web', '10.0.0.1:80')];
const base = make.snapshot(1, ...web);

function deltaTo(target: Snapshot, fields: Partial<DeltaPart> = {}): DeltaPart {
  return {
    nonce: 'n',
    baseHash: '',
    upserts: [...target.entries.values()],
    removals: [],
    end: { position: target.position, snapshotHash: target.hash, format: 1 },
    violations: [],
    ...fields,
  };
}

function run(current: Snapshot | null, ...parts: readonly DeltaPart[]) {
  const end = parts.at(-1)?.end;
  assert.ok(end);
  const collected = parts.reduce<ReturnType<typeof collect> | null>(collect, null);
  assert.ok(collected);
  return assemble(current, collected, end);
}

function words(result: ReturnType<typeof run>): string {
  return result.ok
    ? 'accepted'
    : result.violations.map((each) => `${each.field} ${each.description}`).join('\n');
}

describe('assembling a snapshot from a delta', () => {
  it('gives the target of a delta to what runs, and leaves that as it was', () => {
    const target = make.snapshot(2, make.pool('web'), make.backend('web', '10.0.0.2:80'));
    const before = [...base.entries.keys()];
    const result = run(
      base,
      deltaTo(target, {
        baseHash: base.hash,
        upserts: [make.entry(make.backend('web', '10.0.0.2:80'))],
        removals: ['backend/web/10.0.0.1:80'],
      }),
    );
    assert.deepEqual(result, { ok: true, snapshot: target });
    assert.deepEqual([...base.entries.keys()], before);
  });

  it('puts the entries in order of their keys, whatever order they came in', () => {
    const result = run(null, deltaTo(base, { upserts: [...base.entries.values()].reverse() }));
    assert.ok(result.ok);
    assert.deepEqual([...result.snapshot.entries.keys()], [...base.entries.keys()]);
  });

  it('forgets what runs when the delta is to nothing', () => {
    const target = make.snapshot(2, make.pool('api'));
    const result = run(base, deltaTo(target));
    assert.ok(result.ok);
    assert.equal(result.snapshot.entries.has('pool/web'), false);
  });

  it('accepts an empty delta that only moves the position', () => {
    const target = { ...base, position: make.position(2) };
    assert.deepEqual(run(base, deltaTo(target, { baseHash: base.hash, upserts: [] })), {
      ok: true,
      snapshot: target,
    });
  });

  const broken = (resource: Resource) => ({ ...make.entry(resource), hash: 'f00' });
  const refusals: readonly [string, Snapshot | null, DeltaPart, RegExp][] = [
    [
      'another base than what runs',
      base,
      deltaTo(base, { baseHash: 'other' }),
      /base of this delta is the snapshot other/,
    ],
    ['a base when nothing runs', null, deltaTo(base, { baseHash: 'other' }), /this proxy runs none yet/],
    [
      'a format of the future',
      null,
      deltaTo(base, { end: { position: make.position(1), snapshotHash: base.hash, format: 4 } }),
      /format 4, .* upgrade the proxy/,
    ],
    [
      'a resource whose hash is another',
      null,
      deltaTo(base, { upserts: [...base.entries.values(), broken(make.pool('api'))] }),
      /pool\/api has the hash .* but was announced with f00/,
    ],
    [
      'a hash of the whole that is another',
      null,
      deltaTo(base, { end: { position: make.position(1), snapshotHash: 'f00', format: 1 } }),
      /but the snapshot was announced with f00/,
    ],
    [
      'a key that its resource does not have',
      null,
      deltaTo(base, {
        upserts: [...base.entries.values(), { ...make.entry(make.pool('api')), key: 'route/api' }],
      }),
      /route\/api holds pool\/api/,
    ],
    [
      'a removal of what is not there',
      base,
      deltaTo(base, { baseHash: base.hash, upserts: [], removals: ['pool/api'] }),
      /pool\/api is removed by this delta, but/,
    ],
    [
      'one key twice',
      null,
      deltaTo(base, { upserts: [...base.entries.values(), make.entry(make.pool('web'))] }),
      /pool\/web appears twice/,
    ],
    [
      'what the wire could not hold',
      null,
      deltaTo(base, { violations: [{ field: 'policy/x', description: 'STRATEGY_9 is not known here' }] }),
      /STRATEGY_9/,
    ],
  ];
  for (const [what, current, part, expected] of refusals) {
    it(`refuses ${what}`, () => assert.match(words(run(current, part)), expected));
  }

  it('names every violation at once', () => {
    const upserts = [broken(make.pool('a')), broken(make.pool('b'))];
    const result = run(null, deltaTo(base, { upserts, removals: ['pool/c'] }));
    assert.ok(!result.ok);
    // Two wrong hashes, one removal of nothing, and with that the hash of the whole.
    assert.equal(result.violations.length, 4);
  });
});

describe('collecting the parts of a delta', () => {
  it('forgets an unfinished delta when another begins', () => {
    const unfinished = deltaTo(base, { nonce: 'old', upserts: [make.entry(make.pool('ghost'))], end: null });
    assert.deepEqual(run(null, unfinished, deltaTo(base)), { ok: true, snapshot: base });
  });

  it('keeps nothing of a delta without end, and refuses it when it ends', () => {
    const part = deltaTo(base, {
      end: null,
      upserts: [],
      removals: Array.from({ length: 60_000 }, () => 'x'),
    });
    const collected = collect(collect(null, part), part);
    assert.deepEqual(collected.parts, []);
    assert.match(words(run(null, part, part, deltaTo(base))), /larger than the largest snapshot/);
  });

  it('bounds the number of parts too', () => {
    const part = deltaTo(base, { end: null, upserts: [] });
    const parts = Array.from({ length: 1_001 }, () => part);
    assert.match(words(run(null, ...parts, deltaTo(base))), /larger than the largest snapshot/);
  });
});
