/** docs/features.md has every row of the survey, counts them right, and names a test that exists beside each that is there. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CHECKOUT } from '../harness/programs/processes.ts';
import { readText } from '../harness/source-tree.ts';

/** By section of the survey: how many rows it has. */
const SECTIONS = { '1.2': 9, '1.3': 16, '1.4': 22, '1.5': 23, '1.6': 13, '1.7': 7, '1.8': 19, '1.9': 18 };
const STATES = ['yes', 'partly', 'no'];

const page = readText('docs/features.md');
const rows = [...page.matchAll(/^\| (1\.[\d.]+) \| (.*) \|$/gm)].map(([, id = '', rest = '']) => {
  const [feature = '', state = '', how = '', tests = ''] = rest.split('|').map((cell) => cell.trim());
  return {
    id,
    feature,
    state,
    how,
    tests: [...tests.matchAll(/\]\(\.\.\/(test\/[^)]+)\)/g)].map(([, path = '']) => path),
  };
});

describe('docs/features.md', () => {
  it('has every row once, in order', () => {
    const wanted = Object.entries(SECTIONS).flatMap(([section, count]) =>
      Array.from({ length: count }, (_, index) => `${section}.${index + 1}`),
    );
    assert.deepEqual(
      rows.map(({ id }) => id),
      wanted,
    );
  });

  it('says yes, partly or no, and counts them', () => {
    const counts = STATES.map((state) => rows.filter((row) => row.state === state).length);
    const [yes, partly, no] = counts;
    assert.ok(
      page.includes(`Of ${rows.length} rows, ${yes} are there, ${partly} partly, and ${no} not.`),
      String(counts),
    );
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      rows.length,
    );
  });

  it('names a test beside each that is there, and says what of it is missing where it is there in part', () => {
    const wrong = rows
      .filter(({ state }) => state !== 'no')
      .filter(
        ({ state, how, tests }) =>
          tests.length === 0 ||
          tests.some((path) => !existsSync(join(CHECKOUT, path))) ||
          (state === 'partly' && how === ''),
      );
    assert.deepEqual(wrong, []);
  });
});
