import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer, NameResolver, SrvRecord } from '../../../../control-plane/names/name-resolver.ts';
import { resolveName } from '../../../../control-plane/names/resolve-name.ts';

const NONE = { type: 'none' } as const;
const FAILED = { type: 'failed', reason: 'the DNS server failed (SERVFAIL)' } as const;
const records = (list: readonly string[], ttlMs = 5_000) =>
  ({ type: 'records', records: list, ttlMs }) as const;

function resolverOf(
  hosts: Readonly<Record<string, { 4?: Answer<string>; 6?: Answer<string> }>>,
  services: Answer<SrvRecord> = NONE,
): NameResolver {
  return {
    addresses: async (host, family) => hosts[host]?.[family] ?? NONE,
    services: async () => services,
  };
}

const service = (host: string, priority: number, weight = 0) => ({ host, port: 5_432, priority, weight });

describe('resolveName', () => {
  it('makes backends of A and AAAA, sorted and in canonical form, at the shorter of both TTLs', async () => {
    const resolver = resolverOf({
      'db.test': { 4: records(['10.0.0.2', '10.0.0.1', '10.0.0.1']), 6: records(['2001:DB8:0::1'], 2_000) },
    });
    assert.deepEqual(await resolveName(resolver, 'db.test:80'), {
      addresses: [{ address: '10.0.0.1:80' }, { address: '10.0.0.2:80' }, { address: '[2001:db8::1]:80' }],
      missing: [],
      ttlMs: 2_000,
      problem: null,
    });
  });

  for (const [ttlMs, wanted] of [
    [0, 1_000],
    [600_000, 30_000],
  ] as const) {
    it(`asks again after ${wanted} ms where the TTL is ${ttlMs} ms`, async () => {
      const resolver = resolverOf({ 'db.test': { 4: records(['10.0.0.1'], ttlMs) } });
      assert.equal((await resolveName(resolver, 'db.test:80')).ttlMs, wanted);
    });
  }

  it('counts no AAAA beside an A as an answer, and a failed AAAA as one that is missing', async () => {
    const a = records(['10.0.0.1']);
    const plain = await resolveName(resolverOf({ 'db.test': { 4: a } }), 'db.test:80');
    assert.deepEqual([plain.missing, plain.problem], [[], null]);
    const half = await resolveName(resolverOf({ 'db.test': { 4: a, 6: FAILED } }), 'db.test:80');
    assert.deepEqual([half.missing, half.problem], [[6], FAILED.reason]);
    assert.equal(half.addresses.length, 1);
  });

  it('says what is wrong with a name that leads nowhere', async () => {
    const { addresses, missing, problem } = await resolveName(resolverOf({}), 'gone.test:80');
    assert.deepEqual(addresses, []);
    assert.deepEqual(missing, [4, 6]);
    assert.equal(problem, 'gone.test does not exist, or has no addresses');
  });

  it('takes port, weight and tier from SRV records, the lowest priority first', async () => {
    const hosts = { 'a.test': { 4: records(['10.0.0.1']) }, 'b.test': { 4: records(['10.0.0.2']) } };
    const found: Answer<SrvRecord> = {
      type: 'records',
      ttlMs: 5_000,
      records: [service('b.test', 20, 7), service('a.test', 10, 60_000)],
    };
    const { addresses, problem } = await resolveName(resolverOf(hosts, found), '_pg._tcp.test');
    assert.deepEqual(addresses, [
      { address: '10.0.0.1:5432', weight: 1_000, tier: 0 },
      { address: '10.0.0.2:5432', weight: 7, tier: 1 },
    ]);
    assert.equal(problem, null);
  });

  it('lets one target of SRV that does not exist keep no address of the others', async () => {
    const found: Answer<SrvRecord> = {
      type: 'records',
      ttlMs: 5_000,
      records: [service('a.test', 10), service('gone.test', 10)],
    };
    const resolver = resolverOf({ 'a.test': { 4: records(['10.0.0.1']) } }, found);
    const { missing, problem } = await resolveName(resolver, '_pg._tcp.test');
    assert.deepEqual(missing, []);
    assert.match(problem ?? '', /gone\.test does not exist/);
  });

  it('says so where SRV records name no service, or a target that does not exist', async () => {
    const only = (host: string) => ({ type: 'records', ttlMs: 5_000, records: [service(host, 1)] }) as const;
    const none = await resolveName(resolverOf({}, only('.')), '_pg._tcp.test');
    assert.match(none.problem ?? '', /say that there is no such service/);
    const gone = await resolveName(resolverOf({}, only('gone.test')), '_pg._tcp.test');
    assert.match(gone.problem ?? '', /gone\.test does not exist/);
  });

  it('takes no address that no backend can have, and says which', async () => {
    for (const ip of ['0.0.0.0', '224.0.0.1', '::', 'fe80::1']) {
      const told = { [ip.includes(':') ? 6 : 4]: records([ip]) };
      const { addresses, missing, problem } = await resolveName(
        resolverOf({ 'db.test': told }),
        'db.test:80',
      );
      assert.deepEqual([addresses, missing], [[], [4, 6]]);
      assert.equal(problem, `db.test leads to ${ip}, which no backend can have`);
    }
    const hosts = { 'db.test': { 4: records(['0.0.0.0', '10.0.0.1']) } };
    const { addresses, missing } = await resolveName(resolverOf(hosts), 'db.test:80');
    assert.deepEqual([addresses, missing], [[{ address: '10.0.0.1:80' }], []]);
  });

  it('uses the same SRV records in whatever order they come, and says that there are more', async () => {
    const all = Array.from({ length: 100 }, (_, n) => service(`h${n}.test`, n % 2, n));
    const hosts = Object.fromEntries(all.map(({ host }, n) => [host, { 4: records([`10.0.0.${n >> 1}`]) }]));
    const resolve = (order: readonly SrvRecord[]) =>
      resolveName(resolverOf(hosts, { type: 'records', records: order, ttlMs: 5_000 }), '_pg._tcp.test');
    const found = await resolve(all);
    assert.deepEqual(await resolve([...all].reverse()), found);
    assert.match(found.problem ?? '', /100 SRV records, of which the first 64 are used/);
  });

  it('uses 256 addresses of a name, and says that there are more', async () => {
    const many = Array.from({ length: 300 }, (_, n) => `10.0.${n >> 8}.${n & 255}`);
    const { addresses, problem } = await resolveName(
      resolverOf({ 'db.test': { 4: records(many) } }),
      'db.test:80',
    );
    assert.equal(addresses.length, 256);
    assert.match(problem ?? '', /300 addresses, of which the first 256 are used/);
  });
});
