/** The loop on a scripted kernel: shortages, connects that are answered late, and events of connections that are over. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { parseIp } from '../../../../../core/model/ip.ts';
import { EpollEngine } from '../../../../../data-plane/engine/epoll/epoll-engine.ts';
import { EPOLL } from '../../../../../data-plane/engine/epoll/syscalls.ts';
import { errnoName } from '../../../../../data-plane/engine/errno.ts';
import { type FromHost, LISTENER, type Script, ScriptedHandler } from '../../../../harness/engine-host.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';
import { type KernelEvent, ScriptedKernel } from '../../../../harness/scripted-kernel.ts';

const { EAGAIN, EALREADY, ECONNABORTED, ECONNREFUSED, ECONNRESET, EISCONN, ETIMEDOUT } = constants.errno;
const { EEXIST, EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC } = constants.errno;
const CONNECT_MS = 5_000;
/** While accepting is stopped, how often the engine looks. */
const LOOK_MS = 100;
/** How long a connection waits for memory before it is tried again. */
const RETRY_MS = 60;
/** A connection that lives so long is worth the calls that keep-alive takes. */
const KEEP_ALIVE_AFTER_MS = 30_000;
const CLIENT = 0;
const FAILS = EPOLL.in | EPOLL.readHangUp | EPOLL.hangUp | EPOLL.error;

/** What was told, in short. */
function inShort(told: FromHost): string {
  if (told.type === 'failed') return `failed ${told.slot} ${errnoName(told.errno)}`;
  if (told.type === 'closed') return `closed ${told.slot} ${told.reason}`;
  if (told.type === 'saturated') return `saturated ${told.on}`;
  if (told.type === 'fault') return `fault ${told.what}`;
  if (told.type === 'violation') return `violation ${told.what}`;
  return 'slot' in told ? `${told.type} ${told.slot}` : told.type;
}

class Rig {
  readonly kernel = new ScriptedKernel();
  readonly clock = new FakeClock();
  readonly engine: EpollEngine;
  readonly listening = this.kernel.lend();
  readonly #sockets = new Int32Array(16);
  #told: FromHost[] = [];

