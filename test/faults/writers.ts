/** Concurrent writers, each with a control plane of its own to ask first, that change two pools and their policies. */
import { STRATEGIES } from '../../core/model/resources.ts';
import { type Random, randomBelow, seededRandom } from '../../core/runtime/random.ts';
import { pause } from '../../harness/engine/tcp.ts';
import { RecordingClient } from './recording-client.ts';
import type { Call, Write } from './judgement/operation.ts';

/** The pool that traffic goes to. */
export const WEB = 'web';
/** One whose backends nobody connects to. */
export const SPARE = 'spare';
export const SPARE_ADDRESSES = Array.from({ length: 6 }, (_, index) => `127.0.0.1:${index + 1}`);

const PAUSE_MS = { min: 20, more: 120 };
const RETRY_MS = 100;
const MAX_ATTEMPTS = 4;

export interface WritersInputs {
  readonly count: number;
  readonly seed: number;
  readonly replicas: ReadonlyMap<string, string>;
  /** Backends of `web` that come and go; the others of that pool stay as they are. */
  readonly changing: readonly string[];
  readonly history: Call[];
}

export class Writers {
  readonly #inputs: WritersInputs;
  readonly #names: readonly string[];
  readonly #loops: readonly Promise<void>[];
  #isStopping = false;
  /** The newest revision that any of them has seen. */
  #seen = 0;

  constructor(inputs: WritersInputs) {
    this.#inputs = inputs;
    this.#names = [...inputs.replicas.keys()];
    this.#loops = Array.from({ length: inputs.count }, (_, index) => this.#loop(index));
  }

  /** They begin nothing more. */
  stop(): void {
    this.#isStopping = true;
  }

  async stopped(): Promise<void> {
    this.stop();
    await Promise.all(this.#loops);
  }

  async #loop(index: number): Promise<void> {
    const { seed, replicas, history } = this.#inputs;
    const random = seededRandom(seed * 1_000 + index);
    const asking = new RecordingClient(`writer-${index + 1}`, replicas, history);
    for (let made = 1; !this.#isStopping; made += 1) {
      const home = index % this.#names.length;
      if (randomBelow(random, 4) === 0) await this.#read(asking, random, home);
      else await this.#write(asking, random, home, `w${index + 1}-${made}`);
      await pause(PAUSE_MS.min + randomBelow(random, PAUSE_MS.more));
    }
    asking.close();
  }

  async #read(asking: RecordingClient, random: Random, home: number): Promise<void> {
    const pool = oneOf(random, [WEB, SPARE, null]);
    const read = pool === null ? ({ do: 'read all' } as const) : ({ do: 'read pool', pool } as const);
    const end = await asking.read(this.#replica(home), read);
    if (end.is === 'all') this.#seen = Math.max(this.#seen, end.all.revision);
  }

  /** Most unknown outcomes are asked after at another replica at once; the others are left for the end of the run. */
  async #write(asking: RecordingClient, random: Random, home: number, requestId: string): Promise<void> {
    const write = this.#drawWrite(random);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const end = await asking.write(this.#replica(home + attempt), requestId, write);
      if (end.is === 'committed') this.#seen = Math.max(this.#seen, end.revision);
      if (end.is !== 'unknown' || randomBelow(random, 4) === 0) return;
      await pause(RETRY_MS);
    }
  }

  #replica(index: number): string {
    return this.#names[index % this.#names.length] ?? '';
  }

  #drawWrite(random: Random): Write {
    const pool = oneOf(random, [WEB, SPARE]);
    const addresses = pool === WEB ? this.#inputs.changing : SPARE_ADDRESSES;
    const address = oneOf(random, addresses);
    const weight = randomBelow(random, 4);
    const others = SPARE_ADDRESSES.filter(() => random.next() < 0.5);
    const draw: readonly (() => Write)[] = [
      () => ({ do: 'add', pool, address, weight }),
      () => ({ do: 'add', pool, address, weight }),
      () => ({ do: 'remove', pool, address }),
      () => ({ do: 'weigh', pool, address, weight }),
      () => ({ do: 'set state', pool, address, state: oneOf(random, ['active', 'draining', 'disabled']) }),
      () => ({ do: 'set strategy', policy: pool, strategy: oneOf(random, STRATEGIES) }),
      () => {
        const weights = Object.fromEntries(others.map((each) => [each, weight]));
        return { do: 'replace', pool: SPARE, expected: this.#seen, weights };
      },
    ];
    return oneOf(random, draw)();
  }
}

function oneOf<T>(random: Random, items: readonly T[]): T {
  return items[randomBelow(random, items.length)] as T;
}
