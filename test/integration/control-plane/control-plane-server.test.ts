/** The servers of a control plane: garbage, limits, reflection, metrics, a store of a newer version, and the end. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  Client,
  credentials,
  type Deadline,
  Metadata,
  type requestCallback,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { decodeCommit, encodeCommit } from '../../../control-plane/store/log/commit-codec.ts';
import { type Commit, FORMAT } from '../../../core/model/commit.ts';
import { sealCommit } from '../../../core/model/hash.ts';
import { loadDefinitions } from '../../../core/wire/definitions.ts';
import { FakeClock } from '../../../harness/fake-clock.ts';
import { pool } from '../../../harness/snapshots.ts';
import { MemoryLog, MemoryStore } from '../../../harness/store/memory-store.ts';
import { eventually } from '../../../harness/programs/processes.ts';
import { runControlPlane } from '../../../harness/programs/running-control-plane.ts';
import { TestProxy, TestReporter } from '../../../harness/control-plane/test-proxy.ts';

const same = (bytes: Buffer) => bytes;

function rawClient(context: TestContext, address: string): Client {
  const client = new Client(address, credentials.createInsecure());
  context.after(() => client.close());
  return client;
}

/** Sends bytes as they are to a unary method. */
function raw(context: TestContext, address: string) {
  const client = rawClient(context, address);
  return (method: string, bytes: Buffer, deadline: Deadline = Date.now() + 10_000) =>
    new Promise<Buffer>((resolve, reject) => {
      const answered: requestCallback<Buffer> = (error, answer) =>
        error ? reject(error) : resolve(answer ?? Buffer.alloc(0));
      client.makeUnaryRequest(method, same, same, bytes, new Metadata(), { deadline }, answered);
    });
}

const statusOf = async (call: Promise<unknown>): Promise<ServiceError> =>
  call.then(
    () => assert.fail('it succeeded'),
    (error: unknown) => error as ServiceError,
  );

