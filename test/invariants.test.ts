/** Each promise of docs/invariants.md has a test of that name, and each number from 1 to 12 a promise. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readText } from '../harness/source-tree.ts';

const ROW = /^\| (\d*) ?\|.*\| \[([^\]]+)\]\(\.\.\/test\/([^)]+)\): "([^"]+)" \|$/;

describe('docs/invariants.md', () => {
  const rows = readText('docs/invariants.md')
    .split('\n')
    .filter((line) => line.includes('](../test/'))
    .map((line) => ROW.exec(line) ?? assert.fail(`not a row of this table: ${line}`));

  it('has every promise from 1 to 12', () => {
    const numbers = new Set(rows.flatMap(([, number = '']) => (number === '' ? [] : [Number(number)])));
    assert.deepEqual([...numbers], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  for (const [, number, shown, file = '', title = ''] of rows) {
    it(`names the test of promise ${number || 'without a number'}: ${title}`, () => {
      assert.equal(shown, file);
      // What differs from one case to the next is … in the table.
      const titles = readText(`test/${file}`)
        .replaceAll(/\$\{[^}]*\}/g, '…')
        .replaceAll('`', "'");
      assert.ok(titles.includes(`'${title.replaceAll('`', "'")}'`), `${file} has no test '${title}'`);
    });
  }
});
