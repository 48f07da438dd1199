/** What the page of the dashboard asks, and what it is told: over HTTP, as a browser does it, and as others try to. */
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { describe, it } from 'node:test';
import { EventReader } from '../../../harness/control-plane/event-reader.ts';
import { eventually } from '../../../harness/programs/processes.ts';
import { runControlPlane, type TestControlPlane } from '../../../harness/programs/running-control-plane.ts';
import { applied, backendReport } from '../../../harness/control-plane/reports.ts';
import { TestReporter } from '../../../harness/control-plane/test-proxy.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function read(response: Response): Promise<Answer> {
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const get = async (plane: TestControlPlane, path: string) =>
  read(await fetch(`http://${plane.httpAddress}${path}`));

async function post(
  plane: TestControlPlane,
  body: unknown,
  headers: Readonly<Record<string, string>> = { origin: `http://${plane.httpAddress}` },
): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const options = { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body: text };
  return read(await fetch(`http://${plane.httpAddress}/api/changes`, options));
}

/** Under a name: fetch would not let us say which. */
function underName(plane: TestControlPlane, host: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      `http://${plane.httpAddress}${path}`,
      { headers: { host }, agent: false },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    );
    request.once('error', reject);
    request.end();
  });
}

async function withPool(plane: TestControlPlane): Promise<void> {
  await plane.call('pools', 'CreatePool', {
    pool: { name: 'web', backends: [{ address: '10.0.0.1:80' }, { address: '10.0.0.2:80' }] },
  });
}

const drain = (fields: object = {}) => ({
  method: 'UpdateBackend',
  request: { pool: 'web', backend: { address: '10.0.0.1:80', state: 'BACKEND_STATE_DRAINING' }, ...fields },
});

describe('a change from the page', () => {
  it('is first tried dry, with where connections would go, and then made once however often it is sent', async (t) => {
    const plane = await runControlPlane(t);
    await withPool(plane);
    const dry = await post(plane, drain({ dryRun: true }));
    assert.equal(dry.status, 200);
    assert.deepEqual(dry.body['changes'], [
      {
        action: 'updated',
        kind: 'backend',
        name: 'web/10.0.0.1:80',
        fields: [{ field: 'state', before: 'active', after: 'draining' }],
      },
    ]);
    assert.match(JSON.stringify(dry.body['poolEffects']), /"shareBefore":0\.5,"shareAfter":0/);
    const fields = { requestId: 'once', author: 'anna', message: 'kernel' };
    const made = await post(plane, drain(fields));
    assert.deepEqual([made.status, made.body['revision'], made.body['repeatedRequest']], [200, '2', false]);
    const again = await post(plane, drain(fields));
    assert.deepEqual([again.body['revision'], again.body['repeatedRequest']], ['2', true]);
    const { response } = await plane.call('pools', 'GetPool', { name: 'web' });
    assert.equal(response.backends[0]?.state, 'BACKEND_STATE_DRAINING');
    const [newest] = (await get(plane, '/api/revisions')).body['revisions'] as Record<string, unknown>[];
    assert.deepEqual([newest?.['author'], newest?.['message']], ['anna', 'kernel']);
  });

  it('meets the same validation and the same guard as over gRPC', async (t) => {
    const plane = await runControlPlane(t);
    await withPool(plane);
    const request = { pool: 'web', backends: [{ address: 'nowhere', weight: 5_000 }] };
    const wrong = await post(plane, { method: 'AddBackends', request });
    assert.deepEqual([wrong.status, wrong.body['code']], [400, 'INVALID_ARGUMENT']);
    const fields = (wrong.body['violations'] as { field: string }[]).map(({ field }) => field);
    assert.deepEqual(fields, ['pools[web].backends[nowhere].address', 'pools[web].backends[nowhere].weight']);

    const reporter = TestReporter.of(plane.client, 'p', null);
    const backends = [
      backendReport('web', '10.0.0.1:80'),
      backendReport('web', '10.0.0.2:80', { health: 'HEALTH_UNHEALTHY' }),
    ];
    reporter.send({ applied: applied(1), backends });
    await eventually(async () => {
      const { response } = await plane.call('fleet', 'ListBackendStatus', { pool: 'web' });
      return response.statuses.length === 2 || undefined;
    }, 'the health');
    const dry = await post(plane, drain({ dryRun: true }));
    assert.match(JSON.stringify(dry.body['guardRefusals']), /no backend that any proxy finds healthy/);
    const refused = await post(plane, drain());
    assert.deepEqual([refused.status, refused.body['code']], [409, 'FAILED_PRECONDITION']);
    assert.equal((await post(plane, drain({ force: true }))).status, 200);
  });

  it('is refused when it is for what was shown and there is something newer, until it is shown again', async (t) => {
    const plane = await runControlPlane(t);
    await withPool(plane);
    const weigh = (weight: number) =>
      post(plane, {
        method: 'UpdateBackend',
        request: { pool: 'web', backend: { address: '10.0.0.1:80', weight } },
      });
    await weigh(5);
    const back = (fields: object, shown?: unknown) =>
      post(plane, { method: 'Rollback', request: { revision: '1', ...fields }, shown });
    const { revision } = (await back({ dryRun: true })).body;
    assert.equal(revision, '2');
    await weigh(6);
    const refused = await back({}, revision);
    assert.deepEqual([refused.status, refused.body['code']], [409, 'ABORTED']);
    assert.match(String(refused.body['error']), /made at revision 2, and now there is revision 3/);
    assert.equal((await back({}, 3)).status, 400);
    assert.equal((await back({}, '3')).body['revision'], '4');
  });

  it('is refused from elsewhere, as something else, too large or broken, and changes nothing', async (t) => {
    const plane = await runControlPlane(t);
    await withPool(plane);
    const own = `http://${plane.httpAddress}`;
    assert.equal((await post(plane, drain(), { origin: 'http://evil.example' })).status, 403);
    assert.equal((await post(plane, drain(), {})).status, 403);
    assert.equal((await post(plane, drain(), { origin: own, 'sec-fetch-site': 'cross-site' })).status, 403);
    assert.equal((await post(plane, drain(), { origin: own, 'content-type': 'text/plain' })).status, 415);
    assert.equal((await post(plane, '{')).status, 400);
    assert.equal((await post(plane, { method: 'DeletePool', request: { name: 'web' } })).status, 400);
    assert.equal((await post(plane, `"${'x'.repeat(300_000)}"`)).status, 413);
    const { response } = await plane.call('config', 'ListRevisions', {});
    assert.equal(response.revisions.length, 1);
  });

  it('is refused under a name that nobody configured, as is everything else of the page', async (t) => {
    const plane = await runControlPlane(t, { dashboardHosts: ['lb.example.com'] });
    for (const path of ['/', '/app.mjs', '/api/revisions', '/api/events']) {
      assert.equal(await underName(plane, 'evil.example', path), 421, path);
      assert.equal(await underName(plane, 'lb.example.com', path), 200, path);
    }
    for (const path of ['/metrics', '/healthz', '/readyz']) {
      assert.equal(await underName(plane, 'lb-0.internal', path), 200, path);
    }
  });
});

