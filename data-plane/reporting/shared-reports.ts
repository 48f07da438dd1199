/**
 * Reports that all streams share: messages that are the same for several replicas are built and encoded once.
 *
 * Replicas with the same last observation get the same messages, and nearly always that is all of them. A report in which
 * 10,000 backends changed has 0.65 MB. It takes 44 ms of the main thread's CPU for three replicas and 43 ms for one
 * (`npm run build && node dist/bench/programs/report-costs.js 3`, shared machine).
 *
 * Invariant: only messages that lead to the newest observation are kept here. A slower stream keeps its own.
 */
import type { ProxyInfo } from '../../core/wire/generated/lb/v1/ProxyInfo.ts';
import type { StreamReportsRequest } from '../../core/wire/generated/lb/v1/StreamReportsRequest.ts';
import { encodeReport } from '../../core/wire/report-codec.ts';
import type { Observation } from '../telemetry/observation.ts';
import { buildFirstReports, buildReports } from './report-builder.ts';

export class SharedReports {
  readonly #proxy: ProxyInfo;
  #now: Observation | null = null;
  /** By the last observation of their receivers; null: none. */
  #reports = new Map<Observation | null, EncodedOnce>();

  constructor(proxy: ProxyInfo) {
    this.#proxy = proxy;
  }

  /** The encoded messages that take a receiver from `before` to `now`, each of them made when it is first requested. */
  between(before: Observation | null, now: Observation): Iterator<Buffer> {
    if (now !== this.#now) {
      this.#now = now;
      this.#reports = new Map();
    }
    let reports = this.#reports.get(before);
    if (!reports) {
      reports = new EncodedOnce(before ? buildReports(before, now) : buildFirstReports(this.#proxy, now));
      this.#reports.set(before, reports);
    }
    return reports[Symbol.iterator]();
  }
}

class EncodedOnce implements Iterable<Buffer> {
  readonly #messages: Iterator<StreamReportsRequest>;
  readonly #encoded: Buffer[] = [];

  constructor(messages: Iterator<StreamReportsRequest>) {
    this.#messages = messages;
  }

  *[Symbol.iterator](): Generator<Buffer, void, undefined> {
    for (let index = 0; ; index += 1) {
      const bytes = this.#encoded[index] ?? this.#encodeNext();
      if (!bytes) return;
      yield bytes;
    }
  }

  #encodeNext(): Buffer | null {
    const next = this.#messages.next();
    if (next.done) return null;
    const bytes = encodeReport(next.value);
    this.#encoded.push(bytes);
    return bytes;
  }
}
