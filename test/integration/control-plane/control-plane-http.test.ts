/** The HTTP address of a control plane. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../../../harness/programs/processes.ts';
import { runControlPlane } from '../../../harness/programs/running-control-plane.ts';
import { TestReporter } from '../../../harness/control-plane/test-proxy.ts';

const get = ({ httpAddress }: { httpAddress: string }, path: string, init?: RequestInit) =>
  fetch(`http://${httpAddress}${path}`, init);

describe('the HTTP address', () => {
  it('shows the metrics', async (context) => {
    const plane = await runControlPlane(context);
    await plane.call('pools', 'CreatePool', { pool: { name: 'web' } });
    TestReporter.of(plane.client, 'p', null);
    const text = await eventually(async () => {
      const body = await (await get(plane, '/metrics')).text();
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

  it('shows a page that loads nothing from elsewhere', async (context) => {
    const plane = await runControlPlane(context);
    const page = await get(plane, '/');
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'; script-src 'self'/);
    const html = await page.text();
    assert.doesNotMatch(html, /https?:\/\/|<script>|<style| (style|on[a-z]+)=/);
    const types = await Promise.all(
      [...html.matchAll(/(?:src|href)="(\/[^"]*)"/g)].map(async ([, path]) => {
        const answer = await get(plane, path ?? '');
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
      const first = await get(plane, path);
      const etag = first.headers.get('etag') ?? '';
      assert.deepEqual([first.status, first.headers.get('cache-control')], [200, 'no-cache'], path);
      const again = await get(plane, path, { headers: { 'if-none-match': etag } });
      assert.deepEqual([again.status, await again.text()], [304, ''], path);
      const head = await get(plane, path, { method: 'HEAD' });
      assert.deepEqual([head.headers.get('etag'), await head.text()], [etag, ''], path);
    }
    assert.equal((await get(plane, '/api/revisions')).headers.get('cache-control'), 'no-store');
  });

  it('takes changes at one path only, and names what there is', async (context) => {
    const plane = await runControlPlane(context);
    const wrong = await get(plane, '/metrics', { method: 'POST' });
    assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'GET, HEAD']);
    const reading = await get(plane, '/api/changes');
    assert.deepEqual([reading.status, reading.headers.get('allow')], [405, 'POST']);
    const person = await get(plane, '/nothing', { headers: { accept: 'text/html,*/*' } });
    assert.equal(person.status, 404);
    assert.match(await person.text(), /<h1>No such page<\/h1>/);
    const missing = await get(plane, '/nothing');
    assert.equal(missing.status, 404);
    assert.match(await missing.text(), /there is no \/nothing; the paths are .*\/metrics/);
    for (const path of ['/__proto__', '/constructor', '/../package.json', '/routes.ts', '/public/app.mjs']) {
      assert.equal((await get(plane, path)).status, 404, path);
    }
  });
});
