/** Deltas, their parts, and their bytes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { delta, splitDelta } from '../../../../control-plane/distribution/delta.ts';
import { DeltaEncoder } from '../../../../control-plane/distribution/delta-encoder.ts';
import type { Backend } from '../../../../core/model/resources.ts';
import { loadDefinitions } from '../../../../core/wire/definitions.ts';
import { backend, policy, pool, position, snapshot } from '../../../../harness/snapshots.ts';

const { responseSerialize, responseDeserialize } = loadDefinitions().services.discovery.StreamSnapshots;

function encoder() {
  const encoded: number[] = [];
  return {
    encoded,
    deltas: new DeltaEncoder((response) => {
      const bytes = responseSerialize(response);
      encoded.push(bytes.length);
      return bytes;
    }),
  };
}

describe('the encoder of deltas', () => {
  const first = snapshot(1, pool('web'), backend('web', '10.0.0.1:80'));
  const second = snapshot(2, pool('web'), backend('web', '10.0.0.2:80'));

  it('encodes a delta once, however many proxies get it', () => {
    const { encoded, deltas } = encoder();
    const parts = deltas.parts(first, second, 'nonce');
    for (let proxy = 0; proxy < 1_000; proxy += 1) assert.equal(deltas.parts(first, second, 'nonce'), parts);
    assert.equal(encoded.length, 1);
  });

  it('encodes another one for another base', () => {
    const { deltas } = encoder();
    const [toNothing] = deltas.parts(null, second, 'nonce');
    const [toFirst] = deltas.parts(first, second, 'nonce');
    assert.equal(responseDeserialize(toNothing ?? Buffer.alloc(0)).part?.baseHash, '');
    assert.equal(responseDeserialize(toFirst ?? Buffer.alloc(0)).part?.baseHash, first.hash);
  });

  it('encodes every field of the part', () => {
    const { deltas } = encoder();
    const [bytes] = deltas.parts(first, second, 'nonce');
    const { part } = responseDeserialize(bytes ?? Buffer.alloc(0));
    assert.equal(part?.nonce, 'nonce');
    assert.deepEqual(part.removals, ['backend/web/10.0.0.1:80']);
    assert.deepEqual(
      part.upserts.map(({ key, hash }) => ({ key, hash })),
      [{ key: 'backend/web/10.0.0.2:80', hash: second.entries.get('backend/web/10.0.0.2:80')?.hash }],
    );
    assert.equal(part.end?.format, 1);
    assert.equal(part.end.position?.revision, '2');
    assert.equal(part.end.snapshotHash, second.hash);
  });

  it('says the lowest format that has what is in the whole snapshot', () => {
    const { value } = backend('web', '10.0.0.3:80');
    const third = snapshot(3, pool('web'), { kind: 'backend', value: { ...value, tier: 1 } as Backend });
    const formats = [
      [first, second],
      [second, third],
      [third, snapshot(4, ...Array.from(third.entries.values(), ({ resource }) => resource))],
    ].map(([base, target = first]) => {
      const parts = encoder().deltas.parts(base ?? null, target, 'nonce');
      return responseDeserialize(parts.at(-1) ?? Buffer.alloc(0)).part?.end?.format;
    });
    assert.deepEqual(formats, [1, 2, 2]);
  });

  it('keeps every message within about a megabyte, whatever the resources', () => {
    const { encoded, deltas } = encoder();
    const resources = Array.from({ length: 10_000 }, (_, index) => [
      policy(`${'p'.repeat(50)}-${index}`),
      backend('p'.repeat(63), `[2001:db8:aaaa:bbbb:cccc:dddd:eeee:${index.toString(16)}]:65535`, 1_000),
    ]).flat();
    deltas.parts(null, snapshot(1, ...resources), 'nonce');
    assert.ok(encoded.length > 3);
    for (const bytes of encoded) assert.ok(bytes < 1_100_000, `a message of ${bytes} bytes`);
  });
});

const MIB = 1_048_576;

it('a delta between equal snapshots is empty and still has an end', () => {
  const web = snapshot(1, pool('web'), backend('web', '10.0.0.1:80'));
  const again = { ...web, position: position(7) };
  const parts = splitDelta(delta(web, again), MIB);
  assert.deepEqual(parts, [
    {
      baseHash: web.hash,
      upserts: [],
      removals: [],
      end: { position: again.position, snapshotHash: web.hash },
    },
  ]);
});

describe('the parts of a delta', () => {
  const backends = Array.from({ length: 20_000 }, (_, index) =>
    backend('web', `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:80`),
  );
  const large = snapshot(2, pool('web'), ...backends);

  it('name the base in the first alone and the end in the last alone', () => {
    const parts = splitDelta(delta(snapshot(1), large), MIB);
    assert.ok(parts.length > 2);
    assert.deepEqual(
      parts.map(({ baseHash, end }) => [baseHash !== '', end !== null]),
      parts.map((_, index) => [index === 0, index === parts.length - 1]),
    );
  });

  it('split removals too', () => {
    const parts = splitDelta(delta(large, snapshot(3, pool('web'))), 65_536);
    assert.ok(parts.length > 5);
    assert.equal(parts.flatMap(({ removals }) => removals).length, 20_000);
  });
});
