/** `--wait`, `lbctl wait` and `backend drain --wait`. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LbError } from '../../../core/runtime/errors.ts';
import type { ProxyConvergence } from '../../../core/wire/generated/lb/v1/ProxyConvergence.ts';
import type { WaitConvergedResponse } from '../../../core/wire/generated/lb/v1/WaitConvergedResponse.ts';
import { type Answers, startFakeControlPlane } from '../../../harness/control-plane/fake-control-plane.ts';
import { lbctlFor } from '../../../harness/programs/fleet.ts';
import { wireProxy, wireStatus } from '../../../harness/control-plane/wire-answers.ts';

const ADDRESS = '10.0.0.1:80';
const CHANGE = ['backend', 'enable', 'web', ADDRESS, '--wait'];

type State = NonNullable<ProxyConvergence['state']>;

function convergence(
  outcome: NonNullable<WaitConvergedResponse['outcome']>,
  ...proxies: readonly (readonly [id: string, state: State, reason?: string])[]
): WaitConvergedResponse {
  return {
    outcome,
    proxies: proxies.map(([proxyId, state, reason = '']) => ({ proxyId, state, reason, revision: '41' })),
  };
}

/** A stream that gives these messages; with `stays`, it then stays open. */
function converging(messages: readonly WaitConvergedResponse[], stays = false): Answers {
  return {
    UpdateBackend: () => ({ revision: '42' }),
    WaitConverged: async function* ({ revision }) {
      assert.equal(revision, '42');
      yield* messages;
      if (stays) await new Promise(() => undefined);
    },
  };
}

describe('--wait', () => {
  it('is done when every proxy runs the revision', async (t) => {
    const fake = await startFakeControlPlane(
      t,
      converging([
        convergence('OUTCOME_PENDING', ['edge-1', 'STATE_LAGGING']),
        convergence('OUTCOME_CONVERGED', ['edge-1', 'STATE_APPLIED']),
      ]),
    );
    const { code, stdout, stderr } = await lbctlFor(fake.address)(CHANGE);
    assert.deepEqual([code, stdout, stderr], [0, 'revision 42\n', 'revision 42 runs on 1 proxy\n']);
  });

  it('says that nobody is on the roster, and exits 0', async (t) => {
    const fake = await startFakeControlPlane(t, converging([convergence('OUTCOME_CONVERGED')]));
    const { code, stderr } = await lbctlFor(fake.address)(CHANGE);
    assert.deepEqual([code, stderr], [0, 'no proxy is on the roster: nothing to wait for\n']);
  });

  it('exits 1 with proxy and reason when one rejected it; the revision stands on stdout', async (t) => {
    const reason = 'listener web: 0.0.0.0:80: EADDRINUSE: address already in use';
    const rejected = convergence(
      'OUTCOME_REJECTED',
      ['edge-1', 'STATE_APPLIED'],
      ['edge-2', 'STATE_REJECTED', reason],
    );
    const fake = await startFakeControlPlane(t, converging([rejected]));
    const { code, stdout, stderr } = await lbctlFor(fake.address)([...CHANGE, '-o', 'json']);
    assert.equal(code, 1);
    assert.equal((JSON.parse(stdout) as { revision: string }).revision, '42');
    assert.match(stderr, /^ {2}proxy edge-2 rejected it .*: listener web: 0\.0\.0\.0:80: EADDRINUSE/m);
    assert.doesNotMatch(stderr, /edge-1/);
  });

  it('says for how long a proxy has been behind', async (t) => {
    const since = { seconds: String(Math.floor(Date.now() / 1_000) - 600), nanos: 0 };
    const pending: WaitConvergedResponse = {
      outcome: 'OUTCOME_PENDING',
      proxies: [{ proxyId: 'edge-1', state: 'STATE_LAGGING', revision: '41', since }],
    };
    const fake = await startFakeControlPlane(t, converging([pending], true));
    const { stderr } = await lbctlFor(fake.address)(['wait', '42', '--timeout', '1s']);
    assert.match(
      stderr,
      /proxy edge-1 is connected but does not run it yet, for 10m \(it runs revision 41\)/,
    );
  });

  it('exits 4 naming the proxies that are not there by --timeout', async (t) => {
    const pending = convergence(
      'OUTCOME_PENDING',
      ['edge-1', 'STATE_APPLIED'],
      ['edge-2', 'STATE_DISCONNECTED', 'away since noon'],
    );
    const fake = await startFakeControlPlane(t, converging([pending], true));
    const { code, stderr } = await lbctlFor(fake.address)(['wait', '42', '--timeout', '1s']);
    assert.equal(code, 4);
    assert.match(stderr, /^lbctl: after 1s, revision 42 does not run on every proxy: edge-2$/m);
    assert.match(stderr, /edge-2 is not connected .*: away since noon/);
  });

  it('opens the stream again when it breaks, at another replica too', async (t) => {
    const dying = await startFakeControlPlane(t, {
      ...converging([]),
      WaitConverged: async function* () {
        yield convergence('OUTCOME_PENDING', ['edge-1', 'STATE_LAGGING']);
        throw new LbError('UNAVAILABLE', 'this replica is stopping');
      },
    });
    const done = convergence('OUTCOME_CONVERGED', ['edge-1', 'STATE_APPLIED']);
    const other = await startFakeControlPlane(t, converging([done]));
    const { code } = await lbctlFor(dying.address, other.address)(['wait', '42']);
    assert.equal(code, 0);
  });

  it('exits 3 when there is no control plane to ask', async () => {
    const { code, stderr } = await lbctlFor('127.0.0.1:1')(['wait', '42', '--timeout', '1s']);
    assert.equal(code, 3, stderr);
  });

  it('exits 4 after a change that is committed, though nobody can say where it runs', async (t) => {
    const fake = await startFakeControlPlane(t, {
      DeletePool: () => ({ revision: '42' }),
      WaitConverged: () => {
        throw new LbError('UNAVAILABLE', 'the control plane is stopping');
      },
    });
    const words = ['delete', 'pool', 'web', '--wait', '--timeout', '1s'];
    const { code, stdout, stderr } = await lbctlFor(fake.address)(words);
    assert.deepEqual([code, stdout], [4, 'revision 42\n'], stderr);
    assert.match(stderr, /revision 42 is committed/);
  });

  it('exits 4 after a change that is committed when the wait is refused, and 1 without one', async (t) => {
    const fake = await startFakeControlPlane(t, {
      DeletePool: () => ({ revision: '42' }),
      WaitConverged: () => {
        throw new LbError('RESOURCE_EXHAUSTED', 'too many streams');
      },
    });
    const lbctl = lbctlFor(fake.address);
    const { code, stderr } = await lbctl(['delete', 'pool', 'web', '--wait', '--timeout', '5s']);
    assert.equal(code, 4, stderr);
    assert.match(stderr, /revision 42 is committed.*\n {2}.*too many streams/);
    assert.equal((await lbctl(['wait', '42', '--timeout', '5s'])).code, 1);
  });
});

