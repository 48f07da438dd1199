/** What lbctl asks for when it changes something, and what it makes of the answers. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Policy__Output } from '../../../core/wire/generated/lb/v1/Policy.ts';
import { policyDraftFromWire } from '../../../core/wire/resource-codec.ts';
import { LbError } from '../../../core/runtime/errors.ts';
import type { ChangeResult } from '../../../core/wire/generated/lb/v1/ChangeResult.ts';
import { startFakeControlPlane } from '../../../harness/control-plane/fake-control-plane.ts';
import { lbctlFor, succeed } from '../../../harness/programs/fleet.ts';
import { built, run, shortTimeout, temporaryFolder } from '../../../harness/programs/processes.ts';

const DONE: ChangeResult = { revision: '42' };
const UNANSWERED = '127.0.0.1:1';
const DELETE = ['delete', 'pool', 'web'];

const AWAY = new LbError('UNAVAILABLE', 'the store is away');
const NO_ANSWER = new LbError('OUTCOME_UNKNOWN', 'the store did not answer');

/** What each call gets, in turn; the last one stays. */
function failing(...outcomes: readonly (LbError | ChangeResult)[]) {
  let calls = 0;
  return () => {
    const outcome = outcomes[Math.min(calls++, outcomes.length - 1)] ?? DONE;
    if (outcome instanceof LbError) throw outcome;
    return outcome;
  };
}

