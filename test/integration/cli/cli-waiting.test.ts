/** `--wait`, `lbctl wait` and `backend drain --wait`. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { LbError } from '../../../core/runtime/errors.ts';
import type { ProxyConvergence } from '../../../core/wire/generated/lb/v1/ProxyConvergence.ts';
import type { WaitConvergedResponse } from '../../../core/wire/generated/lb/v1/WaitConvergedResponse.ts';
import { type Answers, startFakeControlPlane } from '../../../harness/control-plane/fake-control-plane.ts';
import { lbctlFor } from '../../../harness/programs/fleet.ts';
import { shortTimeout } from '../../../harness/programs/processes.ts';
import { wirePolicy, wirePool, wireProxy, wireStatus } from '../../../harness/control-plane/wire-answers.ts';

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

const PENDING = convergence('OUTCOME_PENDING', ['edge-1', 'STATE_LAGGING']);
const CONVERGED = convergence('OUTCOME_CONVERGED', ['edge-1', 'STATE_APPLIED']);

/** A stream that gives these messages and then stays open. */
function converging(...messages: readonly WaitConvergedResponse[]): Answers {
  return {
    UpdateBackend: () => ({ revision: '42' }),
    WaitConverged: async function* ({ revision }) {
      assert.equal(revision, '42');
      yield* messages;
      await new Promise(() => undefined);
    },
  };
}

/** What lbctl does with a control plane that answers so. */
async function lbctl(t: TestContext, answers: Answers, args: readonly string[]) {
  return lbctlFor((await startFakeControlPlane(t, answers)).address)([...args]);
}

describe('--wait', () => {
  it('is done when every proxy runs the revision', async (t) => {
    const { code, stdout, stderr } = await lbctl(t, converging(PENDING, CONVERGED), CHANGE);
    assert.deepEqual([code, stdout, stderr], [0, 'revision 42\n', 'revision 42 runs on 1 proxy\n']);
  });

  it('says that no proxy is on the roster, and exits 0', async (t) => {
    const { code, stderr } = await lbctl(t, converging(convergence('OUTCOME_CONVERGED')), CHANGE);
    assert.deepEqual([code, stderr], [0, 'no proxy is on the roster: nothing to wait for\n']);
  });

  it('exits 1 with proxy and reason when one rejected it; the revision stands on stdout', async (t) => {
    const rejected = convergence(
      'OUTCOME_REJECTED',
      ['edge-1', 'STATE_APPLIED'],
      ['edge-2', 'STATE_REJECTED', 'listener web: 0.0.0.0:80: EADDRINUSE: address already in use'],
    );
    const { code, stdout, stderr } = await lbctl(t, converging(rejected), [...CHANGE, '-o', 'json']);
    assert.equal(code, 1);
    assert.equal((JSON.parse(stdout) as { revision: string }).revision, '42');
    assert.match(stderr, /^ {2}proxy edge-2 rejected it .*: listener web: 0\.0\.0\.0:80: EADDRINUSE/m);
    assert.doesNotMatch(stderr, /edge-1/);
  });

  it('exits 4 by --timeout, with the proxies that are behind, for how long and why', async (t) => {
    const since = { seconds: String(Math.floor(Date.now() / 1_000) - 600), nanos: 0 };
    const pending: WaitConvergedResponse = {
      outcome: 'OUTCOME_PENDING',
      proxies: [
        { proxyId: 'edge-1', state: 'STATE_APPLIED', revision: '42' },
        {
          proxyId: 'edge-2',
          state: 'STATE_DISCONNECTED',
          reason: 'last seen 2026-01-01T12:00:00.000Z',
          revision: '41',
        },
        { proxyId: 'edge-3', state: 'STATE_LAGGING', revision: '41', since },
      ],
    };
    const { code, stderr } = await lbctl(t, converging(pending), ['wait', '42', '--timeout', shortTimeout()]);
    assert.equal(code, 4);
    assert.match(stderr, /^lbctl: after \S+, revision 42 does not run on every proxy: edge-2, edge-3$/m);
    assert.match(stderr, /edge-2 is disconnected .*: last seen 2026-01-01T12/);
    assert.match(
      stderr,
      /proxy edge-3 is connected but does not run it yet, for 10m \(it runs revision 41\)/,
    );
  });

  it('opens the stream again when it breaks, at another replica too', async (t) => {
    const dying = await startFakeControlPlane(t, {
      WaitConverged: async function* () {
        yield PENDING;
        throw new LbError('UNAVAILABLE', 'this replica is stopping');
      },
    });
    const other = await startFakeControlPlane(t, converging(CONVERGED));
    const { code } = await lbctlFor(dying.address, other.address)(['wait', '42']);
    assert.equal(code, 0);
  });

  it('exits 3 when there is no control plane to ask', async () => {
    const startMs = performance.now();
    const { code, stderr } = await lbctlFor('127.0.0.1:1')(['wait', '42', '--timeout', shortTimeout()]);
    assert.equal(code, 3, stderr);
    assert.ok(performance.now() - startMs >= 990, 'it waits for as long as --timeout says');
  });

  for (const { code, timeout, why } of [
    { code: 'UNAVAILABLE', timeout: shortTimeout, why: 'the control plane is stopping' },
    { code: 'RESOURCE_EXHAUSTED', timeout: () => '30s', why: 'too many streams' },
  ] as const) {
    it(`exits 4 after a change that is committed when the wait fails with ${code}`, async (t) => {
      const refusing: Answers = {
        DeletePool: () => ({ revision: '42' }),
        WaitConverged: () => {
          throw new LbError(code, why);
        },
      };
      const words = ['delete', 'pool', 'web', '--wait', '--timeout', timeout()];
      const committed = await lbctl(t, refusing, words);
      assert.deepEqual([committed.code, committed.stdout], [4, 'revision 42\n'], committed.stderr);
      assert.match(committed.stderr, new RegExp(`revision 42 is committed.*\\n {2}.*${why}`));
      if (code !== 'RESOURCE_EXHAUSTED') return;
      assert.equal((await lbctl(t, refusing, ['wait', '42', '--timeout', timeout()])).code, 1);
    });
  }
});

