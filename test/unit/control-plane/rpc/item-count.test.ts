/** Requests with more items than any can need are refused before they are decoded. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MalformedRequest, tolerant } from '../../../../control-plane/rpc/definition-wrappers.ts';
import { MAX_ITEMS } from '../../../../control-plane/rpc/item-count.ts';
import { LIMITS } from '../../../../core/model/limits.ts';
import { completePolicy } from '../../../../core/model/draft.ts';
import { loadDefinitions } from '../../../../core/wire/definitions.ts';
import { resourceDraftToWire } from '../../../../core/wire/resource-codec.ts';

const { pools, config, reports } = loadDefinitions().services;
const [apply, add, remove, update, report] = [
  tolerant(config).Apply,
  tolerant(pools).AddBackends,
  tolerant(pools).RemoveBackends,
  tolerant(pools).UpdatePool,
  tolerant(reports).StreamReports,
];

function field(number: number, content: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = content.length; length.length === 0 || rest > 0; rest >>>= 7) {
    length.push((rest & 127) | (rest > 127 ? 128 : 0));
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), content]);
}
const many = (count: number, item: Buffer) => Buffer.alloc(count * item.length, item);
const EMPTY = Buffer.alloc(0);
const over = MAX_ITEMS + 1;

describe('a request with too many items', () => {
  for (const [what, method, bytes] of [
    ['empty resources', apply, many(over, field(1, EMPTY))],
    ['empty backends of a pool', apply, field(1, field(2, many(over, field(3, EMPTY))))],
    ['one message over and over', apply, field(1, field(1, many(over, field(3, EMPTY))))],
    ['empty backends', add, many(over, field(2, EMPTY))],
    ['addresses', remove, many(over, field(2, Buffer.from('a')))],
    ['backends of a report in a stream', report, many(over, field(3, EMPTY))],
    ['paths of a mask', update, field(2, many(over, field(1, EMPTY)))],
  ] as const) {
    it(`is not decoded: ${what}`, () => {
      const request: unknown = method.requestDeserialize(bytes);
      assert.ok(request instanceof MalformedRequest);
      assert.match(request.why, new RegExp(`more than ${MAX_ITEMS} items; nothing was changed, so split it`));
    });
  }

  it('is larger than a whole configuration', () => {
    const address = (index: number) => `10.0.${index >> 8}.${index & 255}:80`;
    const each = <T>(count: number, of: (index: number) => T) =>
      Array.from({ length: count }, (_, index) => of(index));
    const backends = each(LIMITS.backends, (index) => ({
      address: address(index),
      stateSince: { seconds: 1 },
    }));
    const resources = [
      ...each(LIMITS.policies, () => {
        const http = { status: Array<string>(16).fill('200') };
        const healthCheck = { type: 'https', http, unhealthyIntervalMs: 5_000 } as const;
        const times = { slowStartMs: 1_000, maxLifetimeMs: 1_000 };
        const value = completePolicy({ name: 'p', healthCheck, connectionLog: { oneIn: 2 }, ...times });
        return resourceDraftToWire({ kind: 'policy', value });
      }),
      ...each(LIMITS.pools - 1, () => ({ pool: { name: 'w', backends: [] } })),
      { pool: { name: 'w', backends } },
      ...each(LIMITS.listeners, () => ({ listener: { name: 'l' } })),
    ];
    const request = apply.requestDeserialize(apply.requestSerialize({ resources }));
    assert.equal(request.resources.length, resources.length);
  });

  // Each is read by the decoder in its own way, so that items could follow which nobody has counted.
  for (const [what, ...start] of [
    ['a field is cut off', 0x0a],
    ['a length is cut off', 0x0a, 0xff, 0xff, 0xff, 0xff, 0xff],
    ['an unknown form', 0x0f],
    ['a field that is longer than the message', 0x0a, 5, 1],
    ['a group', 0x7b, 0x7c],
    ['a length of more than 32 bits', 0x0a, 0x80, 0x80, 0x80, 0x80, 0x10],
    ['a tag of 33 bits', 0x8a, 0x80, 0x80, 0x80, 0x10, 0],
    ['a tag of more bytes than 32 bits need', 0x8a, 0x80, 0x80, 0x80, 0x80, 0x01, 0],
    ['a value of more than 64 bits', 0x50, ...Array<number>(10).fill(0x80), 0],
    // A resource of one byte, and in it a pool that is longer.
    ['a field that is longer than its message', 0x0a, 1, 0x12, 2, 0x50, 0],
  ] as const) {
    it(`is not decoded when it is not well-formed: ${what}`, () => {
      for (const bytes of [EMPTY, many(over, field(1, EMPTY))]) {
        const request: unknown = apply.requestDeserialize(Buffer.concat([Buffer.from(start), bytes]));
        assert.ok(request instanceof MalformedRequest);
        assert.match(request.why, /check that the client was generated/);
      }
    });
  }
});
