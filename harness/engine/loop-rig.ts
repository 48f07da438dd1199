/** The loop of the epoll engine on a scripted kernel, turn by turn. */
import assert from 'node:assert/strict';
import { parseIp } from '../../core/model/ip.ts';
import type { FirstBytesWanted } from '../../data-plane/engine/engine.ts';
import type { PauseCause } from '../../data-plane/memory/proxy-counts.ts';
import { EpollEngine } from '../../data-plane/engine/epoll/epoll-engine.ts';
import { EPOLL } from '../../data-plane/kernel/linux.ts';
import { errnoName } from '../../data-plane/kernel/errno.ts';
import { LISTENER, PLAIN_SCRIPT, type Script, ScriptedHandler } from './engine-host.ts';
import type { FromHost } from './host-messages.ts';
import { FakeClock } from '../fake-clock.ts';
import { PARKING_BYTES } from './relay-rig.ts';
import { type KernelEvent, ScriptedKernel } from './scripted-kernel.ts';

export const CONNECT_MS = 5_000;
/** The most connections of the engine. */
export const SLOTS = 8;
/** What accept answers: a client. */
export const CLIENT = 0;

/** What was told, in short. */
function inShort(told: FromHost): string {
  if (told.type === 'failed') return `failed ${told.slot} ${errnoName(told.errno)}`;
  if (told.type === 'closed') return `closed ${told.slot} ${told.reason}`;
  if (told.type === 'saturated') return told.on ? `saturated: ${told.cause}` : 'saturated no more';
  if (told.type === 'fault') return `fault ${told.what}`;
  if (told.type === 'violation') return `violation ${told.what}`;
  return 'slot' in told ? `${told.type} ${told.slot}` : told.type;
}

export class LoopRig {
  readonly kernel = new ScriptedKernel();
  readonly clock = new FakeClock();
  readonly engine: EpollEngine;
  readonly listening = this.kernel.lend();
  readonly #sockets = new Int32Array(2 * SLOTS);
  #told: FromHost[] = [];

  constructor(
    attempts: readonly number[] = [0],
    {
      idleMs = 0,
      splice = false,
      preface,
      firstBytes = null,
    }: { idleMs?: number; splice?: boolean; preface?: string; firstBytes?: FirstBytesWanted | null } = {},
  ) {
    const holdings = { epoll: new Int32Array(1), sockets: this.#sockets, pipes: new Int32Array(2) };
    const script: Script = {
      engine: 'epoll',
      wakeFd: this.kernel.lend(),
      holdings,
      rows: [],
      attempts,
      timeouts: { connectMs: CONNECT_MS, idleMs, halfClosedMs: 0, lifetimeMs: 0 },
      ...PLAIN_SCRIPT,
      firstBytes,
      ...(preface !== undefined && { preface }),
    };
    const tell = (message: FromHost): void => void this.#told.push(message);
    const inputs = {
      handler: new ScriptedHandler(script, tell),
      targets: {
        host: () => '10.0.0.9',
        ipLength: () => 4 as const,
        copyIp: (_row: number, into: Uint8Array, at: number) => into.set(parseIp('10.0.0.9') ?? [], at),
        port: (row: number) => 80 + row,
      },
      budget: { take: () => false, giveBack: () => {}, hasRoom: () => () => true },
      clock: this.clock,
      wakeFd: script.wakeFd,
      splice,
      parkingBytes: PARKING_BYTES,
      holdings,
      sourceAddresses: [],
      onSaturated: (on: boolean, cause: PauseCause) => tell({ type: 'saturated', on, cause }),
      onFault: (where: string, error: unknown) => tell({ type: 'fault', where, what: String(error) }),
    };
    this.engine = new EpollEngine(inputs, this.kernel.ffi, this.kernel);
    this.engine.listen(LISTENER, { type: 'descriptors', fds: [this.listening], firstPort: 0 }, (failure) => {
      assert.equal(failure, null);
    });
  }

  /** One turn; what it told, in short. */
  turn(...events: readonly KernelEvent[]): string[] {
    this.kernel.batch = [...events];
    this.engine.turn();
    return this.#told.splice(0).map(inShort);
  }

  /** Clients wait, and accept answers so. */
  clients(...answers: readonly number[]): KernelEvent {
    this.kernel.answers.accept = [...answers];
    return this.kernel.event(this.listening, EPOLL.in);
  }

  client(slot: number): number {
    return this.#sockets[2 * slot] ?? assert.fail();
  }

  backend(slot: number): number {
    return this.#sockets[2 * slot + 1] ?? assert.fail();
  }

  says(fd: number, what: string | Uint8Array): KernelEvent {
    this.kernel.inbox.set(fd, [typeof what === 'string' ? new TextEncoder().encode(what) : what]);
    return this.kernel.event(fd, EPOLL.in);
  }

  heard(fd: number): string {
    return new TextDecoder().decode(Uint8Array.from(this.kernel.sent.get(fd) ?? []));
  }

  get isAccepting(): boolean {
    return this.kernel.registered.has(this.listening);
  }
}

/** With so many clients, each connecting to its backend. */
export function connecting(
  clients: number,
  attempts?: readonly number[],
  options?: ConstructorParameters<typeof LoopRig>[1],
): LoopRig {
  const rig = new LoopRig(attempts, options);
  for (let slot = 0; slot < clients; slot++) {
    assert.deepEqual(rig.turn(rig.clients(CLIENT)), [`accepted ${slot}`]);
  }
  return rig;
}

/** With one connection whose two sides take bytes. */
export function established(options?: ConstructorParameters<typeof LoopRig>[1]): LoopRig {
  const rig = connecting(1, [0], options);
  rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out), rig.kernel.event(rig.client(0), EPOLL.out));
  return rig;
}
