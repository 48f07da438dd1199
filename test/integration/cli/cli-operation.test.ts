/** What an operator asks at three in the morning: what is out of service, since when, and what happened. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { type Answers, startFakeControlPlane } from '../../../harness/control-plane/fake-control-plane.ts';
import { statsFrame } from '../../../harness/control-plane/frames.ts';
import { A, B, FLEET, wirePool, wireProxy, wireStatus } from '../../../harness/control-plane/wire-answers.ts';
import { lbctlFor, succeed } from '../../../harness/programs/fleet.ts';
import { eventually, startBuilt } from '../../../harness/programs/processes.ts';

const agoSeconds = (seconds: number) => ({ seconds: Math.floor(Date.now() / 1_000) - seconds, nanos: 0 });
const DAY = 86_400;

describe('a forgotten drain', () => {
  const pool = wirePool('web', [A, [B, 'draining']]);
  const backends =
    pool.backends?.map((backend) => ({ ...backend, stateSince: agoSeconds(3 * DAY + 60) })) ?? [];
  const ANSWERS: Answers = {
    ...FLEET,
    ListPools: () => ({ pools: [{ ...pool, backends }] }),
    WatchStats: async function* () {
      const seen = { pool: 'web', address: B };
      yield statsFrame({ backends: statsFrame().backends.map((each) => ({ ...each, backend: seen })) });
      await new Promise(() => undefined);
    },
  };

  for (const [words, pattern] of [
    ['get pools', /^web .* 1\/2 healthy, 1 draining for 3d *$/m],
    ['describe pool web', /^Backends +1\/2 healthy, 1 draining for 3d$/m],
    ['describe pool web', /10\.0\.0\.2:80 .*draining for 3d/],
    ['get backends', /10\.0\.0\.2:80 .*draining for 3d/],
    [`describe backend web/${B}`, /^State +draining for 3d$/m],
    ['health', /10\.0\.0\.2:80 +draining for 3d/],
    ['top --count 1', /10\.0\.0\.2:80 +draining 3d /],
    ['top --count 1 -o json', /"state":"draining","stateSince":"2/],
    ['get backends -o json', /"state": "draining",\s+"stateSince": "2/],
    ['health -o yaml', /state: draining\n\s+stateSince: "2/],
  ] as const) {
    it(`is in the first answer of lbctl ${words}, with its age`, async (t) => {
      const { address } = await startFakeControlPlane(t, ANSWERS);
      assert.match(await succeed(lbctlFor(address), words.split(' ')), pattern);
    });
  }
});

describe('two proxies with one id', () => {
  it('are named as such wherever proxies are shown, and told apart', async (t) => {
    const other = (instanceId: string, peerAddress: string) => ({
      ...wireProxy('edge-1'),
      info: { ...wireProxy('edge-1').info, instanceId },
      peerAddress,
      sameId: [{ instanceId: 'x', peerAddress: '10.9.9.9:4711', adminAddress: '10.9.9.9:7100' }],
    });
    const ListProxies = () => ({ proxies: [other('a', '10.0.0.1:1'), other('b', '10.0.0.2:1')] });
    const lbctl = lbctlFor((await startFakeControlPlane(t, { ...FLEET, ListProxies })).address);
    assert.equal((await succeed(lbctl, ['get', 'proxies'])).match(/2 processes have this id/g)?.length, 2);
    assert.match(
      await succeed(lbctl, ['describe', 'proxy', 'edge-1']),
      /also used by the process at 10\.9\.9\.9:4711, admin address 10\.9\.9\.9:7100; give each its own --proxy-id/,
    );
    const all = JSON.parse(await succeed(lbctl, ['get', 'proxies', '-o', 'json'])) as Record<
      string,
      unknown
    >[];
    assert.deepEqual(
      all.map(({ peerAddress, sameId }) => [peerAddress, (sameId as unknown[]).length]),
      [
        ['10.0.0.1:1', 1],
        ['10.0.0.2:1', 1],
      ],
    );
    assert.equal(JSON.parse(await succeed(lbctl, ['get', 'proxy', 'edge-1', '-o', 'json'])).id, 'edge-1');
  });
});

describe('lbctl history', () => {
  it('says what changed', async (t) => {
    const resource = { action: 'ACTION_UPDATED', kind: 'pool', name: 'web' } as const;
    const ListRevisions = () => ({
      revisions: [
        {
          revision: '9',
          changes: ['updated backend web/10.0.0.1:80', 'created pool api'],
          resources: [
            { ...resource, details: ['10.0.0.1:80: weight 1 → 3, active → draining'] },
            { ...resource, action: 'ACTION_CREATED' as const, name: 'api', details: ['policy default'] },
          ],
        },
        { revision: '8', changes: ['created pool web'] },
      ],
    });
    const lbctl = lbctlFor((await startFakeControlPlane(t, { ListRevisions })).address);
    const table = await succeed(lbctl, ['history']);
    assert.match(table, /^9 .*pool web: 10\.0\.0\.1:80: weight 1 → 3, active → draining, created pool api$/m);
    assert.match(table, /^8 .*created pool web$/m);
    const [newest] = JSON.parse(await succeed(lbctl, ['history', '-o', 'json'])) as { resources: object[] }[];
    assert.deepEqual(newest?.resources[0], {
      action: 'updated',
      kind: 'pool',
      name: 'web',
      details: ['10.0.0.1:80: weight 1 → 3, active → draining'],
    });
  });
});

describe('lbctl events', () => {
  const event = (id: number, fields: object = {}) => ({
    id,
    time: { seconds: 1_700_000_000 + id, nanos: 0 },
    kind: 'KIND_BACKEND_UNHEALTHY' as const,
    pool: 'web',
    backend: A,
    proxyId: 'edge-1',
    count: 1,
    text: `event ${id}`,
    ...fields,
  });
  const kept = (after: () => Promise<unknown> = async () => undefined): Answers => ({
    WatchEvents: async function* ({ follow }) {
      yield { keptSince: agoSeconds(60), events: [event(1), event(2)] };
      yield { events: [event(1, { count: 3, text: 'event 1, as 3 proxies see it' })] };
      await after();
      if (follow) yield { events: [event(3, { kind: 'KIND_COMMIT', revision: '7', message: 'why' })] };
      if (follow) await new Promise(() => undefined);
    },
  });

  it('lists what is kept, each event once and with what is known last, and says what is not kept', async (t) => {
    const fake = await startFakeControlPlane(t, kept());
    const lbctl = lbctlFor(fake.address);
    const { code, stdout, stderr } = await lbctl(['events', '--since', '1h']);
    assert.deepEqual(
      [code, stdout],
      [
        0,
        'TIME                      KIND               WHAT\n' +
          '2023-11-14T22:13:21.000Z  backend_unhealthy  event 1, as 3 proxies see it\n' +
          '2023-11-14T22:13:22.000Z  backend_unhealthy  event 2\n',
      ],
    );
    assert.match(stderr, /^what happened before 2\S+Z is not kept by this control plane$/m);
    assert.deepEqual(fake.requests[0]?.request['history'], { seconds: '3600', nanos: 0 });
    const [first] = JSON.parse(await succeed(lbctl, ['events', '-o', 'json'])) as Record<string, unknown>[];
    assert.deepEqual(first, {
      id: '1',
      time: '2023-11-14T22:13:21.000Z',
      kind: 'backend_unhealthy',
      pool: 'web',
      backend: A,
      proxy: 'edge-1',
      listener: null,
      revision: null,
      author: null,
      message: null,
      count: 3,
      text: 'event 1, as 3 proxies see it',
    });
  });

  it('--watch goes on, at the next control plane when one fails, from where it was', async (t) => {
    const second = await startFakeControlPlane(t, kept());
    const first = await startFakeControlPlane(t, kept());
    const servers = `${first.address},${second.address}`;
    const watch = startBuilt(t, 'cli/main.js', ['events', '--watch', '--server', servers, '-o', 'json']);
    const seen = (line: string) => (line.startsWith('{"id":"3",') ? line : undefined);
    const commit = JSON.parse(await watch.line(seen, 'the commit')) as Record<string, unknown>;
    assert.deepEqual([commit['kind'], commit['revision'], commit['message']], ['commit', '7', 'why']);
    first.stop();
    await watch.line((line) => line.startsWith('no answer (') || undefined, 'that it failed');
    await eventually(async () => second.requests.length > 0, 'the other one is asked');
    assert.deepEqual(second.requests[0]?.request['since'], { seconds: '1700000003', nanos: 1_000_000 });
  });
});

describe('a control plane that accepts a connection and says nothing', () => {
  for (const words of ['events', 'events --watch', 'top', 'wait 42', 'get pools --watch']) {
    it(`ends lbctl ${words} by --timeout, and is named`, async (t) => {
      const silent = await startSilentServer(t);
      const { code, stderr } = await lbctlFor(silent)([...words.split(' '), '--timeout', '1s']);
      assert.deepEqual([code, stderr.includes(silent)], [3, true], stderr);
      assert.match(stderr, /^ {2}.*accepts no connection in time$/m);
    });
  }
});

async function startSilentServer(t: TestContext): Promise<string> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket.on('error', () => undefined)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    sockets.forEach((socket) => socket.destroy());
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('lbctl host drain', () => {
  it('drains every backend of the host in one change, and waits for all of them', async (t) => {
    let polls = 0;
    const own = [A, '10.0.0.1:81'];
    const fake = await startFakeControlPlane(t, {
      ...FLEET,
      SetHostState: () => ({ revision: '42', notes: ['10.0.0.1:90 registered itself'] }),
      ListPools: () => ({ pools: [wirePool('web', [A, B]), wirePool('api', ['10.0.0.1:81'])] }),
      ListProxies: () => ({ proxies: [wireProxy('edge-1', { revision: 42 })] }),
      ListBackendStatus: ({ pool }) => {
        assert.equal(pool, '', 'both pools are asked about');
        polls += 1;
        const connections = (index: number) => (polls > index + 1 ? 0 : 3);
        return {
          statuses: [
            wireStatus('edge-1', 'web', B, { connections: 9, revision: 42 }),
            ...own.map((address, index) =>
              wireStatus('edge-1', index === 0 ? 'web' : 'api', address, {
                connections: connections(index),
                revision: 42,
              }),
            ),
          ],
        };
      },
    });
    const lbctl = lbctlFor(fake.address);
    const { code, stdout, stderr } = await lbctl([
      'host',
      'drain',
      '10.0.0.1',
      '--wait',
      '--message',
      'kernel',
    ]);
    assert.deepEqual(
      [code, stdout, stderr.replace(/\d\d:\d\d:\d\d/, 'TIME').split('\n')],
      [
        0,
        'revision 42\n',
        [
          '10.0.0.1:90 registered itself',
          '6 connections left (proxy edge-1 has 3 connections to web/10.0.0.1:80 and proxy edge-1 has 3 connections to api/10.0.0.1:81); the drain ends by TIME UTC',
          'no proxy has a connection to 10.0.0.1',
          '',
        ],
      ],
    );
    assert.equal(polls, 3);
    const changes = () => fake.requests.filter(({ method }) => method === 'SetHostState');
    const { ip, state, message } = changes()[0]?.request ?? {};
    assert.deepEqual([ip, state, message], ['10.0.0.1', 'BACKEND_STATE_DRAINING', 'kernel']);
    await succeed(lbctl, ['host', 'enable', '10.0.0.1']);
    assert.equal(changes()[1]?.request['state'], 'BACKEND_STATE_ACTIVE');
  });
});
