/** Hellos of TLS, of real clients and built ones: whole, cut, over several records, and with lengths that lie. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildHello, helloOfNode, inRecords } from '../../../../harness/client-hello.ts';
import {
  type Hello,
  LONGEST_HELLO,
  readClientHello,
} from '../../../../data-plane/first-bytes/client-hello.ts';

function read(bytes: Uint8Array): string {
  const into: Hello = { serverName: 'of the one before', alpn: ['of the one before'] };
  const verdict = readClientHello(bytes, into);
  return verdict === 'hello' ? `${into.serverName} ${into.alpn.join()}` : verdict;
}

/** Every piece is incomplete, the whole is read, and what follows changes nothing. */
function assertReadAtEveryCut(bytes: Uint8Array, expected: string): void {
  // Bytes beyond a piece say something else: whoever reads them is found out.
  const memory = new Uint8Array(bytes.length).fill(0xff);
  for (let end = 0; end < bytes.length; end += 1) {
    assert.equal(read(memory.subarray(0, end)), 'incomplete', `${end} of ${bytes.length} bytes`);
    memory[end] = bytes[end] ?? 0;
  }
  assert.equal(read(bytes), expected);
  assert.equal(read(Uint8Array.from([...bytes, 1, 2, 3])), expected);
}

const KINDS = {
  'with a name and protocols': [
    buildHello('A.Example.com.', ['h2', 'http/1.1']),
    'a.example.com h2,http/1.1',
  ],
  'without a name': [buildHello(null, []), 'null '],
  'of post-quantum size': [buildHello('a.example.com', ['postgresql'], 1_216), 'a.example.com postgresql'],
} as const;

/** By their order: of all extensions, of the list of names, of the name, of the list of protocols. */
const ENCLOSED = [4, 10, 11, 13];

describe('a hello of TLS', () => {
  it('of Node is read, cut at every byte', async () => {
    const named = await helloOfNode({ servername: 'a.example.com', ALPNProtocols: ['h2', 'http/1.1'] });
    assertReadAtEveryCut(named, 'a.example.com h2,http/1.1');
    assertReadAtEveryCut(await helloOfNode({ servername: '', maxVersion: 'TLSv1.2' }), 'null ');
  });

  for (const [kind, [{ message, lengths }, expected]] of Object.entries(KINDS)) {
    it(`${kind} is read, cut at every byte`, () => assertReadAtEveryCut(inRecords(message), expected));

    it(`${kind} is read over records that are cut at every byte`, () => {
      for (let cut = 1; cut < message.length; cut += 1)
        assert.equal(read(inRecords(message, cut)), expected, `cut at ${cut}`);
      const each = Array.from({ length: message.length - 1 }, (_, at) => at + 1);
      assertReadAtEveryCut(inRecords(message, ...each), expected);
    });

    it(`${kind} is read by no length that lies`, () => {
      for (const [nth, { at, bytes }] of lengths.entries())
        for (const change of [-2, -1, 1, 2, 100]) {
          const lying = message.slice();
          const last = at + bytes - 1;
          lying[last] = ((lying[last] ?? 0) + change) & 255;
          const said = read(inRecords(lying));
          // A length that nothing encloses waits for the rest. Another may by chance fit what encloses it.
          if (nth === 0)
            assert.equal(said, (lying[last] ?? 0) > (message[last] ?? 0) ? 'incomplete' : 'malformed');
          if (ENCLOSED.includes(nth)) assert.equal(said, 'malformed', `the length at ${at}, ${change}`);
          else assert.equal(read(inRecords(lying).subarray(0, last)), 'incomplete');
        }
    });
  }

  const { message } = buildHello('a.example.com', ['h2']);
  const record = (length: number) => [22, 3, 1, length >> 8, length & 255];
  const many = Array.from({ length: 5_000 }, (_, at) => String.fromCharCode(65 + (at % 26), 97 + (at % 13)));
  const CASES: Readonly<Record<string, readonly [Uint8Array | readonly number[], string]>> = {
    'nothing yet': [[], 'incomplete'],
    'one byte that begins a record': [[22], 'incomplete'],
    'SSLv3 and everything after it': [inRecords(message).with(2, 0), 'a.example.com h2'],
    'a version that TLS never had': [[22, 2], 'not_tls'],
    HTTP: [Buffer.from('GET / HTTP/1.1'), 'not_tls'],
    'a hello of SSLv2': [[0x80, 0x2e, 1, 0, 2], 'not_tls'],
    'an alert': [[21, 3, 1, 0, 2, 1, 0], 'not_tls'],
    'an alert between two records': [
      [...inRecords(message.subarray(0, 9)), 21, 3, 1, 0, 2, 1, 0],
      'malformed',
    ],
    'an empty record': [[...inRecords(message.subarray(0, 9)), 22, 3, 1, 0, 0], 'malformed'],
    'a record that is too long': [record(16_385), 'malformed'],
    'a hello of a server': [[...record(4), 2, 0, 0, 0], 'malformed'],
    'a hello that says it is too long': [[...record(9), 1, 0, 0x3f, 0xfd], 'malformed'],
    'the longest hello, of which a piece has come': [[...record(9), 1, 0, 0x3f, 0xfc], 'incomplete'],
    'a name of 255 bytes': [inRecords(buildHello('x'.repeat(255), []).message), `${'x'.repeat(255)} `],
    'a name that is longer': [inRecords(buildHello('x'.repeat(256), []).message), 'malformed'],
    'an empty name': [inRecords(buildHello('', []).message), 'malformed'],
    'more protocols than are kept': [
      inRecords(buildHello('a', many).message),
      `a ${many.slice(0, 64).join()}`,
    ],
    'no byte more than its random': [[...record(38), 1, 0, 0, 34, ...new Uint8Array(34)], 'malformed'],
    'no extensions': [
      [...record(43), 1, 0, 0, 39, 3, 3, ...new Uint8Array(32), 0, 0, 0, 1, 0].slice(0, 48),
      'null ',
    ],
  };
  for (const [what, [bytes, expected]] of Object.entries(CASES))
    it(`is told from others: ${what}`, () => assert.equal(read(Uint8Array.from(bytes)), expected));

  it('is the same however much follows it in its records', () => {
    const whole = inRecords(message.subarray(0, 20));
    const rest = message.subarray(20);
    const filled = new Uint8Array(16_384);
    filled.set(rest);
    const bytes = Uint8Array.from([...whole, ...inRecords(filled)]);
    assert.ok(bytes.length > LONGEST_HELLO);
    for (const end of [whole.length + 5 + rest.length, LONGEST_HELLO, bytes.length])
      assert.equal(read(bytes.subarray(0, end)), 'a.example.com h2', `${end} bytes`);
  });
});
