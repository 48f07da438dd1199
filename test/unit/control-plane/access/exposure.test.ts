import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exposureProblems } from '../../../../control-plane/access/exposure.ts';
import { formatHostPort } from '../../../../core/runtime/flags.ts';

const at = (host: string, port = 7_000) => ({ host, port });
const HERE = at('127.0.0.1');

describe('the addresses of a control plane without a token', () => {
  const loopback = ['127.0.0.1', '127.9.9.9', '::1', 'localhost', '::ffff:127.0.0.1'];
  const reachable = [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '128.0.0.1',
    '2001:db8::1',
    'lb.example',
    '127.example',
    '::ffff:10.0.0.1',
  ];
  const problems = (host: string, fields = {}) =>
    exposureProblems({
      grpcAddress: at(host),
      httpAddress: HERE,
      hasToken: false,
      insecure: false,
      ...fields,
    });

  for (const host of loopback) it(`may be ${host}`, () => assert.deepEqual(problems(host), []));
  for (const host of reachable) {
    it(`must not be ${host}, and the error names both alternatives`, () => {
      const [problem, ...others] = problems(host);
      assert.deepEqual(others, []);
      assert.ok(problem?.startsWith(`--grpc-address ${formatHostPort(at(host))}: `), problem);
      assert.match(problem ?? '', /--token-file FILE.*--insecure/);
    });
  }

  it('are both checked, and both named', () => {
    assert.match(problems('0.0.0.0', { httpAddress: at('::', 80) })[1] ?? '', /^--http-address \[::\]:80: /);
  });

  it('may be any with a token, or with --insecure', () => {
    assert.deepEqual(problems('0.0.0.0', { hasToken: true }), []);
    assert.deepEqual(problems('0.0.0.0', { insecure: true }), []);
  });
});
