/** The table of routes against a model of the rules that the docs state. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { coversName } from '../../../../core/model/server-name.ts';
import { type NamedRoute, RouteTable } from '../../../../data-plane/first-bytes/route-table.ts';

const LABELS = ['a', 'b', 'example', 'com'];
const name = fc
  .array(fc.constantFrom(...LABELS), { minLength: 1, maxLength: 5 })
  .map((labels) => labels.join('.'));
const pattern = fc.oneof(
  name,
  name.map((rest) => `*.${rest}`),
);
const protocols = fc.uniqueArray(fc.constantFrom('h2', 'http/1.1', 'postgresql'), { maxLength: 2 });
const routes = fc.array(
  fc.record({ serverNames: fc.uniqueArray(pattern, { maxLength: 3 }), alpn: protocols }),
  { maxLength: 12 },
);

/** Every pattern that covers the name, the most exact one first; then the routes for any name. */
function modelOf(all: readonly NamedRoute[], serverName: string | null, alpn: readonly string[]): number {
  const covering = [...new Set(all.flatMap(({ serverNames }) => serverNames))].filter(
    (one) => serverName !== null && coversName(one, serverName),
  );
  const rank = (one: string) => (one.startsWith('*.') ? one.length : Number.POSITIVE_INFINITY);
  covering.sort((one, other) => (rank(one) === rank(other) ? 0 : rank(other) - rank(one)));
  for (const wanted of [...covering, null]) {
    const fitting = all.filter(({ serverNames }) =>
      wanted === null ? serverNames.length === 0 : serverNames.includes(wanted),
    );
    const offered = fitting.find((route) => route.alpn.some((protocol) => alpn.includes(protocol)));
    const found = offered ?? fitting.find((route) => route.alpn.length === 0);
    if (found) return found.pool;
  }
  return -1;
}

describe('routes', () => {
  it('are found as the rules say', () => {
    fc.assert(
      fc.property(routes, fc.option(name), protocols, (some, serverName, alpn) => {
        const all = some.map((route, pool) => ({ ...route, pool }));
        assert.equal(new RouteTable(all).find(serverName, alpn), modelOf(all, serverName, alpn));
      }),
    );
  });

  it('of a wildcard need a label before the rest', () => {
    const table = new RouteTable([{ serverNames: ['*.example.com'], alpn: [], pool: 1 }]);
    const found = ['example.com', 'a.example.com', 'b.a.example.com', 'xexample.com', 'a.example.com.au'];
    assert.deepEqual(
      found.map((each) => table.find(each, [])),
      [-1, 1, 1, -1, -1],
    );
  });
});
