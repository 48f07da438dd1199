/** The dashboard over HTTP, as a browser asks for it, and as others try to: its files, its API and its live stream. */
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { describe, it } from 'node:test';
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

const ask = ({ httpAddress }: TestControlPlane, path: string, init?: RequestInit) =>
  fetch(`http://${httpAddress}${path}`, init);

const get = async (plane: TestControlPlane, path: string) => read(await ask(plane, path));

async function post(
  plane: TestControlPlane,
  body: unknown,
  headers: Readonly<Record<string, string>> = { origin: `http://${plane.httpAddress}` },
): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const options = { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body: text };
  return read(await ask(plane, '/api/changes', options));
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
    // What can't be read at all does not hide what is wrong with the rest.
    const policy = {
      name: 'Bad Name',
      connect: { timeout: 'soon', retries: 'x' },
      timeouts: { idle: '1ms' },
    };
    const all = await post(plane, { method: 'CreatePolicy', request: { policy } });
    assert.deepEqual((all.body['violations'] as { field: string }[]).map(({ field }) => field).sort(), [
      'policies[Bad Name].name',
      'policies[Bad Name].timeouts.idle',
      'policy.connect.retries',
      'policy.connect.timeout',
    ]);

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

  it('may forget a proxy that is away, and no other', async (t) => {
    const plane = await runControlPlane(t);
    const forget = () => post(plane, { method: 'DeleteProxy', request: { proxyId: 'p' } });
    assert.equal((await forget()).status, 404);
    const reporter = TestReporter.of(plane.client, 'p', null);
    reporter.send({ applied: applied(1) });
    await eventually(async () => (await forget()).status === 409 || undefined, 'the proxy');
    reporter.cancel();
    await eventually(async () => (await forget()).status === 200 || undefined, 'the end of the proxy');
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
    assert.equal((await post(plane, { method: 'AdoptStore', request: {} })).status, 400);
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

/** The events of the live stream, as they come. */
async function* eventsOf(url: string) {
  const { body } = await fetch(url, { signal: AbortSignal.timeout(30_000) });
  let rest = '';
  for await (const bytes of body ?? []) {
    const blocks = (rest + Buffer.from(bytes).toString()).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const [, event, data = ''] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
      if (event !== undefined) yield { event, data: JSON.parse(data) as Record<string, unknown> };
    }
  }
}

it('the live stream says hello, gives the past, then the view at once and whenever it changes, and figures all the time', async (t) => {
  const plane = await runControlPlane(t);
  await withPool(plane);
  const heard: string[] = [];
  for await (const { event, data } of eventsOf(`http://${plane.httpAddress}/api/events?page=pools/web`)) {
    if (event === 'stats' && !heard.includes('stats')) await post(plane, drain());
    heard.push(event);
    if (event !== 'view' || data['revision'] !== 2) continue;
    assert.match(JSON.stringify(data['subject']), /"address":"10\.0\.0\.1:80","weight":1,"state":"draining"/);
    break;
  }
  assert.deepEqual(heard.slice(0, 3), ['hello', 'history', 'view']);
  assert.ok(heard.includes('stats'));
});

describe('the HTTP address', () => {
  it('shows a page that loads nothing from elsewhere', async (context) => {
    const plane = await runControlPlane(context);
    const page = await ask(plane, '/');
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'; script-src 'self'/);
    const html = await page.text();
    assert.doesNotMatch(html, /https?:\/\/|<script>|<style| (style|on[a-z]+)=/);
    const types = await Promise.all(
      [...html.matchAll(/(?:src|href)="(\/[^"]*)"/g)].map(async ([, path]) => {
        const answer = await ask(plane, path ?? '');
        assert.equal(answer.status, 200, path);
        return answer.headers.get('content-type');
      }),
    );
    assert.deepEqual(
      new Set(types),
      new Set(['image/svg+xml', 'text/css; charset=utf-8', 'text/javascript; charset=utf-8']),
    );
  });

  it('gives a file again only when it changed, and nothing that is asked twice', async (context) => {
    const plane = await runControlPlane(context);
    for (const path of ['/', '/app.mjs', '/lib/dom.mjs', '/charts/uplot.js', '/styles/base.css']) {
      const first = await ask(plane, path);
      const etag = first.headers.get('etag') ?? '';
      assert.deepEqual([first.status, first.headers.get('cache-control')], [200, 'no-cache'], path);
      const again = await ask(plane, path, { headers: { 'if-none-match': etag } });
      assert.deepEqual([again.status, await again.text()], [304, ''], path);
      const head = await ask(plane, path, { method: 'HEAD' });
      assert.deepEqual([head.headers.get('etag'), await head.text()], [etag, ''], path);
    }
    assert.equal((await ask(plane, '/api/revisions')).headers.get('cache-control'), 'no-store');
  });

  it('takes changes at one path only, and names what there is', async (context) => {
    const plane = await runControlPlane(context);
    const wrong = await ask(plane, '/metrics', { method: 'POST' });
    assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'GET, HEAD']);
    const reading = await ask(plane, '/api/changes');
    assert.deepEqual([reading.status, reading.headers.get('allow')], [405, 'POST']);
    const person = await ask(plane, '/nothing', { headers: { accept: 'text/html,*/*' } });
    assert.equal(person.status, 404);
    assert.match(await person.text(), /<h1>No such page<\/h1>/);
    const missing = await ask(plane, '/nothing');
    assert.equal(missing.status, 404);
    assert.match(await missing.text(), /there is no \/nothing; the paths are .*\/metrics/);
    for (const path of ['/__proto__', '/constructor', '/../package.json', '/routes.ts', '/public/app.mjs']) {
      assert.equal((await ask(plane, path)).status, 404, path);
    }
  });
});
