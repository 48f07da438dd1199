/** Watch, WaitConverged and Register, over real gRPC. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { LbError } from '../../../core/runtime/errors.ts';
import type { WaitConvergedResponse__Output } from '../../../core/wire/generated/lb/v1/WaitConvergedResponse.ts';
import { collectingLogger } from '../../../harness/collecting-logger.ts';
import { eventually } from '../../../harness/programs/processes.ts';
import { addressesAt, registrationsAt } from '../../../harness/programs/registered-backend.ts';
import { MemoryLog, MemoryStore } from '../../../harness/store/memory-store.ts';
import { runControlPlane, type TestControlPlane } from '../../../harness/programs/running-control-plane.ts';
import { ServerStream } from '../../../harness/control-plane/server-stream.ts';
import { TestProxy, TestReporter } from '../../../harness/control-plane/test-proxy.ts';

const createPool = ({ call }: TestControlPlane, name: string) =>
  call('pools', 'CreatePool', { pool: { name } });
const watch = ({ client }: TestControlPlane) => new ServerStream(client.config.watch({}));

describe('Watch', () => {
  it('gives the configuration as it is, then each change', async (context) => {
    const plane = await runControlPlane(context);
    await createPool(plane, 'first');
    const stream = watch(plane);
    const { snapshot, position, changes } = await stream.next();
    assert.equal(position?.revision, '1');
    assert.deepEqual([snapshot?.resources.map(({ pool }) => pool?.name), changes], [['first'], []]);
    await createPool(plane, 'second');
    const next = await stream.next();
    assert.equal(next.snapshot, null);
    assert.equal(next.position?.revision, '2');
    assert.deepEqual(
      next.changes.map(({ action, kind, name }) => `${action} ${kind} ${name}`),
      ['ACTION_CREATED pool second'],
    );
  });

  it('misses nothing of what other replicas write', async (context) => {
    const log = new MemoryLog();
    const writer = await runControlPlane(context, { store: new MemoryStore(log) });
    const reader = await runControlPlane(context, { store: new MemoryStore(log) });
    const stream = watch(reader);
    await stream.next();
    for (let index = 0; index < 20; index += 1) await createPool(writer, `p${index}`);
    const seen: string[] = [];
    while (seen.length < 20) seen.push(...(await stream.next()).changes.map(({ name }) => name));
    assert.deepEqual(
      seen,
      Array.from({ length: 20 }, (_, index) => `p${index}`),
    );
  });
});

describe('WaitConverged', () => {
  /** A control plane at revision 1 and a proxy that runs it and reports. */
  async function fleetOfOne(context: TestContext) {
    const plane = await runControlPlane(context);
    await createPool(plane, 'web');
    const proxy = await TestProxy.running(plane.client, 'p', 1);
    const reporter = TestReporter.of(plane.client, 'p', proxy.runs);
    const wait = (revision: number) =>
      new ServerStream(plane.client.config.waitConverged({ revision: String(revision) }));
    const settled = wait(1);
    let first = await settled.next().catch(() => null);
    // The report may still be on its way; an empty roster has converged, too.
    while (first?.proxies.length === 0) first = await wait(1).next();
    return { plane, proxy, reporter, wait };
  }
  const states = ({ outcome, proxies }: WaitConvergedResponse__Output) => [
    outcome,
    ...proxies.map(({ proxyId, state, revision }) => `${proxyId} ${state} ${revision}`),
  ];

  it('is pending with an empty roster just after a start, and has converged once no proxy has come', async (context) => {
    const plane = await runControlPlane(context, { rosterGraceMs: 5_000 });
    const stream = new ServerStream(plane.client.config.waitConverged({ revision: '0' }));
    assert.deepEqual(states(await stream.next()), ['OUTCOME_PENDING']);
    assert.deepEqual(states(await stream.next()), ['OUTCOME_CONVERGED']);
    assert.equal(await stream.end(), 'in order');
  });

  it('reports until every proxy runs the revision', async (context) => {
    const { plane, proxy, reporter, wait } = await fleetOfOne(context);
    await createPool(plane, 'second');
    const stream = wait(2);
    assert.deepEqual(states(await stream.next()), ['OUTCOME_PENDING', 'p STATE_LAGGING 1']);
    await proxy.reach(2);
    reporter.applied(proxy.runs);
    assert.deepEqual(states(await stream.next()), ['OUTCOME_CONVERGED', 'p STATE_APPLIED 2']);
    assert.equal(await stream.end(), 'in order');
  });

  it('refuses a revision that nobody made', async (context) => {
    const { wait } = await fleetOfOne(context);
    const refusal = async (revision: number): Promise<LbError> => wait(revision).error();
    assert.equal((await refusal(-1)).code, 'INVALID_ARGUMENT');
    const error = await refusal(7);
    assert.equal(error.code, 'NOT_FOUND');
    assert.match(error.message, /no revision 7 yet: the newest is 1/);
  });
});

describe('a Register stream', () => {
  it('that is cancelled is a lost one: its backend may be registered elsewhere by now', async (t) => {
    const { logger, said } = collectingLogger();
    const address = '10.0.9.9:80';
    // It waits for its proxies, so that a drain would not end.
    const plane = await runControlPlane(t, { rosterGraceMs: 60_000, logger });
    await plane.call('pools', 'CreatePool', { pool: { name: 'web' } });
    const stream = plane.client.registrations.register();
    let answered = false;
    stream.on('data', () => (answered = true)).on('error', () => undefined);
    stream.write({ registration: { pool: 'web', address, ttl: { seconds: '60' } } });
    await eventually(() => Promise.resolve(answered || undefined), 'the registration');
    stream.cancel();
    const ended = () => said.find((line) => /a registered backend (was lost|leaves)/.test(line));
    assert.match(await eventually(() => Promise.resolve(ended()), 'its end'), /was lost/);
    const [{ state } = assert.fail()] = await registrationsAt(plane.client);
    assert.equal(state, 'REGISTRATION_STATE_ACTIVE');
    assert.deepEqual(await addressesAt(plane.client), [address]);
  });
});
