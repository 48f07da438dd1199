import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseAddress } from '../../../../core/model/address.ts';
import { RowAllocator } from '../../../../data-plane/memory/row-allocator.ts';
import {
  BACKEND_COUNTERS,
  createBuffers,
  HEALTH,
  sharedCells,
  workerCells,
} from '../../../../data-plane/memory/shared-memory.ts';

const WORKERS = 2;
const buffers = createBuffers(WORKERS);
const shared = sharedCells(buffers);
const workers = [workerCells(buffers, 0), workerCells(buffers, 1)] as const;

function addressOf(text: string) {
  const parsed = parseAddress(text);
  assert.ok(parsed.ok);
  return parsed.value;
}

const ADDRESSES = Array.from({ length: 5 }, (_, n) =>
  addressOf(n === 4 ? '[2001:db8::1]:80' : `10.0.0.${n}:80`),
);
const POOLS = ['a', 'b'] as const;
const LISTENERS = [addressOf('0.0.0.0:80'), addressOf('0.0.0.0:81')];

/** One step in the life of a proxy: bits of `names` choose what a plan names; `n` chooses a row, worker or plan. */
const step = fc.record({
  op: fc.constantFrom('plan', 'abort', 'commit', 'open', 'close', 'accept', 'leave', 'sweep'),
  names: fc.noBias(fc.nat(2 ** 14 - 1)),
  n: fc.nat(1_000),
});

interface NamedPlan {
  readonly sequence: number;
  /** Name to row and, for backends, generation. */
  readonly rows: Map<string, string>;
}

describe('RowAllocator', () => {
  it('never hands out a row that a plan names or a connection uses, and generations grow', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 60, maxLength: 200 }), (steps) => {
        const life = new Life();
        for (const { op, names, n } of steps) {
          life[op](names, n);
          life.check();
        }
        life.end();
      }),
      { numRuns: 300 },
    );
  });
});

/** What must hold, written down naively: who owns which row, and why. */
class Life {
  readonly rows = new RowAllocator(buffers);
  /** Each row and generation, and the one backend it ever meant. */
  readonly meanings = new Map<string, string>();
  sequence = 0;
  prepared: NamedPlan | null = null;
  running: NamedPlan = { sequence: 0, rows: new Map() };
  /** Open connections, by what they use. */
  readonly uses: {
    readonly key: string;
    readonly owner: string;
    readonly row: number;
    readonly worker: 0 | 1;
  }[] = [];

  constructor() {
    // The memory serves all runs, and one that fails leaves its connections behind.
    shared.open.fill(0);
    for (const worker of workers) worker.listenerOpen.fill(0);
  }

  plan(names: number): void {
    this.sequence++;
    const pools = POOLS.filter((_, at) => (names >> at) & 1);
    const backends = pools.flatMap((pool, at) =>
      ADDRESSES.filter((_, bit) => (names >> (2 + at * 5 + bit)) & 1).map((address) => ({ pool, address })),
    );
    const listeners = LISTENERS.filter((_, at) => (names >> (12 + at)) & 1);
    const assigned: ReturnType<RowAllocator['assign']> = this.rows.assign(this.sequence, {
      pools,
      backends,
      listeners,
    });
    assert.ok(assigned.ok);
    const named = new Map<string, string>();
    for (const [at, pool] of pools.entries()) named.set(`pool ${pool}`, `${assigned.pools[at]}`);
    for (const [at, { canonical }] of listeners.entries()) {
      named.set(`listener ${canonical}`, `${assigned.listeners[at]}`);
    }
    for (const [at, { pool, address }] of backends.entries()) {
      const row: number = assigned.backends[at] ?? -1;
      const key = `backend ${pool}/${address.canonical}`;
      const owner: string = `${row} generation ${this.rows.generation(row)}`;
      assert.equal(this.meanings.get(owner) ?? key, key, `row ${owner}`);
      this.meanings.set(owner, key);
      named.set(key, owner);
      this.#checkIdentity(row, address);
    }
    this.prepared = { sequence: this.sequence, rows: named };
  }

  abort(): void {
    this.prepared = null;
  }

  commit(): void {
    this.running = this.prepared ?? this.running;
    this.prepared = null;
  }

  /** A connection to a backend of the running plan. */
  open(_: number, n: number): void {
    const backends = [...this.running.rows].filter(([key]) => key.startsWith('backend'));
    const [key, owner] = backends[n % Math.max(1, backends.length)] ?? [];
    if (key === undefined || owner === undefined) return;
    const row = Number.parseInt(owner, 10);
    this.uses.push({ key, owner, row, worker: 0 });
    Atomics.add(shared.open, row, 1);
    // Whoever gets this row next must not see what is left here.
    shared.health[row] = HEALTH.ejected;
    shared.failures[row] = 3;
    workers[0].backends[row * BACKEND_COUNTERS.length] = 99;
  }

  close(_: number, n: number): void {
    const backends = this.uses.filter(({ key }) => key.startsWith('backend'));
    const use = backends[n % Math.max(1, backends.length)];
    if (!use) return;
    this.uses.splice(this.uses.indexOf(use), 1);
    Atomics.sub(shared.open, use.row, 1);
  }

  /** A client of a listener. */
  accept(_: number, n: number): void {
    const listeners = [...this.running.rows].filter(([key]) => key.startsWith('listener'));
    const [key, owner] = listeners[n % Math.max(1, listeners.length)] ?? [];
    if (key === undefined || owner === undefined) return;
    const worker = n % 3 === 0 ? 0 : 1;
    this.uses.push({ key, owner, row: Number(owner), worker });
    workers[worker].listenerOpen[Number(owner)]!++;
  }

  leave(): void {
    const use = this.uses.find(({ key }) => key.startsWith('listener'));
    if (!use) return;
    this.uses.splice(this.uses.indexOf(use), 1);
    workers[use.worker].listenerOpen[use.row]!--;
  }

  sweep(): void {
    this.rows.sweep(this.running.sequence);
  }

  /** No row has two owners, counting plans and connections alike. */
  check(): void {
    const owners = new Map<string, string>();
    const own = (key: string, owner: string) => {
      const place = `${key.split(' ')[0]} ${Number.parseInt(owner, 10)}`;
      assert.equal(owners.get(place) ?? `${key} ${owner}`, `${key} ${owner}`, `two owners of ${place}`);
      owners.set(place, `${key} ${owner}`);
    };
    for (const plan of [this.running, this.prepared])
      for (const [key, owner] of plan?.rows ?? []) own(key, owner);
    for (const { key, owner } of this.uses) own(key, owner);
  }

  /** All connections close; then everything that no plan names must come back, and does. */
  end(): void {
    while (this.uses.length > 0) {
      this.close(0, 0);
      this.leave();
    }
    this.plan(0);
    this.commit();
    this.sweep();
    const all = 2 ** 12 - 1;
    this.plan(all);
    const rows = [...(this.prepared?.rows ?? [])].flatMap(([key, owner]) =>
      key.startsWith('backend') ? [Number.parseInt(owner, 10)] : [],
    );
    assert.deepEqual(
      rows.toSorted((a, b) => a - b),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
  }

  #checkIdentity(row: number, address: (typeof ADDRESSES)[number]): void {
    assert.equal(shared.family[row], address.family);
    assert.equal(shared.port[row], address.port);
    assert.deepEqual(shared.ip.slice(row * 16, row * 16 + address.bytes.length), address.bytes);
  }
}
