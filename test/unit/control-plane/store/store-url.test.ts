import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openStore, parseStoreUrl } from '../../../../control-plane/store/store-url.ts';
import { systemClock as clock } from '../../../../core/runtime/clock.ts';
import { silentLogger } from '../../../../core/runtime/logger.ts';
import { systemRandom as random } from '../../../../core/runtime/random.ts';

describe('the --store flag', () => {
  const accepted: [text: string, value: unknown][] = [
    ['lmdb:./data', { kind: 'lmdb', directory: './data' }],
    ['lmdb:/a:b', { kind: 'lmdb', directory: '/a:b' }],
    ['etcd:127.0.0.1:2379', { kind: 'etcd', endpoints: ['127.0.0.1:2379'] }],
    ['etcd:a.b:1, c:65535', { kind: 'etcd', endpoints: ['a.b:1', 'c:65535'] }],
    ['etcd:[::1]:2379', { kind: 'etcd', endpoints: ['[::1]:2379'] }],
  ];
  it('is accepted as documented', () => {
    for (const [text, value] of accepted) assert.deepEqual(parseStoreUrl(text), { ok: true, value }, text);
  });

  const refused: [text: string, why: RegExp][] = [
    ['', /"" is not a store/],
    ['lmdb', /"lmdb" is not a store/],
    ['lmdb:', /"lmdb:" is not a store/],
    ['sqlite:x', /"sqlite:x" is not a store/],
    ['etcd:', /"" is not HOST:PORT/],
    ['etcd:localhost', /"localhost" is not HOST:PORT/],
    ['etcd:a:1,b', /"b" is not HOST:PORT/],
    ['etcd:a:0', /"a:0" is not HOST:PORT/],
    ['etcd:a:65536', /"a:65536" is not HOST:PORT/],
    ['etcd:http://a:1', /"http:\/\/a:1" is not HOST:PORT/],
  ];
  it('is refused otherwise, and says what to write', () => {
    for (const [text, why] of refused) {
      const parsed = parseStoreUrl(text);
      assert.ok(!parsed.ok, text);
      assert.match(parsed.description, why);
      assert.match(parsed.description, /write lmdb:DIR.* or etcd:HOST:PORT/);
    }
  });

  it('opens the store that it names, without touching it', async () => {
    const deps = { access: { prefix: '/test/' }, clock, random, logger: silentLogger };
    const { store: lmdb } = openStore({ kind: 'lmdb', directory: '/nonexistent/x' }, deps);
    const { store: etcd } = openStore({ kind: 'etcd', endpoints: ['127.0.0.1:1', 'b:2'] }, deps);
    assert.deepEqual([lmdb.description, etcd.description], ['lmdb:/nonexistent/x', 'etcd:127.0.0.1:1,b:2']);
    await Promise.all([lmdb.close(), etcd.close()]);
  });
});
