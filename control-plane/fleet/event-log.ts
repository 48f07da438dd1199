/**
 * The newest events in memory. Pure: times are arguments.
 *
 * Invariants
 *  - there are at most CAPACITY transitions of backends and CAPACITY other events, so flapping backends push out no commit;
 *  - the same transition, reported by several proxies within MERGE_MS, is one event with a count; a proxy that reports it
 *    once more begins another event;
 *  - ids increase, and an event that changes gets a new version: whoever has seen a version asks for what came after it.
 */
import { counted } from '../../core/view/figures.ts';
import type { Event__Output } from '../../core/wire/generated/lb/v1/Event.ts';
import { timestampToWire } from '../../core/wire/timestamp-codec.ts';

const CAPACITY = 1_000;
/** Longer than the usual time between two checks of a backend. */
const MERGE_MS = 10_000;

export type EventKind = Exclude<Event__Output['kind'], 'KIND_UNSPECIFIED'>;

/** What does not apply is left out. */
export interface NewEvent
  extends Partial<
    Pick<Event__Output, 'pool' | 'backend' | 'proxyId' | 'listener' | 'revision' | 'author' | 'message'>
  > {
  readonly kind: EventKind;
  readonly text: string;
}

interface Kept {
  event: Event__Output;
  readonly timeMs: number;
  version: number;
}

/** A transition that more proxies may still report. */
interface Open {
  readonly kept: Kept;
  readonly proxies: Set<string>;
  readonly text: string;
}

export class EventLog {
  readonly #transitions: Kept[] = [];
  readonly #others: Kept[] = [];
  /** By kind, pool and backend; of a pool itself, by its text. */
  readonly #open = new Map<string, Open>();
  readonly #listeners = new Set<() => void>();
  #nextId = 1;
  #version = 0;
  /** What happened before is not complete. */
  #keptSinceMs: number;

  constructor(startMs: number) {
    this.#keptSinceMs = startMs;
  }

  get version(): number {
    return this.#version;
  }

  get keptSinceMs(): number {
    return this.#keptSinceMs;
  }

  add(event: NewEvent, timeMs: number): void {
    this.#keep(this.#others, event, timeMs);
  }

  /** A proxy finds a backend in another health, or a pool in another state. */
  addTransition(event: NewEvent & { readonly pool: string; readonly proxyId: string }, timeMs: number): void {
    const { kind, pool, proxyId, text, backend = text } = event;
    const key = `${kind} ${pool}/${backend}`;
    const open = this.#open.get(key);
    if (open === undefined || timeMs - open.kept.timeMs > MERGE_MS || open.proxies.has(proxyId)) {
      for (const [each, { kept }] of this.#open) {
        if (timeMs - kept.timeMs <= MERGE_MS && this.#open.size < CAPACITY) break;
        this.#open.delete(each);
      }
      const seen = { ...event, text: `${text}, as proxy ${proxyId} sees it` };
      const kept = this.#keep(this.#transitions, seen, timeMs);
      this.#open.delete(key);
      this.#open.set(key, { kept, proxies: new Set([proxyId]), text });
      return;
    }
    open.proxies.add(proxyId);
    const count = open.proxies.size;
    const { kept } = open;
    kept.event = {
      ...kept.event,
      count,
      text: `${open.text}, as ${counted(count, 'proxy', 'proxies')} see it`,
    };
    kept.version = this.#changed();
  }

  /** Events from `fromMs` on that are newer than `version`, in the order of their ids. */
  after(version: number, fromMs: number): Event__Output[] {
    return [...this.#transitions, ...this.#others]
      .filter((kept) => kept.version > version && kept.timeMs >= fromMs)
      .map(({ event }) => event)
      .sort((a, b) => Number(a.id) - Number(b.id));
  }

  /** Calls `listener` after every change. Returns a function that stops that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #keep(ring: Kept[], event: NewEvent, timeMs: number): Kept {
    const id = String(this.#nextId++);
    const kept = { event: toWire(event, id, timeMs), timeMs, version: this.#changed() };
    ring.push(kept);
    if (ring.length > CAPACITY)
      this.#keptSinceMs = Math.max(this.#keptSinceMs, ring.shift()?.timeMs ?? timeMs);
    return kept;
  }

  #changed(): number {
    this.#version += 1;
    for (const listener of this.#listeners) listener();
    return this.#version;
  }
}

const UNSET = {
  pool: '',
  backend: '',
  proxyId: '',
  listener: '',
  revision: '0',
  author: '',
  message: '',
};

function toWire(event: NewEvent, id: string, timeMs: number): Event__Output {
  const { seconds, nanos } = timestampToWire(timeMs);
  const time = { seconds: String(seconds), nanos: Number(nanos) };
  return { ...UNSET, ...event, id, time, count: 1 };
}
