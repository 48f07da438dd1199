/** The side of a proxy that a control plane sees, moved by hand: it subscribes, acknowledges, refuses and reports. */
import assert from 'node:assert/strict';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { Position } from '../../core/model/commit.ts';
import { contentHash, snapshotHash } from '../../core/model/hash.ts';
import type { Snapshot, SnapshotEntry } from '../../core/model/snapshot.ts';
import type { Violation } from '../../core/model/violation.ts';
import type { ReplicaClient } from '../../core/wire/clients.ts';
import type { SnapshotPart__Output } from '../../core/wire/generated/lb/v1/SnapshotPart.ts';
import type { StreamReportsRequest } from '../../core/wire/generated/lb/v1/StreamReportsRequest.ts';
import type { StreamReportsResponse__Output } from '../../core/wire/generated/lb/v1/StreamReportsResponse.ts';
import type { StreamSnapshotsRequest } from '../../core/wire/generated/lb/v1/StreamSnapshotsRequest.ts';
import type { StreamSnapshotsResponse__Output } from '../../core/wire/generated/lb/v1/StreamSnapshotsResponse.ts';
import { positionFromWire, positionToWire, snapshotEntryFromWire } from '../../core/wire/snapshot-codec.ts';
import { ServerStream } from './server-stream.ts';

/** A delta whose last part has arrived. */
export interface Delta {
  readonly nonce: string;
  readonly baseHash: string;
  readonly upserts: readonly string[];
  readonly removals: readonly string[];
  /** How many messages it came in. */
  readonly parts: number;
  /** What the proxy has once it is applied. */
  readonly snapshot: Snapshot;
}

export class TestProxy {
  readonly #call: ClientDuplexStream<StreamSnapshotsRequest, StreamSnapshotsResponse__Output>;
  readonly incoming: ServerStream<StreamSnapshotsResponse__Output>;
  readonly id: string;
  /** What it runs. */
  runs: Snapshot | null;

  /** Opens a stream; says nothing yet. */
  constructor(client: ReplicaClient, id: string, runs: Snapshot | null = null) {
    this.id = id;
    this.runs = runs;
    this.#call = client.discovery.streamSnapshots();
    this.incoming = new ServerStream(this.#call);
  }

  /** A proxy that subscribed as new, and runs `revision`. */
  static async running(client: ReplicaClient, id: string, revision: number): Promise<TestProxy> {
    const proxy = new TestProxy(client, id);
    proxy.subscribe();
    await proxy.reach(revision);
    return proxy;
  }

  subscribe(position: Position | null = this.runs?.position ?? null): void {
    this.send({
      subscribe: {
        proxyId: this.id,
        format: 1,
        position: position && positionToWire(position),
        snapshotHash: this.runs?.hash ?? '',
      },
    });
  }

  send(request: StreamSnapshotsRequest): void {
    this.#call.write(request);
  }

  /** The next delta, checked as a proxy checks it, and not yet answered. */
  async delta(): Promise<Delta> {
    const parts: SnapshotPart__Output[] = [];
    do {
      const { part } = await this.incoming.next();
      assert.ok(part, 'not a part');
      parts.push(part);
    } while (parts.at(-1)?.end === null);
    return this.#assemble(parts);
  }

  /** Takes the next delta and acknowledges it. */
  async apply(): Promise<Delta> {
    const delta = await this.delta();
    this.ack(delta);
    return delta;
  }

  /** Applies until it runs `revision`: a snapshot is published some milliseconds after its commit. */
  async reach(revision: number): Promise<readonly Delta[]> {
    const deltas: Delta[] = [];
    while ((this.runs?.position.revision ?? -1) < revision) deltas.push(await this.apply());
    assert.equal(this.runs?.position.revision, revision);
    return deltas;
  }

  ack(delta: Delta): void {
    this.runs = delta.snapshot;
    this.send({ ack: { nonce: delta.nonce } });
  }

  nack(delta: Delta, ...violations: Violation[]): void {
    this.send({ nack: { nonce: delta.nonce, violations } });
  }

  async withheld() {
    const { withheld } = await this.incoming.next();
    assert.ok(withheld, 'not withheld');
    return withheld;
  }

  /** Stops reading: whatever is sent stays on the way. */
  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  #assemble(parts: readonly SnapshotPart__Output[]): Delta {
    const [first] = parts;
    const end = parts.at(-1)?.end;
    assert.ok(first && end?.position);
    const { nonce, baseHash } = first;
    assert.ok(baseHash === '' || baseHash === this.runs?.hash, 'a delta to what this proxy does not run');
    const entries = new Map<string, SnapshotEntry>(baseHash === '' ? [] : this.runs?.entries);
    const violations: Violation[] = [];
    for (const { removals, upserts, nonce: same } of parts) {
      assert.equal(same, nonce);
      for (const key of removals) assert.ok(entries.delete(key), `${key} was not there`);
      for (const wire of upserts) {
        const entry = snapshotEntryFromWire(wire, violations);
        assert.ok(
          entry && entry.hash === contentHash(entry.resource),
          `${wire.key} is not what its hash says`,
        );
        entries.set(entry.key, entry);
      }
    }
    assert.deepEqual(violations, []);
    const sorted = new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
    assert.equal(snapshotHash(sorted.values()), end.snapshotHash);
    return {
      nonce,
      baseHash,
      upserts: parts.flatMap(({ upserts }) => upserts.map(({ key }) => key)),
      removals: parts.flatMap(({ removals }) => removals),
      parts: parts.length,
      snapshot: { position: positionFromWire(end.position), hash: end.snapshotHash, entries: sorted },
    };
  }
}

/** A report stream, with `first` sent. */
export class TestReporter {
  readonly #call: ClientDuplexStream<StreamReportsRequest, StreamReportsResponse__Output>;
  readonly incoming: ServerStream<StreamReportsResponse__Output>;

  constructor(client: ReplicaClient, first: StreamReportsRequest) {
    this.#call = client.reports.streamReports();
    this.incoming = new ServerStream(this.#call);
    this.send(first);
  }

  /** A reporter that says who it is and what it runs. */
  static of(client: ReplicaClient, id: string, runs: Snapshot | null, instanceId = `${id}-1`): TestReporter {
    return new TestReporter(client, { proxy: { id, instanceId }, applied: appliedOf(runs) });
  }

  send(report: StreamReportsRequest): void {
    this.#call.write(report);
  }

  /** Reports what it runs. */
  applied(runs: Snapshot | null, fields: StreamReportsRequest['applied'] = {}): void {
    this.send({ applied: { ...appliedOf(runs), ...fields } });
  }

  cancel(): void {
    this.#call.cancel();
  }
}

function appliedOf(runs: Snapshot | null) {
  return { position: runs && positionToWire(runs.position), snapshotHash: runs?.hash ?? '' };
}
