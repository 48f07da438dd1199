import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { coversName, readDnsName, readHostName, readServerName } from '../../../../core/model/server-name.ts';

const READERS = { route: readServerName, host: readHostName, dns: readDnsName };

describe('a name', () => {
  const good: readonly (readonly [reader: keyof typeof READERS, text: string, canonical: string])[] = [
    ['route', 'a.example.com', 'a.example.com'],
    ['route', 'A.Example.COM.', 'a.example.com'],
    ['route', '*.B.example.com.', '*.b.example.com'],
    ['route', 'localhost', 'localhost'],
    ['route', 'xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['host', '', ''],
    ['host', 'DB.example.com.', 'db.example.com'],
    ['dns', 'DB.Example.com.:5432', 'db.example.com:5432'],
    ['dns', 'redis:6379', 'redis:6379'],
    ['dns', '_PG._tcp.example.com.', '_pg._tcp.example.com'],
  ];
  for (const [reader, text, canonical] of good) {
    it(`of a ${reader}: "${text}" is "${canonical}"`, () => {
      assert.deepEqual(READERS[reader](text), { ok: true, value: canonical });
      assert.deepEqual(READERS[reader](canonical), { ok: true, value: canonical });
    });
  }

  const bad: readonly (readonly [reader: keyof typeof READERS, text: string, why: RegExp])[] = [
    ['route', 'a.*.example.com', /has a \* that is not the whole first label; write \*\.example\.com/],
    ['route', 'a*.example.com', /not the whole first label/],
    ['route', '*.*.example.com', /not the whole first label/],
    ['route', '*', /not the whole first label/],
    ['route', '*.', /is not a host name|not the whole first label/],
    ['route', '', /is not a host name/],
    ['route', 'a..example.com', /is not a host name/],
    ['route', 'a.example.com..', /is not a host name/],
    ['route', 'a b', /is not a host name/],
    ['route', '10.0.0.1', /is an IP address/],
    ['route', '2001:db8::1', /is an IP address/],
    ['route', `${'a'.repeat(63)}.`.repeat(4) + 'b', /is not a host name/],
    ['route', 'bücher.example', /is not a host name/],
    ['host', '*.example.com', /is not a host name/],
    ['dns', 'db.example.com', /has no port, and is no name of SRV records/],
    ['dns', 'db.example.com:0', /has a port that is not a number from 1 to 65535/],
    ['dns', 'db.example.com:', /has a port/],
    ['dns', '10.0.0.1:5432', /is an IP address; put it into backends/],
    ['dns', '[2001:db8::1]:5432', /is an IP address; put it into backends/],
    ['dns', '2001:db8::1', /is an IP address; put it into backends/],
    ['dns', '*.example.com:5432', /is not a host name/],
    ['dns', ':5432', /is not a host name/],
  ];
  for (const [reader, text, why] of bad) {
    it(`of a ${reader}: refuses "${text}"`, () => {
      const read = READERS[reader](text);
      assert.ok(!read.ok);
      assert.match(read.description, why);
    });
  }

  it('is covered by itself, and by a wildcard that it ends with', () => {
    const cases: readonly (readonly [pattern: string, name: string, covered: boolean])[] = [
      ['a.example.com', 'a.example.com', true],
      ['a.example.com', 'b.a.example.com', false],
      ['*.example.com', 'a.example.com', true],
      ['*.example.com', 'b.a.example.com', true],
      ['*.example.com', 'example.com', false],
      ['*.example.com', 'anexample.com', false],
    ];
    for (const [pattern, name, covered] of cases) assert.equal(coversName(pattern, name), covered, name);
  });
});