  constructor(attempts: readonly number[] = [0]) {
    const holdings = { epoll: new Int32Array(1), sockets: this.#sockets, pipes: new Int32Array(2) };
    const script: Script = {
      engine: 'epoll',
      wakeFd: this.kernel.lend(),
      holdings,
      rows: [],
      attempts,
      timeouts: { connectMs: CONNECT_MS, idleMs: 0, halfClosedMs: 0 },
      retryDelayMs: 0,
      maxConnections: 0,
      sourceAddresses: [],
      bufferBytes: 0,
      throwIn: null,
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
      budget: { take: () => false, giveBack: () => {}, hasRoom: () => true },
      clock: this.clock,
      wakeFd: script.wakeFd,
      splice: false,
      holdings,
      sourceAddresses: [],
      onSaturated: (on: boolean) => tell({ type: 'saturated', on }),
      onFault: (where: string, error: unknown) => tell({ type: 'fault', where, what: String(error) }),
    };
    this.engine = new EpollEngine(inputs, this.kernel.ffi, this.kernel);
    this.engine.listen(LISTENER, { type: 'descriptor', fd: this.listening }, (failure) => {
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

  says(fd: number, text: string): KernelEvent {
    this.kernel.inbox.set(fd, [new TextEncoder().encode(text)]);
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
function connecting(clients: number, attempts?: readonly number[]): Rig {
  const rig = new Rig(attempts);
  for (let slot = 0; slot < clients; slot++) {
    assert.deepEqual(rig.turn(rig.clients(CLIENT)), [`accepted ${slot}`]);
  }
  return rig;
}

describe('the epoll engine, out of descriptors or memory', () => {
  for (const errno of [EMFILE, ENFILE, ENOBUFS, ENOMEM]) {
    it(`says ${errnoName(errno)} once, lets clients wait, looks again and again, and goes on`, () => {
      const rig = new Rig();
      const said = `fault Error: ${errnoName(errno)}; clients wait until that is over`;
      assert.deepEqual(rig.turn(rig.clients(-errno)), [said, 'saturated true']);
      for (let look = 1; look <= 50; look++) {
        assert.equal(rig.isAccepting, false, 'no event comes that nothing can be done about');
        assert.deepEqual(rig.turn(), []);
        assert.ok(
          rig.kernel.lastWaitMs > 0 && rig.kernel.lastWaitMs <= LOOK_MS,
          `${rig.kernel.lastWaitMs} ms`,
        );
        rig.clock.stall(LOOK_MS);
        assert.deepEqual(rig.turn(), []);
        assert.equal(rig.isAccepting, true);
        assert.equal(rig.kernel.count('accept'), look, 'one try a look');
        assert.deepEqual(rig.turn(rig.clients(-errno)), [], 'it was said');
      }
      rig.clock.stall(LOOK_MS);
      rig.turn();
      assert.deepEqual(rig.turn(rig.clients(CLIENT)), ['accepted 0']);
      rig.clock.stall(LOOK_MS);
      assert.deepEqual(rig.turn(), ['saturated false']);
      assert.deepEqual(
        rig.turn(rig.clients(-errno)),
        [said, 'saturated true'],
        'the next time is said again',
      );
    });
  }

  it('serves whoever is connected meanwhile', () => {
    const rig = connecting(1);
    rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out), rig.kernel.event(rig.client(0), EPOLL.out));
    rig.turn(rig.clients(-EMFILE));
    const told = rig.turn(rig.says(rig.client(0), 'hello'), rig.says(rig.backend(0), 'hi'));
    assert.deepEqual(told, ['first-bytes 0']);
    assert.deepEqual([rig.heard(rig.backend(0)), rig.heard(rig.client(0))], ['hello', 'hi']);
  });

  it('takes no notice of a client that is gone, and of one that another worker took', () => {
    for (const errno of [ECONNABORTED, EAGAIN]) {
      const rig = new Rig();
      assert.deepEqual(rig.turn(rig.clients(-errno)), []);
      assert.equal(rig.isAccepting, true);
      assert.deepEqual(rig.turn(rig.clients(CLIENT)), ['accepted 0']);
    }
  });

  for (const [call, errno, answers] of [
    ['socket', EMFILE, [-EMFILE]],
    ['socket', ENOBUFS, [-ENOBUFS]],
    ['connect', ENOMEM, [-ENOMEM]],
    // Of a client, then of a backend: the sockets that this user may watch with epoll.
    ['epollAdd', ENOSPC, [-ENOSPC]],
    ['epollAdd', ENOSPC, [0, -ENOSPC]],
    ['epollAdd', ENOMEM, [0, -ENOMEM]],
  ] as const) {
    it(`resets one client, blames no backend and lets the others wait after ${errnoName(errno)} of ${call} (${answers.length})`, () => {
      const rig = new Rig([0, 1]);
      rig.kernel.answers[call] = [...answers];
      const said = `fault Error: ${errnoName(errno)}; clients wait until that is over`;
      const told = rig.turn(rig.clients(CLIENT, CLIENT));
      assert.deepEqual(told, ['accepted 0', 'closed 0 internal_error', said, 'saturated true']);
      assert.deepEqual([rig.kernel.open.size, rig.engine.connections, rig.isAccepting], [3, 0, false]);
      rig.clock.stall(LOOK_MS);
      rig.turn();
      assert.deepEqual(rig.turn(rig.clients(CLIENT)), ['accepted 0']);
      assert.deepEqual(rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out)), ['established 0']);
      rig.engine.reset(0, 'shutdown');
      assert.equal(rig.kernel.open.size, 3, 'the lent one, the eventfd and the epoll instance');
    });
  }

  it('resets a client alone that cannot be waited for by a mistake of ours', () => {
    const rig = new Rig();
    rig.kernel.answers.epollAdd = [-EEXIST];
    const told = rig.turn(rig.clients(CLIENT));
    assert.deepEqual([told[0], told.at(-1)], ['accepted 0', 'closed 0 internal_error']);
    assert.match(told[1] ?? '', /fault .*EEXIST/);
    assert.deepEqual([rig.kernel.open.size, rig.isAccepting], [3, true]);
  });
});

describe('a connection for whose bytes the kernel has no memory', () => {
  function established(): Rig {
    const rig = connecting(1);
    rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out), rig.kernel.event(rig.client(0), EPOLL.out));
    return rig;
  }

  for (const errno of [ENOBUFS, ENOMEM]) {
    it(`lives through ${errnoName(errno)}, is tried again without an event, and loses nothing`, () => {
      const rig = established();
      rig.kernel.answers.send = Array.from({ length: 20 }, () => -errno);
      const said = `fault Error: ${errnoName(errno)}; clients wait until that is over`;
      assert.deepEqual(rig.turn(rig.says(rig.client(0), 'hello')), [said, 'saturated true']);
      let tries = 0;
      for (; rig.heard(rig.backend(0)) === '' && tries < 50; tries++) {
        rig.turn();
        assert.ok(rig.kernel.lastWaitMs > 0, 'it does not spin');
        rig.clock.stall(RETRY_MS);
        assert.deepEqual(rig.turn(), []);
        rig.turn();
      }
      assert.deepEqual([rig.heard(rig.backend(0)), tries], ['hello', 20]);
      rig.turn(rig.says(rig.backend(0), 'hi'));
      assert.equal(rig.heard(rig.client(0)), 'hi');
      const after: string[] = [];
      for (let look = 0; look < 3; look++) {
        rig.clock.stall(LOOK_MS);
        after.push(...rig.turn());
      }
      assert.deepEqual(after, ['saturated false']);
      rig.turn();
      assert.ok(rig.kernel.lastWaitMs > 1_000, 'nothing is tried any more');
    });

    it(`is given up, as a failure of ours, after ${errnoName(errno)} for too long`, () => {
      const rig = established();
      rig.kernel.answers.send = Array.from({ length: 1_000 }, () => -errno);
      rig.turn(rig.says(rig.client(0), 'hello'));
      const told: string[] = [];
      let tries = 0;
      for (; told.length === 0 && tries < 500; tries++) {
        rig.clock.stall(RETRY_MS);
        rig.turn();
        told.push(...rig.turn());
      }
      assert.deepEqual(told, [`fault Error: ${errnoName(errno)} for too long`, 'closed 0 internal_error']);
      assert.ok(tries > 100, `${tries} tries`);
      assert.equal(rig.kernel.open.size, 3);
    });
  }

  it('leaves no retry to the next owner of its slot', () => {
    const rig = established();
    rig.kernel.answers.send = [-ENOMEM];
    rig.turn(rig.says(rig.client(0), 'hello'));
    rig.engine.reset(0, 'shutdown');
    rig.clock.stall(LOOK_MS);
    rig.turn();
    assert.deepEqual(rig.turn(rig.clients(CLIENT)).at(-1), 'accepted 0');
    rig.clock.stall(RETRY_MS);
    rig.turn();
    rig.turn();
    assert.ok(rig.kernel.lastWaitMs > 0);
    assert.equal(rig.kernel.sent.size, 0);
  });
});

