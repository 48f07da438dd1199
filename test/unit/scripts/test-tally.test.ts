/** The tally of a test run: what is not reported must not look as if it passed. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { CHECKOUT } from '../../../harness/programs/processes.ts';

interface Tally {
  readonly hasFailed: boolean;
  addProcess(
    files: readonly string[],
    reports: readonly object[],
    ended: { ms: number; end: number | string },
  ): void;
  lineOf(file: string): string;
  lines(): readonly string[];
}

const script = pathToFileURL(join(CHECKOUT, 'scripts/test-tally.mjs')).href;
const { TestTally } = (await import(script)) as { readonly TestTally: new () => Tally };

const started = (name: string, file = 'a') => ({ name, file, nesting: 0, isStart: true });
const passed = (name: string, file = 'a') => ({
  name,
  file,
  nesting: 0,
  isTop: true,
  isSuite: false,
  passed: true,
  ms: 1,
});

function tallyOf(files: readonly string[], reports: readonly object[], end: number | string = 0): Tally {
  const tally = new TestTally();
  tally.addProcess(files, reports, { ms: 1, end });
  return tally;
}

describe('the tally of a test run', () => {
  const cases = [
    {
      what: 'passes a file whose tests passed',
      reports: [started('one'), passed('one')],
      expected: ['tests 1', 'pass 1', 'fail 0', 'skipped 0'],
    },
    {
      what: 'fails a file with a failed test, once',
      reports: [started('one'), { ...passed('one'), passed: false }],
      end: 1,
      expected: ['✖ a: one', 'tests 1', 'pass 0', 'fail 1', 'skipped 0'],
    },
    {
      what: 'fails a process that ended with an error after its tests passed',
      reports: [passed('one'), { ...passed('suite'), isSuite: true, passed: false }],
      end: 1,
      expected: ['✖ a: the process ended with 1', 'tests 1', 'pass 1', 'fail 1', 'skipped 0'],
    },
    {
      what: 'fails a file without any test result',
      reports: [],
      expected: [
        '✖ a: no test result arrived; the process ended with 0',
        'tests 0',
        'pass 0',
        'fail 1',
        'skipped 0',
      ],
    },
    {
      what: 'fails the files of a shared process without any test result',
      files: ['a', 'b', 'c'],
      reports: [passed('one', 'b')],
      expected: [
        '✖ a: no test result arrived; the process ended with 0',
        '✖ c: no test result arrived; the process ended with 0',
        'tests 1',
        'pass 1',
        'fail 2',
        'skipped 0',
      ],
    },
    {
      what: 'names the test that hung',
      reports: [started('suite'), started('one'), passed('one'), started('two')],
      end: 'SIGKILL',
      expected: [
        '✖ a: "two" was started last and had not ended when the process ended with SIGKILL',
        'tests 1',
        'pass 1',
        'fail 1',
        'skipped 0',
      ],
    },
    {
      what: 'counts a skipped suite as one that is skipped, with its reason',
      reports: [started('suite'), { ...passed('suite'), isSuite: true, skipped: 'no qemu' }],
      expected: ['skipped 1: no qemu', 'tests 1', 'pass 0', 'fail 0', 'skipped 1'],
    },
  ];
  for (const { what, files = ['a'], reports, end = 0, expected } of cases) {
    it(what, () => {
      const tally = tallyOf(files, reports, end);
      assert.deepEqual(tally.lines(), expected);
      const hasFailed = expected.some((line) => line.startsWith('✖'));
      assert.equal(tally.hasFailed, hasFailed);
      assert.equal(
        files.some((file) => tally.lineOf(file).startsWith('✖')),
        hasFailed,
      );
    });
  }
});
