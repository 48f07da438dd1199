/** What lbctl asks for when it changes something, and what it makes of the answers. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
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