describe('backend drain --wait', () => {
  const DRAIN = ['backend', 'drain', 'web', ADDRESS, '--wait'];

  const PROXIES = () => ({ proxies: [wireProxy('edge-1', { revision: 42 })] });

  /** What the fleet reports at each poll: null, nothing of the backend; the last one stays. */
  function draining(...polls: readonly (readonly [connections: number, revision: number] | null)[]) {
    let poll = 0;
    const answers: Answers = {
      UpdateBackend: () => ({ revision: '42' }),
      ListPools: () => ({ pools: [wirePool('web', [ADDRESS])] }),
      ListPolicies: () => ({ policies: [wirePolicy('default')] }),
      ListProxies: PROXIES,
      ListBackendStatus: ({ pool }) => {
        assert.equal(pool, 'web');
        const now = polls[Math.min(poll++, polls.length - 1)] ?? null;
        if (now === null) return {};
        const [connections, revision] = now;
        return { statuses: [wireStatus('edge-1', 'web', ADDRESS, { connections, revision })] };
      },
    };
    return { answers, polled: () => poll };
  }

  it('is done at zero connections reported since the revision was applied', async (t) => {
    const { answers, polled } = draining([2, 42], [0, 41], [0, 42]);
    const { code, stdout, stderr } = await lbctl(t, answers, DRAIN);
    assert.deepEqual([code, stdout], [0, 'revision 42\n'], stderr);
    assert.equal(polled(), 3);
  });

  it('is done when the proxy no longer lists the backend', async (t) => {
    assert.equal((await lbctl(t, draining([2, 42], null).answers, DRAIN)).code, 0);
  });

  it('goes on while no control plane answers: the drain is committed', async (t) => {
    let polls = 0;
    const ListProxies = () => {
      polls++;
      if (polls === 1) throw new LbError('UNAVAILABLE', 'this replica is stopping');
      return PROXIES();
    };
    const { code, stderr } = await lbctl(t, { ...draining([0, 42]).answers, ListProxies }, DRAIN);
    const said = `no control plane answers; trying again\nno proxy has a connection to ${ADDRESS}\n`;
    assert.deepEqual([code, stderr], [0, said]);
  });

  it('exits 4 naming the proxies that are not done by --timeout, and why', async (t) => {
    const ListProxies = () => ({
      proxies: [
        wireProxy('edge-1', { revision: 42 }),
        wireProxy('edge-2', { revision: 41 }),
        wireProxy('edge-3', { revision: 41, connected: false }),
      ],
    });
    const answers = { ...draining([2, 42]).answers, ListProxies };
    const { code, stderr } = await lbctl(t, answers, [...DRAIN, '--timeout', shortTimeout()]);
    assert.equal(code, 4);
    assert.match(stderr, /^lbctl: after \S+, 10\.0\.0\.1:80 is not drained on every proxy$/m);
    assert.match(stderr, /edge-1 has 2 connections/);
    assert.match(stderr, /edge-2 runs revision 41, not yet 42/);
    assert.match(stderr, /edge-3 is disconnected, and runs revision 41/);
    assert.match(stderr, /^ {2}lbctl backend drain web 10\.0\.0\.1:80 --wait goes on waiting\n$/m);
  });
});
