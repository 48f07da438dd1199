/**
 * docs/tour.md names only what exists. In one entry (a list item, a table row or a paragraph) each `path` exists, and
 * each `name`, `name()` or `Class.member()` is declared in one of the files that the same entry names.
 */
import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CHECKOUT } from '../harness/programs/processes.ts';
import { readText } from '../harness/source-tree.ts';

const MAX_LINES = 150;
const PATH = /^[\w.-]+(?:\/[\w.-]+)*(?:\/|\.(?:ts|mjs|md|proto|json))$/;
const NAME = /^#?[A-Za-z_]\w*(?:\.#?[A-Za-z_]\w*)*(?:\(\))?$/;

function isDeclared(name: string, text: string): boolean {
  const patterns = [
    `\\b(?:function|class|interface|type|const|enum|message|service|rpc) ${name}\\b`,
    // A method, a field, or a property of an object or enum.
    `^\\s+(?:(?:static|async|readonly|get|set) )*#?${name}(?:<.*>)?\\??\\s*(?:[:=]|\\([^;\\n]*$|\\(.*\\): )`,
  ];
  return patterns.some((pattern) => new RegExp(pattern, 'm').test(text));
}

/** The page in entries: a list item or a table row each, and every other paragraph. */
function entriesOf(page: string): readonly string[] {
  return page
    .replaceAll(/^```[\s\S]*?^```/gm, '')
    .split(/\n(?=\s*(?:[-|]|\d+\.) )|\n\n+/)
    .filter((entry) => entry.includes('`'));
}

/** What is wrong with an entry. */
function problemsOf(entry: string): readonly string[] {
  const spans = [...entry.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
  const paths = spans.filter((span) => PATH.test(span));
  const missing = paths.filter((path) => !existsSync(join(CHECKOUT, path)));
  const files = paths.filter(
    (path) => !missing.includes(path) && !statSync(join(CHECKOUT, path)).isDirectory(),
  );
  const texts = files.map(readText);
  const unknown = spans
    .filter((span) => NAME.test(span) && !PATH.test(span))
    .filter((span) => {
      const names = span.replace('()', '').split('.');
      return !texts.some((text) => names.every((name) => isDeclared(name.replace('#', ''), text)));
    });
  return [
    ...missing.map((path) => `${path} does not exist`),
    ...unknown.map(
      (name) => `${name} is not declared in ${files.join(', ') || 'a file that the entry names'}`,
    ),
  ];
}

describe('docs/tour.md', () => {
  const page = readText('docs/tour.md');
  const entries = entriesOf(page);

  it(`has at most ${MAX_LINES} lines`, () => {
    assert.ok(page.trimEnd().split('\n').length <= MAX_LINES);
  });

  it('names only files that exist and functions, classes and fields that they declare', () => {
    assert.ok(entries.length > 40, `only ${entries.length} entries`);
    assert.deepEqual(entries.flatMap(problemsOf), []);
  });

  it('would notice a file or a function that is gone', () => {
    assert.deepEqual(problemsOf('- `test/tour.test.ts`: `isDeclared()` and `entriesOf()`'), []);
    assert.deepEqual(problemsOf('- `test/nowhere.ts`: `nothing()`'), [
      'test/nowhere.ts does not exist',
      'nothing() is not declared in a file that the entry names',
    ]);
  });
});
