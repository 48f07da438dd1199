/** The command lines of the benches. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseBench } from '../../../bench/bench-options.ts';
import { parseConnections } from '../../../bench/connections-options.ts';
import { SCENARIO_NAMES } from '../../../bench/scenario.ts';

const FULL = { only: SCENARIO_NAMES, pairs: 5, seconds: 2, cycles: 20, engine: 'auto' };

describe('the command line of npm run bench', () => {
  const cases = [
    { args: [], expected: FULL },
    { args: ['--quick'], expected: { ...FULL, pairs: 1, seconds: 1, cycles: 3 } },
    { args: ['--quick', '--pairs', '3'], expected: { ...FULL, pairs: 3, seconds: 1, cycles: 3 } },
    { args: ['--only', 'bulk,keep-alive'], expected: { ...FULL, only: ['keep-alive', 'bulk'] } },
    {
      args: ['--engine', 'portable', '--seconds', '0.5', '--json', 'x.json'],
      expected: { ...FULL, engine: 'portable', seconds: 0.5, jsonFile: 'x.json' },
    },
  ];
  for (const { args, expected } of cases) {
    it(`reads [${args.join(' ')}]`, () =>
      assert.deepEqual(parseBench(args), { kind: 'run', options: expected }));
  }

  for (const args of [
    ['--only', 'speed'],
    ['--only', ''],
    ['--pairs', '0'],
    ['--pairs', 'many'],
    ['--pairs', ''],
    ['--seconds', '1e9'],
    ['--engine', 'fast'],
    ['--slow'],
    ['more'],
  ]) {
    it(`refuses [${args.join(' ')}] and says why`, () => {
      const parsed = parseBench(args);
      assert.ok(parsed.kind === 'wrong' && parsed.reason.length > 10);
    });
  }

  it('has help', () => assert.deepEqual(parseBench(['--help']), { kind: 'help' }));
});

describe('the command line of npm run bench:connections', () => {
  it('goes to 45,000 connections', () => {
    const parsed = parseConnections([]);
    assert.ok(parsed.kind === 'run' && parsed.options.proxies * parsed.options.perProxy === 45_000);
  });

  it('refuses what it does not know', () => {
    assert.equal(parseConnections(['--engine', 'fast']).kind, 'wrong');
    assert.equal(parseConnections(['--pairs', '2']).kind, 'wrong');
  });
});
