/** A reporter whose replicas, clock and proxy are a test's. */
import { EventEmitter } from 'node:events';
import type { Timer } from '../../core/runtime/clock.ts';
import { seededRandom } from '../../core/runtime/random.ts';
import type { ReplicaClient } from '../../core/wire/clients.ts';
import { loadDefinitions } from '../../core/wire/definitions.ts';
import type {
  StreamReportsRequest,
  StreamReportsRequest__Output,
} from '../../core/wire/generated/lb/v1/StreamReportsRequest.ts';
import { encodeReport } from '../../core/wire/report-codec.ts';
import { Reporter } from '../../data-plane/reporting/reporter.ts';
import type { ReplicaView } from '../../data-plane/subscription/replica-choice.ts';
import type { Observation } from '../../data-plane/telemetry/observation.ts';
import { collectingLogger } from '../collecting-logger.ts';
import { FakeClock } from '../fake-clock.ts';
import { backendObservation, listenerObservation, NO_OBSERVATION } from '../worker/observations.ts';

const { requestDeserialize } = loadDefinitions().services.reports.StreamReports;

/** A report stream as grpc-js gives it, with a receiver that can stop taking. */
export class FakeCall extends EventEmitter {
  readonly bytes: Buffer[] = [];
  /** What they say. */
  readonly sent: StreamReportsRequest__Output[] = [];
  takes = true;
  ended = false;
  cancelled = false;
  readonly #onWrite: () => void;

  constructor(onWrite: () => void) {
    super();
    this.#onWrite = onWrite;
  }

  write(message: StreamReportsRequest | Buffer): boolean {
    this.#onWrite();
    const bytes = Buffer.isBuffer(message) ? message : encodeReport(message);
    this.bytes.push(bytes);
    this.sent.push(requestDeserialize(bytes));
    return this.takes;
  }

  end(): void {
    this.ended = true;
  }

  cancel(): void {
    this.cancelled = true;
    this.emit('error', new Error('cancelled'));
  }

  /** Of the messages that say what the listener has counted. */
  get totals(): string[] {
    return this.sent.flatMap(({ listeners }) => listeners.map(({ connectionsTotal }) => connectionsTotal));
  }

  /** How many backends each message is about. */
  get backends(): number[] {
    return this.sent.map(({ backends, traffic }) => backends.length + (traffic?.backends.length ?? 0));
  }
}

export class ReporterRig {
  readonly clock = new FakeClock();
  /** All report streams there have been. */
  readonly calls: FakeCall[] = [];
  readonly heard: [string, ReplicaView | null][] = [];
  /** The replica that an address leads to; left out: one that does not say. */
  readonly replicaIds = new Map<string, string>();
  reachable = true;
  readonly #log = collectingLogger();
  readonly logged = this.#log.said;
  /** By the listener, and by each backend. */
  accepted = 0;
  backends = 0;
  /** How often the proxy was observed. */
  observed = 0;
  observeTakesMs = 0;
  messageTakesMs = 0;
  /** How long the main thread was busy, by the two above. */
  busyMs = 0;
  /** The turns of the event loop in which messages were sent, by number. */
  readonly turnsOfMessages: number[] = [];
  #turn = 0;
  #turnMs = 0;

  async start(...addresses: readonly string[]): Promise<Reporter> {
    const { clock } = this;
    const reporter = new Reporter({
      replicas: addresses.map((address) => this.#replica(address)),
      proxy: { id: 'p1' },
      observe: () => this.#observe(),
      onReplica: (address, view) => this.heard.push([address, view]),
      clock: {
        wallMs: () => clock.wallMs(),
        nowMs: () => clock.nowMs() + this.busyMs,
        after: (delayMs, action) => this.#after(delayMs, action),
      },
      random: seededRandom(1),
      logger: this.#log.logger,
    });
    reporter.start();
    await clock.advanceSettling(0);
    // What the replicas say of themselves at the start.
    this.heard.length = 0;
    return reporter;
  }

  /** What falls due together runs in one turn, and what is made by it in a later one. */
  #after(delayMs: number, action: () => void): Timer {
    const madeIn = this.#turn;
    return this.clock.after(delayMs, () => {
      const nowMs = this.clock.nowMs();
      if (madeIn === this.#turn || nowMs > this.#turnMs) this.#turn += 1;
      this.#turnMs = nowMs;
      action();
    });
  }

  #replica(address: string): ReplicaClient {
    const streamReports = () => {
      const call = new FakeCall(() => {
        this.busyMs += this.messageTakesMs;
        this.turnsOfMessages.push(this.#turn);
      });
      this.calls.push(call);
      // A replica says at once which one it is, and how it is.
      queueMicrotask(() =>
        call.emit('data', {
          position: null,
          storeAgeMs: '0',
          stopping: false,
          replicaId: this.replicaIds.get(address) ?? '',
          sameId: [],
        }),
      );
      return call;
    };
    const ready = () => Promise.resolve(this.reachable);
    return { address, ready, reports: { streamReports } } as unknown as ReplicaClient;
  }

  #observe(): Observation {
    this.observed += 1;
    this.busyMs += this.observeTakesMs;
    const { accepted } = this;
    const backends = Array.from({ length: this.backends }, (_, index) => {
      const address = `10.0.0.1:${index + 1}`;
      return [`web/${address}`, backendObservation(address, { connections: accepted })] as const;
    });
    return {
      ...NO_OBSERVATION,
      listeners: new Map([['web', listenerObservation({ accepted })]]),
      backends: new Map(backends),
    };
  }
}
