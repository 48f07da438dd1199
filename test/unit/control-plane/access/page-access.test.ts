/** Which HTTP requests a control plane allows. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type PageAccess, refusePage } from '../../../../control-plane/access/page-access.ts';

const OPEN: PageAccess = { hosts: ['lb.example.com'] };
const GUARDED: PageAccess = { ...OPEN, tokens: { accepts: (candidate) => candidate === 'secret' } };

function ask(
  path: string,
  headers: Readonly<Record<string, string>>,
  { method = 'GET', access = OPEN }: { method?: string; access?: PageAccess } = {},
) {
  const head = {
    method,
    path,
    query: new URLSearchParams(),
    headers: { host: '127.0.0.1:7080', ...headers },
  };
  return refusePage(access, head);
}

const wordsOf = (answer: ReturnType<typeof ask>) => String(answer?.body);

describe('the host names of the dashboard', () => {
  it('are localhost, IP addresses and the configured names', () => {
    const hosts =
      '127.0.0.1:7080 10.1.2.3 [::1]:7080 localhost:7080 lb.localhost lb.example.com LB.Example.com:443';
    for (const host of hosts.split(' ')) assert.equal(ask('/api/events', { host }), null, host);
  });

  it('are no others, and the refusal says what to do', () => {
    const hosts = 'evil.example lb.example.com.evil.example 127.0.0.1.evil.example localhost.evil';
    for (const host of ['', ...hosts.split(' ')]) {
      for (const path of ['/', '/app.mjs', '/api/events']) {
        const refused = ask(path, { host });
        assert.equal(refused?.status, 421, host);
        assert.match(wordsOf(refused), /--dashboard-host/);
      }
    }
  });

  it('do not matter to probes and scrapers', () => {
    for (const path of ['/metrics', '/healthz', '/readyz']) {
      assert.equal(ask(path, { host: 'lb-0.lb.svc.cluster.local' }, { access: GUARDED }), null);
    }
  });
});

describe('a change over HTTP', () => {
  const change = (headers: Readonly<Record<string, string>>) =>
    ask('/api/changes', { 'content-type': 'application/json', ...headers }, { method: 'POST' });

  it('is accepted from the page of this address', () => {
    assert.equal(change({ origin: 'http://127.0.0.1:7080', 'sec-fetch-site': 'same-origin' }), null);
    assert.equal(change({ origin: 'https://lb.example.com', host: 'lb.example.com' }), null);
    assert.equal(
      change({ origin: 'http://127.0.0.1:7080', 'content-type': 'application/json; charset=utf-8' }),
      null,
    );
  });

  for (const [what, headers] of [
    ['another site', { origin: 'https://evil.example' }],
    ['another port of this host', { origin: 'http://127.0.0.1:8080' }],
    ['a page without an origin', { origin: 'null' }],
    ['something that does not say from where', {}],
    ['what only begins alike', { origin: 'http://127.0.0.1:7080.evil.example' }],
  ] as const) {
    it(`is refused from ${what}, with the reason`, () => {
      const refused = change(headers);
      assert.equal(refused?.status, 403);
      assert.match(wordsOf(refused), /only from the page at this address/);
    });
  }

  it('is refused when the browser names another site as its source', () => {
    for (const site of ['cross-site', 'same-site']) {
      const refused = change({ origin: 'http://127.0.0.1:7080', 'sec-fetch-site': site });
      assert.equal(refused?.status, 403);
    }
  });

  it('is refused as anything but JSON, which a form of another site could send', () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json-seq', '']) {
      const refused = change({ origin: 'http://127.0.0.1:7080', 'content-type': type });
      assert.equal(refused?.status, 415, type);
    }
  });
});

describe('a token', () => {
  it('is required for the paths that show or change something, and no others', () => {
    for (const path of ['/api/events', '/api/revisions']) {
      const refused = ask(path, {}, { access: GUARDED });
      assert.deepEqual(
        [refused?.status, refused?.headers?.['www-authenticate']],
        [401, 'Bearer realm="Equipoise"'],
      );
      assert.match(wordsOf(refused), /--token-file/);
      assert.equal(ask(path, { authorization: 'Bearer secret' }, { access: GUARDED }), null);
    }
    for (const path of ['/', '/app.mjs', '/metrics']) assert.equal(ask(path, {}, { access: GUARDED }), null);
  });

  it('is not accepted as a Basic password, which a browser would also send for requests of other sites', () => {
    const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`;
    for (const authorization of [basic, 'Bearer other', 'secret', 'Bearer']) {
      const refused = ask('/api/events', { authorization }, { access: GUARDED });
      assert.equal(refused?.status, 401, authorization);
      assert.match(wordsOf(refused), /does not accept that token/);
    }
  });

  it('does not take the place of the origin', () => {
    const headers = {
      authorization: 'Bearer secret',
      origin: 'https://evil.example',
      'content-type': 'application/json',
    };
    assert.equal(ask('/api/changes', headers, { access: GUARDED, method: 'POST' })?.status, 403);
  });
});