describe('a connection that lives long', () => {
  it('has its backend asked whether it is there: after 60 s, 6 times, 10 s apart', () => {
    const rig = connecting(1);
    rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out));
    rig.clock.stall(KEEP_ALIVE_AFTER_MS - 20);
    rig.turn();
    const fd = rig.backend(0);
    assert.deepEqual(rig.kernel.options, [`${fd} noDelay 1`], 'most do not live so long');
    rig.clock.stall(40);
    rig.turn();
    assert.deepEqual(rig.kernel.options.slice(1), [
      `${fd} keepAliveIdleSeconds 60`,
      `${fd} keepAliveIntervalSeconds 10`,
      `${fd} keepAliveProbes 6`,
      `${fd} keepAlive 1`,
    ]);
    rig.clock.stall(10 * KEEP_ALIVE_AFTER_MS);
    rig.turn();
    assert.equal(rig.kernel.options.length, 5, 'once');
  });
});

describe('a connect that is answered', () => {
  for (const [what, answer] of [
    ['EISCONN', -EISCONN],
    ['success', 0],
  ] as const) {
    it(`during a pause of the process counts, though its deadline passed before its event (${what})`, () => {
      const rig = connecting(1);
      rig.clock.stall(10 * CONNECT_MS);
      rig.kernel.answers.connect = [answer];
      assert.deepEqual(rig.turn(), ['established 0']);
      rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out), rig.says(rig.client(0), 'hello'));
      assert.equal(rig.heard(rig.backend(0)), 'hello');
    });
  }

  it('during a pause is not asked for when its event comes with the deadline', () => {
    const rig = connecting(1);
    rig.clock.stall(10 * CONNECT_MS);
    assert.deepEqual(rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out)), ['established 0']);
    assert.equal(rig.kernel.count('connect'), 1);
  });

  for (const [errno, told] of [
    [EALREADY, ETIMEDOUT],
    [ECONNREFUSED, ECONNREFUSED],
  ] as const) {
    it(`with ${errnoName(errno)} after the deadline fails with ${errnoName(told)}, and the next row is tried`, () => {
      const rig = connecting(1, [0, 1]);
      const first = rig.backend(0);
      rig.clock.stall(CONNECT_MS + 10);
      rig.kernel.answers.connect = [-errno];
      assert.deepEqual(rig.turn(), [`failed 0 ${errnoName(told)}`]);
      assert.equal(rig.kernel.open.has(first), false);
      assert.match(rig.kernel.calls.at(-1) ?? '', /^connect .*:81$/);
    });
  }

  it('in the same wait as the reset of its client is dropped when that came first', () => {
    const rig = connecting(1);
    rig.kernel.answers.pendingError = [ECONNRESET];
    const [client, backend] = [rig.client(0), rig.backend(0)];
    const told = rig.turn(rig.kernel.event(client, FAILS), rig.kernel.event(backend, EPOLL.out));
    assert.deepEqual(told, ['closed 0 client_reset']);
    assert.deepEqual(rig.kernel.calls.slice(-2), [`reset ${client}`, `reset ${backend}`]);
  });

  it('in the same wait as the reset of its client is established when it came first, then reset', () => {
    const rig = connecting(1);
    const [client, backend] = [rig.client(0), rig.backend(0)];
    rig.kernel.inbox.set(client, [-ECONNRESET]);
    const told = rig.turn(rig.kernel.event(backend, EPOLL.out), rig.kernel.event(client, FAILS));
    assert.deepEqual(told, ['established 0', 'closed 0 client_reset']);
  });
});