describe('a request', () => {
  it('that cannot be decoded is refused with the reason', async (context) => {
    const plane = await runControlPlane(context);
    const send = raw(context, plane.grpcAddress);
    const error = await statusOf(
      send('/lb.v1.PoolService/CreatePool', Buffer.from([0x0a, 0xff, 0xff, 0xff])),
    );
    assert.equal(error.code, status.INVALID_ARGUMENT);
    assert.match(error.details, /can't be decoded as the message of \/lb\.v1\.PoolService\/CreatePool/);
    await plane.call('pools', 'ListPools', {});
  });

  it('that is no message on a stream is refused in words', async (context) => {
    const plane = await runControlPlane(context);
    const client = rawClient(context, plane.grpcAddress);
    for (const method of ['/lb.v1.DiscoveryService/StreamSnapshots', '/lb.v1.ReportService/StreamReports']) {
      const call = client.makeBidiStreamRequest(method, same, same);
      const failed = new Promise<ServiceError>((resolve) =>
        call.on('error', (error: ServiceError) => resolve(error)),
      );
      call.on('data', () => undefined);
      call.write(Buffer.from([0x0a, 0xff, 0xff, 0xff]));
      assert.equal((await failed).code, status.INVALID_ARGUMENT);
    }
  });

  it('that is larger than sixteen megabytes is refused, and one of ten is not', async (context) => {
    const plane = await runControlPlane(context);
    const message = 'm'.repeat(17 * 1_048_576);
    await assert.rejects(plane.call('pools', 'CreatePool', { pool: { name: 'web' }, message }), {
      code: 'RESOURCE_EXHAUSTED',
    });
    const smaller = { pool: { name: 'web' }, message: 'm'.repeat(10 * 1_048_576) };
    await assert.rejects(plane.call('pools', 'CreatePool', smaller), { code: 'INVALID_ARGUMENT' });
  });

  it('gets its refusal though the text of that is cut in the middle of a character', async (context) => {
    const plane = await runControlPlane(context);
    const name = `a${'😀'.repeat(600)}`;
    await assert.rejects(plane.call('pools', 'GetPool', { name }), { code: 'NOT_FOUND' });
    await plane.call('pools', 'ListPools', {});
  });

  it('that the store does not answer ends by its own deadline, and says that nothing was written', async (context) => {
    const store = new MemoryStore();
    const plane = await runControlPlane(context, { store });
    store.onCall = () => new Promise(() => undefined);
    const bytes = loadDefinitions().services.pools.CreatePool.requestSerialize({ pool: { name: 'web' } });
    const send = raw(context, plane.grpcAddress);
    const error = await statusOf(send('/lb.v1.PoolService/CreatePool', bytes, Date.now() + 400));
    assert.ok(
      error.code === status.UNAVAILABLE || error.code === status.DEADLINE_EXCEEDED,
      String(error.code),
    );
    assert.equal(store.log.commits.length, 0);
  });

  it('without a deadline gets one of thirty seconds', async (context) => {
    const store = new MemoryStore();
    const clock = new FakeClock();
    const plane = await runControlPlane(context, { store, clock, ready: false });
    store.onCall = () => new Promise(() => undefined);
    const leaping = setInterval(() => clock.advance(30_000), 20);
    context.after(() => clearInterval(leaping));
    const send = raw(context, plane.grpcAddress);
    const error = await statusOf(
      send('/lb.v1.PoolService/ListPools', Buffer.alloc(0), Number.POSITIVE_INFINITY),
    );
    assert.equal(error.code, status.DEADLINE_EXCEEDED);
    assert.match(error.details, /no answer within 30 s/);
  });

  it('to no method of ours is answered', async (context) => {
    const plane = await runControlPlane(context);
    const error = await statusOf(
      raw(context, plane.grpcAddress)('/lb.v1.PoolService/Nothing', Buffer.alloc(0)),
    );
    assert.equal(error.code, status.UNIMPLEMENTED);
  });
});

describe('reflection', () => {
  it('lists our services', async (context) => {
    const plane = await runControlPlane(context);
    const client = rawClient(context, plane.grpcAddress);
    const call = client.makeBidiStreamRequest(
      '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
      same,
      same,
    );
    const answer = new Promise<Buffer>((resolve, reject) => call.on('data', resolve).on('error', reject));
    // {list_services: ""}
    call.write(Buffer.from([0x3a, 0]));
    const names = (await answer).toString('latin1');
    call.end();
    for (const name of ['Policy', 'Pool', 'Listener', 'Config', 'Fleet', 'Discovery', 'Report']) {
      assert.ok(names.includes(`lb.v1.${name}Service`), name);
    }
  });
});

it('the HTTP address shows the metrics', async (context) => {
  const plane = await runControlPlane(context);
  await plane.call('pools', 'CreatePool', { pool: { name: 'web' } });
  TestReporter.of(plane.client, 'p', null);
  const text = await eventually(async () => {
    const body = await (await fetch(`http://${plane.httpAddress}/metrics`)).text();
    return /^lb_proxies_connected 1$/m.test(body) ? body : undefined;
  }, 'a connected proxy');
  for (const line of [
    /^lb_store_revision 1$/m,
    /^lb_store_commits_total\{result="appended"\} 1$/m,
    /^lb_proxies_behind 1$/m,
    /^lb_snapshot_nacks_total 0$/m,
    /^lb_store_age_seconds \d/m,
    /^lb_store_oldest_revision 1$/m,
    /^lb_checkpoint_revision 0$/m,
    /^lb_checkpoint_age_seconds Nan$/im,
    /^lb_grpc_calls_total\{method="lb\.v1\.PoolService\/CreatePool",code="OK"\} 1$/m,
    /^process_cpu_seconds_total /m,
  ]) {
    assert.match(text, line);
  }
});

/** Reads commits the way that stores of bytes do: what a newer program wrote is noticed. */
class EncodedStore extends MemoryStore {
  override async read(fromRevision: number, limit: number): Promise<Commit[]> {
    const commits = await super.read(fromRevision, limit);
    return commits.map((commit) => decodeCommit(encodeCommit(commit), `revision ${commit.revision}`));
  }
}

/** What a replica of the next version commits. */
function commitOfNewer(log: MemoryLog): void {
  const { revision, hash } = log.head;
  const commit = sealCommit({
    format: FORMAT + 1,
    revision: revision + 1,
    parent: hash,
    timeMs: 1_700_000_000_000,
    author: 'newer',
    message: '',
    requestId: `newer-${revision + 1}`,
    requestDigest: '',
    changes: [{ op: 'put', resource: pool('green') }],
  });
  assert.ok(log.append(log.head, [commit]));
}

describe('a replica older than what it reads in the store', () => {
  it('refuses every call, says why, and ends every stream', async (t) => {
    const log = new MemoryLog();
    const old = await runControlPlane(t, { store: new EncodedStore(log) });
    await old.call('pools', 'CreatePool', { pool: { name: 'web' } });
    const proxy = await TestProxy.running(old.client, 'p', 1);
    const reporter = TestReporter.of(old.client, 'p', proxy.runs);
    await reporter.incoming.next();
    commitOfNewer(log);

    for (const stream of [proxy.incoming, reporter.incoming]) {
      const said = await stream.error();
      assert.equal(said.code, 'UNAVAILABLE');
      assert.match(said.message, /answers no requests.*format 4.*reads formats up to 3.*another replica/);
    }
    const ready = await fetch(`http://${old.httpAddress}/readyz`);
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /answers no requests.*format 4/);
    const http = (path: string) => fetch(`http://${old.httpAddress}${path}`);
    for (const path of ['/api/events', '/api/converged?revision=1', '/api/revisions']) {
      const answer = await http(path);
      assert.equal(answer.status, 503, path);
      assert.match(await answer.text(), /answers no requests.*format 4.*another replica/, path);
    }
    for (const path of ['/', '/metrics']) assert.equal((await http(path)).status, 200, path);
    const refusals = [
      old.call('pools', 'ListPools', {}),
      old.call('config', 'Export', {}),
      old.call('fleet', 'ListProxies', {}),
      old.call('pools', 'DeletePool', { name: 'web' }),
    ];
    for (const refusal of refusals) {
      await assert.rejects(refusal, { code: 'UNAVAILABLE' });
    }
    const again = new TestProxy(old.client, 'p', proxy.runs);
    again.subscribe();
    assert.match((await again.incoming.error()).message, /answers no requests/);
  });
});

describe('the end', () => {
  it('is told to proxies before their streams end with UNAVAILABLE', async (context) => {
    const plane = await runControlPlane(context);
    const reporter = TestReporter.of(plane.client, 'p', null);
    const proxy = new TestProxy(plane.client, 'p');
    proxy.subscribe();
    await proxy.apply();
    assert.equal((await reporter.incoming.next()).stopping, false);
    await plane.stop();
    assert.equal((await reporter.incoming.next()).stopping, true);
    for (const { incoming } of [reporter, proxy]) {
      const error = await incoming.error();
      assert.equal(error.code, 'UNAVAILABLE');
      assert.match(error.message, /the control plane is stopping/);
    }
  });

  it('comes though a client reads nothing', async (context) => {
    const plane = await runControlPlane(context);
    const backends = Array.from({ length: 10_000 }, (_, index) => ({
      address: `10.1.${index >> 8}.${index & 255}:80`,
    }));
    await plane.call('pools', 'CreatePool', { pool: { name: 'web', backends } });
    const proxy = new TestProxy(plane.client, 'p');
    proxy.pause();
    proxy.subscribe();
    await plane.call('pools', 'ListPools', {});
    await plane.stop();
  });
});
