/** Events that come too late: a slot is used again in the very batch that freed it. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { Connections } from '../../../../../data-plane/engine/epoll/connections.ts';
import { Deadlines } from '../../../../../data-plane/engine/epoll/deadlines.ts';
import type { Dialer } from '../../../../../data-plane/engine/epoll/dialer.ts';
import type { LoopContext } from '../../../../../data-plane/engine/epoll/loop-context.ts';
import type { Relay } from '../../../../../data-plane/engine/epoll/relay.ts';
import { BACKEND, CLIENT, Slots } from '../../../../../data-plane/engine/epoll/slots.ts';
import { EPOLL, type Syscalls } from '../../../../../data-plane/engine/epoll/syscalls.ts';
import type { ConnectionHandler } from '../../../../../data-plane/engine/engine.ts';

const { ECONNREFUSED, ECONNRESET } = constants.errno;
const OUTGOING = 900;

function setUp() {
  const said: string[] = [];
  const kernel = {
    peerIp: { bytes: new Uint8Array([127, 0, 0, 1]), start: 0, length: 4 },
    error: 0,
    /** Of the last registration. */
    generation: -1,
    epollAdd(_epoll: number, _fd: number, _events: number, _low: number, high: number): number {
      kernel.generation = high;
      return 0;
    },
    pendingError: () => kernel.error,
    setOption: () => 0,
    close: () => 0,
    reset(fd: number): number {
      said.push(`reset ${fd}`);
      return 0;
    },
  };
  const handler = {
    timeouts: () => ({ connectMs: 1_000, idleMs: 0, halfClosedMs: 0 }),
    onAccept(slot: number): number {
      said.push(`accept ${slot}`);
      return 0;
    },
    onConnectFailed(slot: number, errno: number): number {
      said.push(`failed ${slot} ${errno}`);
      return -1;
    },
    onEstablished: (slot: number) => void said.push(`established ${slot}`),
    onClosed: (slot: number, reason: string) => void said.push(`closed ${slot} ${reason}`),
  } as unknown as ConnectionHandler;
  const slots = new Slots(new Int32Array(2 * 4));
  const context: LoopContext = {
    slots,
    sys: kernel as unknown as Syscalls,
    epoll: 1,
    handler,
    deadlines: new Deadlines(0, () => undefined),
    nowMs: 0,
  };
  const faults: unknown[] = [];
  const connections = new Connections({
    context,
    dialer: { dial: () => OUTGOING } as unknown as Dialer,
    relay: { forget: () => undefined } as unknown as Relay,
    onFault: (_where, error) => faults.push(error),
    onReleased: () => undefined,
  });
  return { said, kernel, slots, connections, faults };
}

describe('an event of a connection that is over', () => {
  it('is dropped, though its slot has another owner in the same batch', () => {
    const { said, kernel, slots, connections, faults } = setUp();
    connections.accepted(20, 0);
    const old = kernel.generation;
    kernel.error = ECONNRESET;
    connections.onEvent(CLIENT, old, EPOLL.error | EPOLL.hangUp);
    kernel.error = 0;
    connections.accepted(21, 0);
    assert.deepEqual([slots.open, slots.descriptors[CLIENT]], [1, 21], 'the slot is used again');
    const before = said.length;
    // What the kernel had told of the first owner, further on in the same batch.
    kernel.error = ECONNREFUSED;
    connections.onEvent(BACKEND, old, EPOLL.error | EPOLL.out);
    connections.onEvent(CLIENT, old, EPOLL.error | EPOLL.in);
    assert.deepEqual(said.slice(before), []);
    assert.deepEqual([slots.sides[CLIENT], slots.sides[BACKEND]], [0, 0]);
    kernel.error = 0;
    connections.onEvent(BACKEND, kernel.generation, EPOLL.out);
    assert.deepEqual(said.slice(before), ['established 0']);
    assert.deepEqual(faults, []);
  });

  it('is dropped when nobody has its slot', () => {
    const { said, kernel, connections, faults } = setUp();
    connections.accepted(20, 0);
    connections.reset(0, 'shutdown');
    const before = said.length;
    connections.onEvent(CLIENT, kernel.generation, EPOLL.in);
    connections.onEvent(CLIENT, kernel.generation + 1, EPOLL.in);
    connections.run();
    assert.deepEqual([said.slice(before), faults], [[], []]);
    assert.equal(said.filter((each) => each.startsWith('closed')).length, 1);
  });
});
