import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type {
  ListenerDraft,
  PoolDraft,
  PolicyDraft,
  ResourceDraft,
} from '../../../../../core/model/draft.ts';
import { deletePool, updatePool } from '../../../../../core/model/edits/pool.ts';
import { updatePolicy } from '../../../../../core/model/edits/policy.ts';
import { refusalOf, stateOf, violationsOf } from '../../../../../harness/state.ts';

const pool = (name: string, value: Partial<PoolDraft> = {}): ResourceDraft => ({
  kind: 'pool',
  value: { name, backends: [], ...value },
});
const listener = (value: Partial<ListenerDraft>, name = 'pg'): ResourceDraft => ({
  kind: 'listener',
  value: { name, address: '0.0.0.0:5432', pool: 'web', ...value },
});
const policy = (value: Omit<PolicyDraft, 'name'>): ResourceDraft => ({
  kind: 'policy',
  value: { name: 'p', ...value },
});
const POOLS = [pool('web'), pool('other')];
const NO_CHECK = policy({ healthCheck: { type: 'none' } });

describe('a pool', () => {
  it('has its names in canonical form, and nothing that has its default', () => {
    const state = stateOf([
      pool('web', {
        dns: [{ name: 'DB.example.com.:5432', weight: 1, tier: 0, maxConnections: 9 }],
        queue: { timeoutMs: 5_000 },
        proxyProtocol: 'none',
        tls: { serverName: 'DB.example.com.' },
      }),
    ]);
    assert.deepEqual(state.pools.get('web')?.value, {
      name: 'web',
      policy: 'default',
      tls: { serverName: 'db.example.com', verify: true, ca: '' },
      dns: [{ name: 'db.example.com:5432', maxConnections: 9 }],
    });
  });

  const bad: readonly (readonly [value: Partial<PoolDraft>, ...words: RegExp[]])[] = [
    [{ queue: { length: 100_001, timeoutMs: 1 } }, /^queue\.length is 100001/, /^queue\.timeout is 1ms/],
    [{ proxyProtocol: 'v3' as 'v2' }, /^proxy_protocol "v3" is not a choice/],
    [{ tls: { serverName: '*.x', ca: 'x' } }, /^tls\.server_name .*not a host name/, /^tls\.ca has no PEM/],
    [
      {
        dns: [
          { name: '10.0.0.1:80', weight: 1_001 },
          { name: 'db' },
          { name: 'a:1', tier: 16 },
          { name: 'A.:1', maxConnections: -1 },
        ],
      },
      /^dns\[0\]\.name "10\.0\.0\.1:80" is an IP address; put it into backends/,
      /^dns\[0\]\.weight is 1001/,
      /^dns\[1\]\.name "db" has no port/,
      /^dns\[2\]\.tier is 16/,
      /^dns\[3\]\.max_connections is -1/,
      /^dns\[3\]\.name "a:1" is listed more than once/,
    ],
    [
      { backends: [{ address: '10.0.0.1:80-90', maxConnections: 1_000_001 }] },
      /address .*only a listener can have a range/,
      /max_connections is 1000001/,
    ],
  ];
  for (const [value, ...words] of bad) {
    it(`is refused: ${words.map(({ source }) => source.slice(1, 50)).join(' | ')}`, () => {
      const own = violationsOf([pool('web', value)]).map((one) => one.replace('pools[web].', ''));
      assert.equal(own.length, words.length, own.join('\n'));
      for (const [index, word] of words.entries()) assert.match(own[index] ?? '', word);
    });
  }

  it('that a route leads to is not deleted, and each route is named', () => {
    const state = stateOf([
      ...POOLS,
      listener({
        routes: [
          { serverNames: ['a'], pool: 'other' },
          { serverNames: ['b'], pool: 'other' },
        ],
      }),
    ]);
    const { code, violations } = refusalOf(state, deletePool('other'));
    assert.equal(code, 'FAILED_PRECONDITION');
    assert.deepEqual(
      violations.map(({ field }) => field),
      ['listeners[pg].routes[0].pool', 'listeners[pg].routes[1].pool'],
    );
  });
});

describe('a backend without a port', () => {
  const PORTLESS = pool('web', {
    policy: 'p',
    backends: [{ address: '10.0.0.1' }, { address: '[2001:db8::1]' }],
  });
  const NO_PORT = /backends\[10\.0\.0\.1\]\.address "10\.0\.0\.1" has no port, so its health check/;

  it('needs a check that needs none of its ports', () => {
    stateOf([NO_CHECK, PORTLESS]);
    stateOf([policy({ healthCheck: { port: 8008 } }), PORTLESS]);
    assert.match(violationsOf([policy({}), PORTLESS]).join('\n'), NO_PORT);
  });

  it('is checked again when its pool gets another policy, or its policy another check', () => {
    const state = stateOf([NO_CHECK, PORTLESS]);
    const edits = [
      updatePolicy({ name: 'p', healthCheck: { type: 'tcp' } }, ['health_check.type']),
      updatePool({ name: 'web', policy: 'default', backends: [] }, ['policy']),
    ];
    for (const edit of edits) {
      const { violations } = refusalOf(state, edit);
      assert.match(violations.map(({ field, description }) => `${field} ${description}`).join('\n'), NO_PORT);
    }
  });

  const loops: readonly (readonly [
    backend: string,
    listenerAt: string,
    through: Partial<ListenerDraft>,
    loop: boolean,
  ])[] = [
    ['127.0.0.1', '0.0.0.0:80-90', {}, true],
    ['10.0.0.1', '10.0.0.1:80', {}, true],
    ['10.0.0.1', '10.0.0.1:80', { pool: 'other', routes: [{ serverNames: ['a'], pool: 'web' }] }, true],
    ['10.0.0.1', '10.0.0.1:80', { pool: 'other' }, false],
    ['10.0.0.1', '10.0.0.2:80', {}, false],
    ['10.0.0.1:85', '10.0.0.1:80-90', { pool: 'other' }, true],
    ['10.0.0.1:91', '10.0.0.1:80-90', {}, false],
  ];
  for (const [backend, at, through, loop] of loops) {
    it(`${backend} under a listener on ${at} (${JSON.stringify(through)}): ${loop ? 'a loop' : 'no loop'}`, () => {
      const servers = pool('web', { policy: 'p', backends: [{ address: backend }] });
      const both = [NO_CHECK, servers, pool('other'), listener({ address: at, ...through })];
      if (!loop) stateOf(both);
      else assert.match(violationsOf(both).join('\n'), /address is the address of the listener "pg"/);
    });
  }
});