describe('backend drain --wait', () => {
  const DRAIN = ['backend', 'drain', 'web', ADDRESS, '--wait'];

  /** What the fleet says at each look; the last one stays. */
  function draining(looks: readonly (readonly [connections: number, revision: number] | null)[]) {
    let look = 0;
    const answers: Answers = {
      UpdateBackend: () => ({ revision: '42' }),
      ListProxies: () => ({ proxies: [wireProxy('edge-1', { revision: 42 })] }),
      ListBackendStatus: ({ pool }) => {
        assert.equal(pool, 'web');
        const now = looks[Math.min(look++, looks.length - 1)] ?? null;
        if (now === null) return {};
        return {
          statuses: [wireStatus('edge-1', 'web', ADDRESS, { connections: now[0], revision: now[1] })],
        };
      },
    };
    return { answers, looked: () => look };
  }

  it('is done at zero connections reported since the revision was applied', async (t) => {
    const { answers, looked } = draining([
      [2, 42],
      [0, 41],
      [0, 42],
    ]);
    const fake = await startFakeControlPlane(t, answers);
    const { code, stdout, stderr } = await lbctlFor(fake.address)(DRAIN);
    assert.deepEqual([code, stdout], [0, 'revision 42\n'], stderr);
    assert.equal(looked(), 3);
  });

  it('is done when the proxy no longer lists the backend', async (t) => {
    const { answers } = draining([[2, 42], null]);
    const fake = await startFakeControlPlane(t, answers);
    assert.equal((await lbctlFor(fake.address)(DRAIN)).code, 0);
  });

  it('goes on while no control plane answers: the drain is committed', async (t) => {
    const { answers } = draining([[0, 42]]);
    let looks = 0;
    const fake = await startFakeControlPlane(t, {
      ...answers,
      ListProxies: () => {
        looks++;
        if (looks === 1) throw new LbError('UNAVAILABLE', 'this replica is stopping');
        return { proxies: [wireProxy('edge-1', { revision: 42 })] };
      },
    });
    const { code, stderr } = await lbctlFor(fake.address)(DRAIN);
    assert.deepEqual([code, stderr], [0, `no proxy has a connection to ${ADDRESS}\n`]);
  });

  it('exits 4 naming the proxies that are not done by --timeout, and why', async (t) => {
    const { answers } = draining([[2, 42]]);
    const fake = await startFakeControlPlane(t, {
      ...answers,
      ListProxies: () => ({
        proxies: [
          wireProxy('edge-1', { revision: 42 }),
          wireProxy('edge-2', { revision: 41 }),
          wireProxy('edge-3', { revision: 41, connected: false }),
        ],
      }),
    });
    const { code, stderr } = await lbctlFor(fake.address)([...DRAIN, '--timeout', '1s']);
    assert.equal(code, 4);
    assert.match(stderr, /^lbctl: after 1s, 10\.0\.0\.1:80 is not drained on every proxy$/m);
    assert.match(stderr, /edge-1 has 2 connections/);
    assert.match(stderr, /edge-2 runs revision 41, not yet 42/);
    assert.match(stderr, /edge-3 is not connected, and runs revision 41/);
  });
});