describe('a changing command', () => {
  it('sends what was asked, with author, message and a request_id', async (t) => {
    const fake = await startFakeControlPlane(t, { AddBackends: () => DONE });
    const args = [built('cli/main.js'), 'backend', 'add', 'web', '10.0.0.1:80', '--weight', '3'];
    const more = ['--message', 'more power', '--server', fake.address];
    const { code, stdout, stderr } = await run(process.execPath, [...args, ...more], {
      env: { LBCTL_AUTHOR: 'ada' },
    });
    assert.deepEqual([code, stdout, stderr], [0, 'revision 42\n', '']);
    const { requestId, backends, ...rest } = fake.requests[0]?.request ?? {};
    assert.match(String(requestId), /^[0-9a-f-]{36}$/);
    assert.deepEqual(backends, [
      {
        address: '10.0.0.1:80',
        state: 'BACKEND_STATE_UNSPECIFIED',
        revision: '0',
        weight: 3,
        _weight: 'weight',
      },
    ]);
    assert.deepEqual(rest, {
      pool: 'web',
      author: 'ada',
      message: 'more power',
      dryRun: false,
      force: false,
    });
  });

  it('says "unchanged", and the same in JSON with nothing beside it', async (t) => {
    const fake = await startFakeControlPlane(t, {
      UpdateBackend: () => ({ revision: '41', unchanged: true }),
    });
    const lbctl = lbctlFor(fake.address);
    const args = ['backend', 'enable', 'web', '10.0.0.1:80'];
    assert.equal(await succeed(lbctl, args), 'unchanged\n');
    assert.deepEqual(JSON.parse(await succeed(lbctl, [...args, '-o', 'json'])), {
      revision: '41',
      unchanged: true,
      dryRun: false,
      changes: [],
      notes: [],
    });
  });

  it('updates only the fields that were named', async (t) => {
    const fake = await startFakeControlPlane(t, {
      UpdatePolicy: () => DONE,
      UpdateListener: () => DONE,
      UpdatePool: () => DONE,
    });
    const lbctl = lbctlFor(fake.address);
    const flags = [
      ['--strategy', 'random', 'strategy'],
      ['--health-check', 'https', 'health_check.type'],
      ['--interval', '1s', 'health_check.interval'],
      ['--check-timeout', '250ms', 'health_check.timeout'],
      ['--healthy-threshold', '4', 'health_check.healthy_threshold'],
      ['--unhealthy-threshold', '5', 'health_check.unhealthy_threshold'],
      ['--unhealthy-interval', '500ms', 'health_check.unhealthy_interval'],
      ['--check-port', '8008', 'health_check.port'],
      ['--check-path', '/primary', 'health_check.http.path'],
      ['--check-host', 'pg', 'health_check.http.host'],
      ['--check-status', '200,300-399', 'health_check.http.status'],
      ['--connect-timeout', '2s', 'connect.timeout'],
      ['--retries', '0', 'connect.retries'],
      ['--idle-timeout', '0s', 'timeouts.idle'],
      ['--half-closed-timeout', '1m30s', 'timeouts.half_closed'],
      ['--drain-timeout', '1h', 'drain_timeout'],
      ['--when-none-healthy', 'use_all', 'when_none_healthy'],
      ['--on-unhealthy', 'close', 'on_unhealthy'],
      ['--slow-start', '30s', 'slow_start'],
      ['--max-lifetime', '1h', 'max_lifetime'],
      ['--expect-healthy', '1', 'expect_healthy'],
      ['--log-one-in', '100', 'connection_log.one_in'],
    ] as const;
    await succeed(lbctl, ['set', 'policy', 'steady', ...flags.flatMap(([flag, value]) => [flag, value])]);
    const { policy, updateMask } = fake.requests[0]?.request ?? {};
    const { paths } = updateMask as { readonly paths: readonly string[] };
    assert.deepEqual([...paths].sort(), flags.map(([, , path]) => path).sort());
    assert.deepEqual(policyDraftFromWire(policy as Policy__Output, '', []), {
      name: 'steady',
      strategy: 'random',
      healthCheck: {
        type: 'https',
        intervalMs: 1_000,
        timeoutMs: 250,
        healthyThreshold: 4,
        unhealthyThreshold: 5,
        unhealthyIntervalMs: 500,
        port: 8_008,
        http: { path: '/primary', host: 'pg', status: ['200', '300-399'] },
      },
      connect: { timeoutMs: 2_000, retries: 0 },
      timeouts: { idleMs: 0, halfClosedMs: 90_000 },
      drainTimeoutMs: 3_600_000,
      connectionLog: { oneIn: 100 },
      whenNoneHealthy: 'use_all',
      onUnhealthy: 'close',
      slowStartMs: 30_000,
      maxLifetimeMs: 3_600_000,
      expectHealthy: 1,
    });
    await succeed(lbctl, ['set', 'listener', 'web', '--pool', 'green']);
    assert.deepEqual(fake.requests[1]?.request['updateMask'], { paths: ['pool'] });
    await succeed(lbctl, ['set', 'pool', 'web', '--policy', 'steady']);
    assert.deepEqual(fake.requests[2]?.request['updateMask'], { paths: ['policy'] });
    const nothing = await lbctl(['set', 'policy', 'steady']);
    assert.equal(nothing.code, 2, nothing.stderr);
    assert.equal(fake.requests.length, 3);
  });

  it('prints a refusal as one line, then one line a violation, and exits 1', async (t) => {
    const violations = [
      { field: 'pools[web].policy', description: 'there is no policy "stedy"' },
      { field: '', description: 'too late' },
    ];
    const fake = await startFakeControlPlane(t, {
      CreatePool: () => {
        throw new LbError('INVALID_ARGUMENT', 'The pool "web" is invalid.', violations);
      },
    });
    const { code, stdout, stderr } = await lbctlFor(fake.address)(['create', 'pool', 'web']);
    assert.deepEqual(
      [code, stdout, stderr],
      [
        1,
        '',
        'lbctl: The pool "web" is invalid.\n  pools[web].policy: there is no policy "stedy"\n  too late\n',
      ],
    );
  });

  it('is repeated with the same request_id after a failure that may pass', async (t) => {
    const fake = await startFakeControlPlane(t, { DeletePool: failing(AWAY, NO_ANSWER, DONE) });
    assert.equal(await succeed(lbctlFor(fake.address), DELETE), 'revision 42\n');
    const ids = new Set(fake.requests.map(({ request }) => request['requestId']));
    assert.deepEqual([fake.requests.length, ids.size], [3, 1]);
  });

  it('goes to another replica when one does not answer', async (t) => {
    const fake = await startFakeControlPlane(t, { DeletePool: () => DONE });
    assert.equal(await succeed(lbctlFor(UNANSWERED, fake.address), DELETE), 'revision 42\n');
  });

  it('exits 3 when nothing was written by --timeout, and says so', async (t) => {
    const away = await startFakeControlPlane(t, { DeletePool: failing(AWAY) });
    const lbctl = lbctlFor(UNANSWERED, away.address);
    const { code, stdout, stderr } = await lbctl([...DELETE, '--timeout', shortTimeout()]);
    assert.deepEqual([code, stdout], [3, '']);
    const headline = `lbctl: the control plane at ${away.address} answers, but can’t do this now; nothing was written`;
    assert.ok(stderr.includes(headline), stderr);
    assert.doesNotMatch(stderr, /no control plane answers/);
    assert.match(stderr, /ECONNREFUSED/);
    assert.match(stderr, /the store is away/);
  });

  for (const [title, then, timeout] of [
    ['the outcome stays unknown', AWAY, shortTimeout],
    [
      'a refusal follows an attempt that may have been written',
      new LbError('NOT_FOUND', 'there is no pool "web"'),
      () => '30s',
    ],
  ] as const) {
    it(`exits 4 when ${title}, and names the request_id`, async (t) => {
      const fake = await startFakeControlPlane(t, { DeletePool: failing(NO_ANSWER, then) });
      const { code, stderr } = await lbctlFor(fake.address)([...DELETE, '--timeout', timeout()]);
      assert.equal(code, 4, stderr);
      assert.match(stderr, /not known whether the change was written/);
      assert.ok(stderr.includes(then.message), stderr);
      assert.ok(stderr.includes(String(fake.requests[0]?.request['requestId'])), stderr);
    });
  }

  it('exits 4 when the replica died with the request', async (t) => {
    const fake = await startFakeControlPlane(t, {
      DeletePool: () => {
        fake.stop();
        return DONE;
      },
    });
    const { code, stderr } = await lbctlFor(fake.address)([...DELETE, '--timeout', shortTimeout()]);
    assert.equal(code, 4, stderr);
  });
});

