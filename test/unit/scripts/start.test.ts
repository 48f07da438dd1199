import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addresses, shiftManifest } from '../../../scripts/start/addresses.ts';
import { hintText } from '../../../scripts/start/hints.ts';
import { readable } from '../../../scripts/start/log-lines.ts';
import { parseStart } from '../../../scripts/start/options.ts';
import { controlPlane, proxy } from '../../../scripts/start/programs.ts';

const OPTIONS = { dataDir: './data', demo: true, verbose: false, portOffset: 0 };

describe('the command line of npm start', () => {
  const cases = [
    { args: [], expected: { kind: 'start', options: OPTIONS } },
    {
      args: ['--no-demo', '--data', '/tmp/x', '--verbose', '--port-offset', '1000'],
      expected: {
        kind: 'start',
        options: { dataDir: '/tmp/x', demo: false, verbose: true, portOffset: 1000 },
      },
    },
    { args: ['--help'], expected: { kind: 'help' } },
  ];
  for (const { args, expected } of cases) {
    it(`reads [${args.join(' ')}]`, () => assert.deepEqual(parseStart(args), expected));
  }

  for (const args of [
    ['--port-offset', 'x'],
    ['--port-offset', '50001'],
    ['--data', ''],
    ['--dat', 'x'],
    ['more'],
  ]) {
    it(`refuses [${args.join(' ')}] and says why`, () => {
      const parsed = parseStart(args);
      assert.equal(parsed.kind, 'wrong');
      assert.ok(parsed.kind === 'wrong' && parsed.reason.length > 10);
    });
  }
});

describe('other ports', () => {
  it('are added to every address of a manifest', () => {
    const shifted = shiftManifest('a: "127.0.0.1:8080"\nb: 127.0.0.1:9101 # 10.0.0.1:80', 1000);
    assert.equal(shifted, 'a: "127.0.0.1:9080"\nb: 127.0.0.1:10101 # 10.0.0.1:80');
  });

  it('are in every hint and flag', () => {
    const options = { ...OPTIONS, portOffset: 10_000 };
    const at = addresses(10_000);
    const text = [
      hintText(options, at, './data/more.yaml'),
      ...controlPlane(options, at).args,
      ...proxy(options, at).args,
    ].join('\n');
    assert.doesNotMatch(text, /127\.0\.0\.1:(70|71|80|91)\d\d\b/);
    assert.match(text, /LBCTL_SERVER=127\.0\.0\.1:17000/);
  });
});

describe('a log line of a child', () => {
  const cases = [
    {
      line: '{"level":"warn","time":"2026-01-01T00:00:00Z","program":"lb-data-plane","msg":"port taken","listener":"web"}',
      expected: { text: 'warn   port taken  listener=web', important: true },
    },
    {
      line: '{"level":"info","msg":"ready","workers":2}',
      expected: { text: 'info   ready  workers=2', important: false },
    },
    { line: '    at main (x.js:1:2)', expected: { text: '    at main (x.js:1:2)', important: true } },
    { line: '42', expected: { text: '42', important: true } },
    {
      line: '{"level":"info","msg":"proxy \\u001b[2J\\u202ex\\nlines"}',
      expected: { text: 'info   proxy  [2J x lines', important: false },
    },
  ];
  for (const { line, expected } of cases) {
    it(`reads ${expected.text.trim()}`, () => assert.deepEqual(readable(line), expected));
  }
});
