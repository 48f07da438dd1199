import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rootCertificates } from 'node:tls';
import { completePolicy, type HealthCheckDraft } from '../../../../../core/model/draft.ts';
import { validatePolicy } from '../../../../../core/model/policy/validate-policy.ts';
import type { ScriptStep } from '../../../../../core/model/resources.ts';

const violationsOf = (healthCheck: HealthCheckDraft) =>
  validatePolicy(completePolicy({ name: 'p', healthCheck }), 'p').map(
    ({ field, description }) => `${field.replace('p.health_check.', '')} ${description}`,
  );
const http = (part: HealthCheckDraft['http'] & object): HealthCheckDraft => ({ type: 'http', http: part });
const tls = (part: HealthCheckDraft['tls'] & object): HealthCheckDraft => ({ type: 'tls', tls: part });
const script = (...steps: ScriptStep[]): HealthCheckDraft => ({ type: 'script', script: steps });
const PONG = { expect: '+PONG' };

describe('a health check', () => {
  const good: readonly HealthCheckDraft[] = [
    { type: 'tls' },
    tls({ ca: rootCertificates.slice(0, 2).join('\n') }),
    { type: 'https', http: { path: '/readyz?verbose=1', host: '[2001:db8::1]:6443' }, tls: { verify: true } },
    http({ method: 'HEAD', status: ['200', '300-399'] }),
    script({ send: 'PING\r\n' }, { sendSecret: 'redis-password' }, PONG),
    { ...script(PONG), tls: { serverName: 'db_1.example.com' } },
    http({ body: 'x'.repeat(1_024) }),
    script(...Array.from({ length: 16 }, () => PONG)),
  ];
  it('is accepted as its type allows', () => assert.deepEqual(good.flatMap(violationsOf), []));

  const bad: readonly (readonly [HealthCheckDraft, ...RegExp[]])[] = [
    [{ http: {} }, /^http is only for a check of type http or https, and this one is tcp; leave it out, or/],
    [
      { type: 'http', tls: {} },
      /^tls is only for a check of type tls or https or script, and this one is http/,
    ],
    [{ type: 'none', script: [PONG] }, /^script is only for a check of type script, and this one is none/],
    [
      http({ method: 'get' }),
      /^http.method "get" is not a method .*"GET".*use one of GET, HEAD, OPTIONS, POST/,
    ],
    [http({ path: 'a' }), /^http.path is "a"; it must begin with \/ and have no blanks/],
    [http({ path: '/a b' }), /^http.path /],
    [http({ path: '/a\r\nX: y' }), /^http.path is "\/a\\r\\nX: y"; /],
    [http({ path: '' }), /^http.path /],
    [http({ path: `/${'a'.repeat(1_024)}` }), /^http.path has 1025 bytes; at most 1024/],
    [http({ host: 'a\r\nX: y' }), /^http.host is "a\\r\\nX: y"; write a host name/],
    [http({ body: 'ä'.repeat(513) }), /^http.body has 1026 bytes; at most 1024/],
    [
      http({ method: 'HEAD', body: 'x' }),
      /^http.body can never be found, because an answer to HEAD has no body/,
    ],
    [http({ status: ['200', '399-200'] }), /^http.status\[1\] is "399-200", which is backwards; /],
    [http({ status: Array<string>(17).fill('200') }), /^http.status has 17 ranges; at most 16/],
    [tls({ serverName: '10.0.0.1' }), /^tls.server_name is "10.0.0.1"; write a host name/],
    [tls({ serverName: 'a..b' }), /^tls.server_name /],
    [tls({ ca: '/etc/ssl/ca.pem' }), /^tls.ca has no PEM certificate; write the certificates themselves/],
    [
      tls({ ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' }),
      /^tls.ca has a certificate that can't be read, number 1 of 1/,
    ],
    [tls({ ca: 'x'.repeat(16_385) }), /^tls.ca has 16385 bytes; at most 16384/],
    [script(), /^script has no steps; add a step such as expect/],
    [script({ send: 'x' }), /^script expects nothing, so it would pass whatever the server answers; add/],
    [script(...Array.from({ length: 17 }, () => PONG)), /^script has 17 steps; at most 16/],
    [script({} as ScriptStep, PONG), /^script\[0\] says nothing; use one of send, expect, send_secret/],
    [script({ send: '' }, PONG), /^script\[0\].send is empty/],
    [script({ send: 'x'.repeat(1_025) }, PONG), /^script\[0\].send has 1025 bytes; at most 1024/],
    // It is not compiled, which would take minutes.
    [script({ expect: `/${'a{1000}'.repeat(1_000)}/` }), /^script\[0\].expect has 7002 bytes; at most 1024/],
    [script({ send: 'ä' }, PONG), /^script\[0\].send has "ä", .*; write each byte as \\xHH/],
    [script({ expect: '/(/' }), /^script\[0\].expect is not a regular expression: /],
    [
      script({ sendSecret: '../etc/passwd' }, PONG),
      /^script\[0\].send_secret "..\/etc\/passwd" is not a valid name/,
    ],
    [{ port: 0 }, /^port is 0; it must be a whole number from 1 to 65535/],
    [
      { type: 'script', http: { path: 'x' }, tls: { serverName: '-' }, script: [{ send: '' }], port: 65_536 },
      /^port is 65536/,
      /^http is only/,
      /^http.path/,
      /^tls.server_name/,
      /^script\[0\].send/,
      /^script expects nothing/,
    ],
  ];
  for (const [draft, ...words] of bad) {
    it(`is refused: ${words.map(({ source }) => source.slice(1, 60)).join(' | ')}`, () => {
      const found = violationsOf(draft);
      assert.equal(found.length, words.length, found.join('\n'));
      for (const [index, word] of words.entries()) assert.match(found[index] ?? '', word);
    });
  }
});