describe('lbctl apply', () => {
  const MANIFEST = 'kind: Pool\nname: web\nbackends:\n  - address: "10.0.0.1:80"\n    weight: 1001\n';

  it('traces a violation back to its line', async (t) => {
    const fake = await startFakeControlPlane(t, {
      Apply: () => {
        const field = 'pools[web].backends[10.0.0.1:80].weight';
        throw new LbError('INVALID_ARGUMENT', 'The configuration is invalid.', [
          { field, description: 'is 1001; allowed is 0 to 1000' },
        ]);
      },
    });
    const file = join(temporaryFolder(t), 'web.yaml');
    writeFileSync(file, MANIFEST);
    const { code, stderr } = await lbctlFor(fake.address)(['apply', '-f', file]);
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `lbctl: The configuration is invalid.\n  ${file}:5: pools[web].backends[10.0.0.1:80].weight: is 1001; allowed is 0 to 1000\n`,
    );
  });

  it('sends nothing of a bad manifest', async (t) => {
    const fake = await startFakeControlPlane(t, { Apply: () => DONE });
    const { code, stdout, stderr } = await lbctlFor(fake.address)(['apply', '-f', '-'], 'kind: Poool\n');
    assert.deepEqual([code, stdout, fake.requests.length], [1, '', 0]);
    assert.match(stderr, /\(stdin\):1: kind: "Poool" is not a kind \(did you mean "Pool"\?\)/);
  });

  it('of a dry run shows each field that would change, and the diff exits 5', async (t) => {
    const fake = await startFakeControlPlane(t, {
      Apply: ({ dryRun }) => ({
        revision: '41',
        dryRun,
        changes: [
          {
            action: 'ACTION_UPDATED',
            kind: 'backend',
            name: 'web/10.0.0.1:80',
            before: { backend: { pool: 'web', backend: { address: '10.0.0.1:80', weight: 1 } } },
            after: { backend: { pool: 'web', backend: { address: '10.0.0.1:80', weight: 2 } } },
          },
          {
            action: 'ACTION_CREATED',
            kind: 'listener',
            name: 'web',
            after: { listener: { name: 'web', address: '0.0.0.0:80', pool: 'web' } },
          },
        ],
      }),
    });
    const lbctl = lbctlFor(fake.address);
    const text =
      '~ backend web/10.0.0.1:80 (updated)\n-   weight: 1\n+   weight: 2\n' +
      '+ listener web (created)\n+   address: 0.0.0.0:80\n+   pool: web\n';
    const dry = await succeed(lbctl, ['apply', '-f', '-', '--dry-run', '--prune'], MANIFEST);
    assert.equal(dry, `${text}dry run: nothing was changed\n`);
    assert.deepEqual([fake.requests[0]?.request['dryRun'], fake.requests[0]?.request['prune']], [true, true]);
    const diff = await lbctl(['diff', '-f', '-'], MANIFEST);
    assert.deepEqual([diff.code, diff.stdout, diff.stderr], [5, text, '']);
    assert.equal(fake.requests[1]?.request['dryRun'], true);
    const json = await lbctl(['diff', '-f', '-', '-o', 'json'], MANIFEST);
    const [first] = JSON.parse(json.stdout) as Record<string, unknown>[];
    assert.deepEqual(first, {
      action: 'updated',
      kind: 'backend',
      name: 'web/10.0.0.1:80',
      before: { pool: 'web', address: '10.0.0.1:80', weight: 1, state: 'active' },
      after: { pool: 'web', address: '10.0.0.1:80', weight: 2, state: 'active' },
    });
  });

  it('without a difference: the diff exits 0, and a bad file 1', async (t) => {
    const fake = await startFakeControlPlane(t, { Apply: () => ({ revision: '41', dryRun: true }) });
    const lbctl = lbctlFor(fake.address);
    assert.deepEqual((await lbctl(['diff', '-f', '-'], MANIFEST)).code, 0);
    assert.deepEqual((await lbctl(['diff', '-f', '/nowhere.yaml'])).code, 1);
  });
});