describe('the history for the page', () => {
  it('is revisions, one of them, and what differs between two', async (t) => {
    const plane = await runControlPlane(t);
    await withPool(plane);
    const backend = { address: '10.0.0.1:80', weight: 5 };
    await post(plane, { method: 'UpdateBackend', request: { pool: 'web', backend } });
    const one = await get(plane, '/api/revision?number=2');
    assert.match(JSON.stringify(one.body['changes']), /"before":"1","after":"5"/);
    const back = await get(plane, '/api/difference?from=2&to=1');
    assert.match(JSON.stringify(back.body['changes']), /"before":"5","after":"1"/);
    assert.deepEqual((await get(plane, '/api/converged?revision=2')).body, {
      outcome: 'OUTCOME_CONVERGED',
      proxies: [],
      settled: true,
    });
    const rolledBack = await post(plane, { method: 'Rollback', request: { revision: '1', force: true } });
    assert.equal(rolledBack.body['revision'], '3');
  });

  it('says what is wrong with what was asked', async (t) => {
    const plane = await runControlPlane(t);
    for (const [path, status] of [
      ['/api/revision?number=7', 404],
      ['/api/revision?number=x', 400],
      ['/api/revision', 400],
      ['/api/difference?from=1', 400],
      ['/api/revisions?before=x', 400],
    ] as const) {
      const answer = await get(plane, path);
      assert.equal(answer.status, status, path);
      assert.ok(String(answer.body['error']).length > 10, path);
    }
  });
});

describe('the live stream', () => {
  const view =
    (test: (data: Record<string, unknown>) => boolean) =>
    (heard: { event: string; data: Record<string, unknown> }) =>
      heard.event === 'view' && test(heard.data);

  it('says hello, gives the past, then the view at once and whenever it changes, and figures all the time', async (t) => {
    const plane = await runControlPlane(t);
    await withPool(plane);
    const reader = await EventReader.open(t, `http://${plane.httpAddress}/api/events?pool=web`);
    await reader.until(({ event }) => event === 'stats', 'figures');
    assert.deepEqual(
      reader.heard.slice(0, 3).map(({ event }) => event),
      ['hello', 'history', 'view'],
    );
    await post(plane, drain());
    const { data } = await reader.until(
      view(({ revision }) => revision === 2),
      'the change',
    );
    assert.match(JSON.stringify(data['pool']), /"address":"10\.0\.0\.1:80","weight":1,"state":"draining"/);
  });
});
