import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { memoryBound, ownMemory } from '../../../../data-plane/host/memory-bound.ts';

const MIB = 1_048_576;
/** What one connection takes at least: the kernel charges it for two idle sockets. */
const IDLE_BYTES = 5_600;
const reader = (files: Readonly<Record<string, string>>) => (path: string) => files[path] ?? null;

describe('the connections that memory allows', () => {
  const cases = [
    ['have no bound without a limit', Number.POSITIVE_INFINITY, 50, 'epoll', 2, Number.POSITIVE_INFINITY],
    [
      'take 16 KiB each, beside the process and room for its heaps',
      2_048,
      240,
      'epoll',
      8,
      (2_048 - 240 - 16 - 64) * 64,
    ],
    ['are none where the process alone fills it', 72, 100, 'epoll', 2, (72 - 100 - 16 - 16) * 64],
    ['are fewer with the engine on Node', 512, 80, 'portable', 2, (512 - 80 - 16 - 64) * 64],
  ] as const;
  for (const [what, limit, own, engine, workers, expected] of cases) {
    it(what, () => assert.equal(memoryBound(limit * MIB, own * MIB, { engine, workers }), expected));
  }

  it('fit into it together with the process, idle ones with room for bytes on their way', () => {
    const sizes = fc.record({
      limit: fc.nat(2 ** 40),
      own: fc.nat(2 ** 34),
      workers: fc.integer({ min: 1, max: 256 }),
    });
    fc.assert(
      fc.property(sizes, ({ limit, own, workers }) => {
        const connections = memoryBound(limit, own, { engine: 'epoll', workers });
        assert.ok(Number.isInteger(connections));
        if (connections >= 1) assert.ok(own + 2 * IDLE_BYTES * connections < limit);
      }),
    );
  });
});

describe('what the process takes of it', () => {
  it('leaves out what the kernel can read from files again', () => {
    const status =
      'VmRSS:\t  99248 kB\nRssAnon:\t   51780 kB\nRssFile:\t   47468 kB\nRssShmem:\t      20 kB\n';
    assert.equal(ownMemory(reader({ '/proc/self/status': status }), 1), 51_800 * 1_024);
  });

  it('is all that is resident where that is not told apart', () => {
    assert.equal(ownMemory(reader({ '/proc/self/status': 'VmRSS:\t99248 kB\n' }), 7), 7);
    assert.equal(ownMemory(reader({}), 7), 7);
  });
});
