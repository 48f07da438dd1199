/** What lbctl shows of what a control plane answers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, it } from 'node:test';
import { Metadata } from '@grpc/grpc-js';
import { startFakeControlPlane } from '../../../harness/control-plane/fake-control-plane.ts';
import { lbctlFor, succeed } from '../../../harness/programs/fleet.ts';
import type { Policy } from '../../../core/wire/generated/lb/v1/Policy.ts';
import { A, B, FLEET, wirePolicy, wirePool, wireProxy } from '../../../harness/control-plane/wire-answers.ts';

describe('lbctl get', () => {
  it('shows backends with the worst health that a connected proxy sees', async (t) => {
    const lbctl = lbctlFor((await startFakeControlPlane(t, FLEET)).address);
    assert.equal(
      await succeed(lbctl, ['get', 'backends']),
      [
        'POOL  ADDRESS      WEIGHT  STATE     HEALTH         CONNECTIONS  SOURCE',
        'web   10.0.0.1:80  1       active    healthy (1/2)  4            configured',
        'web   10.0.0.2:80  1       draining  healthy        0            configured',
        '',
      ].join('\n'),
    );
    const all = JSON.parse(await succeed(lbctl, ['get', 'backends', '-o', 'json'])) as Record<
      string,
      unknown
    >[];
    assert.deepEqual(
      all.map(({ pool, address, weight, state, health }) => [pool, address, weight, state, health]),
      [
        ['web', A, 1, 'active', 'unhealthy'],
        ['web', B, 1, 'draining', 'healthy'],
      ],
    );
    const [first] = (all[0]?.['proxies'] ?? []) as Record<string, unknown>[];
    assert.equal(first?.['connectionsTotal'], '9007199254740993', '64-bit numbers are strings');
  });

  it('shows tiers where there are several, which one serves, and what a policy expects', async (t) => {
    const expecting = {
      ...wirePolicy('default'),
      expectHealthy: 1,
      whenNoneHealthy: 'WHEN_NONE_HEALTHY_REFUSE',
    };
    const [first, second] = wirePool('web', [A, B]).backends ?? [];
    const at = (id: string, servingTier: number) => ({
      ...wireProxy(id),
      pools: [{ pool: 'web', servingTier, servingSince: { seconds: 1_700_000_000 } }],
    });
    const fake = await startFakeControlPlane(t, {
      ...FLEET,
      ListPools: () => ({
        pools: [
          {
            ...wirePool('web', []),
            backends: [
              { ...first, state: 'BACKEND_STATE_DRAINING' },
              { ...second, tier: 1 },
            ],
          },
        ],
      }),
      ListPolicies: () => ({ policies: [expecting as Policy] }),
      ListProxies: () => ({ proxies: [at('edge-1', 0), at('edge-2', 1)] }),
    });
    const lbctl = lbctlFor(fake.address);
    const remarks = [
      'pool web: tier 0 serves at edge-1 since 2023-11-14T22:13:20Z',
      'pool web: tier 1 serves at edge-2 since 2023-11-14T22:13:20Z: nothing of tier 0 is healthy',
      'pool web: 2 pass the check, 1 is expected: more than one server may take writes',
      '',
    ];
    for (const words of [
      ['get', 'backends'],
      ['health', 'web'],
    ]) {
      const { stdout, stderr } = await lbctl(words);
      assert.match(stdout, /^POOL +ADDRESS.* TIER /);
      assert.match(stdout, /10\.0\.0\.2:80 .* 1 +active/);
      assert.deepEqual(stderr.split('\n'), remarks);
      const { stdout: json, stderr: none } = await lbctl([...words, '-o', 'json']);
      const rows = JSON.parse(json) as { address: string; tier: number }[];
      assert.deepEqual([rows.find(({ address }) => address === B)?.tier, none], [1, '']);
    }
    const page = await succeed(lbctl, ['describe', 'pool', 'web']);
    assert.match(page, /^Serving +tier 1 serves at edge-2 since .*: nothing of tier 0 is healthy$/m);
    assert.match(page, /^Backends +2 pass the check, 1 is expected: .* take writes, 1 draining/m);
    const plain = JSON.parse(await succeed(lbctl, ['describe', 'pool', 'web', '-o', 'json'])) as object;
    assert.deepEqual((plain as { serving: object[] }).serving[1], {
      proxies: ['edge-2'],
      noneHealthy: false,
      tier: 1,
      since: '2023-11-14T22:13:20.000Z',
    });
    const policy = await succeed(lbctl, ['describe', 'policy', 'default']);
    assert.match(policy, /^Check +tcp every 5s; 2 up, 3 down$/m);
    assert.match(policy, /^When none is healthy +new connections are refused$/m);
  });

  it('says where a backend comes from, and why a registration does not count', async (t) => {
    const registration = (address: string, fields: object) => ({
      pool: 'web',
      address,
      weight: 7,
      state: 'REGISTRATION_STATE_ACTIVE' as const,
      ...fields,
    });
    const fake = await startFakeControlPlane(t, {
      ...FLEET,
      ListRegistrations: () => ({
        registrations: [
          registration(A, { source: 'REGISTRATION_SOURCE_SHADOWED', reason: 'the configured one counts' }),
          registration('10.0.0.9:80', {
            source: 'REGISTRATION_SOURCE_REGISTERED',
            state: 'REGISTRATION_STATE_EXPIRING',
          }),
          registration('10.0.0.8:80', {
            pool: 'gone',
            source: 'REGISTRATION_SOURCE_IGNORED',
            reason: 'no pool "gone"',
          }),
        ],
      }),
    });
    const lbctl = lbctlFor(fake.address);
    const all = JSON.parse(await succeed(lbctl, ['get', 'backends', '-o', 'json'])) as Record<
      string,
      unknown
    >[];
    assert.deepEqual(
      all.map(({ address, weight, state, source }) => [address, weight, state, source]),
      [
        [A, 1, 'active', 'registered, shadowed'],
        [B, 1, 'draining', 'configured'],
        ['10.0.0.9:80', 7, 'expiring', 'registered'],
        ['10.0.0.8:80', 7, 'active', 'registered, ignored'],
      ],
    );
    assert.match(
      await succeed(lbctl, ['describe', 'backend', A]),
      /registered, shadowed: the configured one counts/,
    );
    assert.match(
      await succeed(lbctl, ['get', 'backends', '-o', 'wide']),
      /registered, ignored .*no pool "gone"/,
    );
  });

  it('shows one thing as an object, by its name, and a backend by address or POOL/ADDRESS', async (t) => {
    const lbctl = lbctlFor((await startFakeControlPlane(t, FLEET)).address);
    for (const name of [[A, '--pool', 'web'], [`web/${A}`], [A]]) {
      const backend = JSON.parse(await succeed(lbctl, ['get', 'backend', ...name, '-o', 'json'])) as {
        address: string;
      };
      assert.equal(backend.address, A);
    }
    const policy = JSON.parse(await succeed(lbctl, ['get', 'policies', 'steady', '-o', 'json'])) as unknown;
    assert.deepEqual(policy, {
      kind: 'Policy',
      name: 'steady',
      strategy: 'power_of_two_choices',
      health_check: {
        type: 'tcp',
        interval: '5s',
        timeout: '2s',
        healthy_threshold: 2,
        unhealthy_threshold: 3,
      },
      connect: { timeout: '5s', retries: 2 },
      timeouts: { idle: '1h', half_closed: '1m' },
      drain_timeout: '5m',
      revision: '1',
    });
    assert.equal(await succeed(lbctl, ['get', 'pools', '-o', 'name']), 'pool/api\npool/web\n');
    assert.equal(
      await succeed(lbctl, ['-o', 'name', 'get', 'backends']),
      `backend/web/${A}\nbackend/web/${B}\n`,
    );
  });

  it('shows pools with how many backends are healthy, and proxies with how far behind they are', async (t) => {
    const lbctl = lbctlFor((await startFakeControlPlane(t, FLEET)).address);
    assert.equal(
      await succeed(lbctl, ['get', 'pools']),
      'NAME  POLICY   BACKENDS\napi   default  0/0 healthy\nweb   default  1/2 healthy, 1 draining\n',
    );
    const proxies = await succeed(lbctl, ['get', 'proxies']);
    assert.match(proxies, /^edge-1 +north +yes +5 +portable +1 +4 +-$/m);
    assert.match(proxies, /^edge-2 +north +yes +3 \(2 behind\) +portable +1 +4 +web$/m);
    assert.match(proxies, /^edge-3 +north +no /m);
  });

  it('names the nearest name for one that does not exist', async (t) => {
    const lbctl = lbctlFor((await startFakeControlPlane(t, FLEET)).address);
    const name = await lbctl(['get', 'pool', 'wbe', '-o', 'json']);
    assert.deepEqual(
      [name.code, name.stdout, name.stderr],
      [1, '', 'lbctl: there is no pool "wbe" (did you mean "web"?)\n'],
    );
    const pool = await lbctl(['health', 'wbe']);
    assert.deepEqual([pool.code, pool.stderr], [1, 'lbctl: there is no pool "wbe" (did you mean "web"?)\n']);
  });

  it('warns on stderr, not on stdout, when a replica answers from memory', async (t) => {
    const fake = await startFakeControlPlane(t, {
      ListPolicies: (_request, call) => {
        const metadata = new Metadata();
        metadata.set('lb-stale', 'true');
        call.sendMetadata(metadata);
        return { policies: [] };
      },
    });
    const { code, stdout, stderr } = await lbctlFor(fake.address)(['get', 'policies', '-o', 'json']);
    assert.deepEqual([code, stdout], [0, '[]\n']);
    assert.match(stderr, /^warning: .* may be old\n$/);
  });

  it('exits 3 at once when no control plane answers, and tries each of them', async (t) => {
    const fake = await startFakeControlPlane(t, FLEET);
    const both = lbctlFor('127.0.0.1:1', fake.address);
    assert.match(await succeed(both, ['get', 'policies']), /^steady/m);
    const none = await lbctlFor('127.0.0.1:1', '127.0.0.1:2')(['get', 'policies']);
    assert.deepEqual([none.code, none.stdout], [3, '']);
    assert.match(
      none.stderr,
      /127\.0\.0\.1:1: connect ECONNREFUSED.*\n.*127\.0\.0\.1:2: connect ECONNREFUSED/,
    );
  });

  it('gives every replica its share of the time, however many of them hang', async (t) => {
    // As a stopped process: the kernel accepts connections for it.
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    t.after(() => silent.close());
    const never = () => new Promise<never>(() => undefined);
    const hanging = await startFakeControlPlane(t, { ...FLEET, ListPools: never, DeletePool: never });
    const good = await startFakeControlPlane(t, { ...FLEET, DeletePool: () => ({ revision: '42' }) });
    const { port } = silent.address() as AddressInfo;
    const lbctl = lbctlFor(`127.0.0.1:${port}`, hanging.address, good.address);
    for (const [words, printed] of [
      ['get pools -o name', 'pool/api\npool/web\n'],
      ['delete pool web', 'revision 42\n'],
    ] as const) {
      const { code, stdout, stderr } = await lbctl([...words.split(' '), '--timeout', '12s']);
      assert.deepEqual([code, stdout], [0, printed], stderr);
    }
  });

  it('shows revisions, and finds an old one by its number', async (t) => {
    const revision = (number: number) => ({
      revision: String(number),
      author: 'ada\u001b[31m',
      message: 'm',
      changes: ['updated policy default'],
    });
    const fake = await startFakeControlPlane(t, {
      ListRevisions: ({ pageToken }) =>
        pageToken === ''
          ? { revisions: [revision(9), revision(8)], nextPageToken: 'more' }
          : { revisions: [revision(7)] },
    });
    const lbctl = lbctlFor(fake.address);
    const table = await succeed(lbctl, ['get', 'revisions', '--limit', '2']);
    assert.match(table, /^9 .* updated policy default\n8 /m);
    assert.ok(!table.includes('\u001b'), 'what others wrote must not steer the terminal');
    assert.equal(fake.requests.length, 1);
    const old = JSON.parse(await succeed(lbctl, ['get', 'revision', '7', '-o', 'json'])) as object;
    assert.equal((old as { revision: string }).revision, '7');
  });
});

describe('lbctl describe and health', () => {
  it('describes a pool with its policy, its listeners and its backends', async (t) => {
    const lbctl = lbctlFor((await startFakeControlPlane(t, FLEET)).address);
    const page = await succeed(lbctl, ['describe', 'pool', 'web']);
    assert.match(page, /^Policy +default: power_of_two_choices, health check tcp every 5s$/m);
    assert.match(page, /^Listeners +web \(0\.0\.0\.0:80\)$/m);
    assert.match(page, /^ {2}10\.0\.0\.1:80 +1 +active +healthy \(1\/2\) +4 +configured$/m);
  });

  it('describes every kind', async (t) => {
    const lbctl = lbctlFor((await startFakeControlPlane(t, FLEET)).address);
    assert.match(await succeed(lbctl, ['describe', 'policy', 'default']), /Used by pools +api, web/);
    assert.match(await succeed(lbctl, ['describe', 'listener', 'web']), /denied 3, dry_run 4 [^]*EADDRINUSE/);
    assert.match(await succeed(lbctl, ['describe', 'backend', `web/${A}`]), /edge-2 .* connection refused/);
    assert.match(await succeed(lbctl, ['describe', 'proxy', 'edge-2']), /Revision +3 \(2 behind\)/);
    const unknown = await lbctl(['describe', 'backend', `wbe/${A}`]);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /did you mean "web\/10\.0\.0\.1:80"/);
  });

  it('shows every backend as each proxy sees it', async (t) => {
    const lbctl = lbctlFor((await startFakeControlPlane(t, FLEET)).address);
    const text = await succeed(lbctl, ['health']);
    assert.match(text, /^web +10\.0\.0\.1:80 +active +edge-2 +unhealthy +\d+d +connection refused$/m);
    assert.match(text, /^web +10\.0\.0\.2:80 +draining +edge-3 \(disconnected\) +unhealthy/m);
    const rows = JSON.parse(await succeed(lbctl, ['health', 'web', '-o', 'json'])) as unknown[];
    assert.equal(rows.length, 4);
  });
});