describe('an event of a connection that is over', () => {
  it('is dropped within the same wait, and no slot is taken again before the last event of it', () => {
    const rig = connecting(2);
    rig.kernel.answers.pendingError = [ECONNRESET, ECONNRESET];
    const told = rig.turn(
      rig.kernel.event(rig.client(0), FAILS),
      rig.clients(CLIENT),
      rig.kernel.event(rig.backend(0), EPOLL.out),
      rig.kernel.event(rig.client(1), FAILS),
      rig.kernel.event(rig.backend(1), EPOLL.out | EPOLL.in),
    );
    assert.deepEqual(told, ['closed 0 client_reset', 'closed 1 client_reset', 'accepted 1']);
  });

  it('is told from one of the next owner of the slot', () => {
    const rig = connecting(1);
    const stale = [rig.kernel.event(rig.client(0), FAILS), rig.kernel.event(rig.backend(0), EPOLL.out)];
    rig.engine.reset(0, 'shutdown');
    assert.deepEqual(rig.turn(rig.clients(CLIENT)), ['closed 0 shutdown', 'accepted 0']);
    rig.kernel.answers.pendingError = [ECONNRESET];
    assert.deepEqual(rig.turn(...stale), []);
    rig.kernel.answers.pendingError = [];
    assert.deepEqual(rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out)), ['established 0']);
  });

  it('leaves nothing to its next owner: no deadline, no turn, no parked byte', () => {
    const rig = connecting(1);
    rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out), rig.says(rig.client(0), 'never sent'));
    rig.kernel.answers.send = [1];
    rig.turn(rig.says(rig.client(0), 'parked'));
    rig.turn(rig.kernel.event(rig.client(0), EPOLL.out));
    rig.engine.reset(0, 'shutdown');
    rig.clock.stall(CONNECT_MS - 1);
    assert.deepEqual(rig.turn(rig.clients(CLIENT)), ['closed 0 shutdown', 'accepted 0']);
    rig.clock.stall(CONNECT_MS - 1);
    assert.deepEqual(rig.turn(), [], 'its own deadline counts');
    rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out), rig.says(rig.client(0), 'new'));
    assert.equal(rig.heard(rig.backend(0)), 'new');
  });
});
