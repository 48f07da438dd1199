/**
 * The side of a control plane that a proxy sees, with a script instead of a store: it sends the snapshots that a test
 * publishes and remembers what the proxy answers and reports.
 */
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { delta, splitDelta } from '../../control-plane/distribution/delta.ts';
import type { Position } from '../../core/model/commit.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import { loadDefinitions } from '../../core/wire/definitions.ts';
import type { StreamReportsRequest__Output } from '../../core/wire/generated/lb/v1/StreamReportsRequest.ts';
import type { StreamReportsResponse } from '../../core/wire/generated/lb/v1/StreamReportsResponse.ts';
import type { StreamSnapshotsRequest__Output } from '../../core/wire/generated/lb/v1/StreamSnapshotsRequest.ts';
import type { StreamSnapshotsResponse } from '../../core/wire/generated/lb/v1/StreamSnapshotsResponse.ts';
import { positionToWire, snapshotEntryToWire } from '../../core/wire/snapshot-codec.ts';
import type { Scope } from '../programs/processes.ts';
import { eventually } from '../programs/processes.ts';

const MAX_PART_BYTES = 4_096;

export interface ScriptedReplica {
  readonly address: string;
  /** What the proxy sent on discovery streams, oldest first. */
  readonly requests: readonly StreamSnapshotsRequest__Output[];
  /** What it reported, oldest first. */
  readonly reports: readonly StreamReportsRequest__Output[];
  /** Sends a snapshot to whoever is subscribed or subscribes, as a delta to what it has. Resolves with its nonce. */
  publish(snapshot: Snapshot): string;
  /** Sends one message as it is. */
  send(response: StreamSnapshotsResponse): void;
  /** Sends its own state on report streams. */
  tell(status: {
    position?: Position;
    storeAgeMs?: number;
    stopping?: boolean;
    fleetBackends?: string[];
  }): void;
  /** The violations of the Nack of this nonce, or null for an Ack. */
  answerTo(nonce: string): Promise<readonly string[] | null>;
  stop(): void;
}

type Discovery = ServerDuplexStream<StreamSnapshotsRequest__Output, StreamSnapshotsResponse>;
type Reports = ServerDuplexStream<StreamReportsRequest__Output, StreamReportsResponse>;

/** Listens on a free port, or on `address`, until the test ends. */
export async function startScriptedReplica(scope: Scope, address = '127.0.0.1:0'): Promise<ScriptedReplica> {
  const requests: StreamSnapshotsRequest__Output[] = [];
  const reports: StreamReportsRequest__Output[] = [];
  const discovery = new Set<Discovery>();
  const reporting = new Set<Reports>();
  const known = new Map<string, Snapshot>();
  /** By stream: hash of what the proxy holds, and of what it was sent and has not answered. */
  const sides = new Map<Discovery, { held: string; sent: string | null }>();
  let newest: { readonly snapshot: Snapshot; readonly nonce: string } | null = null;
  let nonces = 0;
  let status: StreamReportsResponse | null = null;

  /** Like a real replica it sends nothing more before the proxy has answered. */
  const sendNewest = (stream: Discovery) => {
    const side = sides.get(stream);
    if (!newest || !side || side.sent !== null || side.held === newest.snapshot.hash) return;
    const { snapshot, nonce } = newest;
    side.sent = snapshot.hash;
    for (const part of splitDelta(delta(known.get(side.held) ?? null, snapshot), MAX_PART_BYTES)) {
      const end = part.end && { ...part.end, position: positionToWire(part.end.position), format: 1 };
      const upserts = part.upserts.map(snapshotEntryToWire);
      stream.write({ part: { nonce, baseHash: part.baseHash, upserts, removals: [...part.removals], end } });
    }
  };

  const onRequest = (stream: Discovery, request: StreamSnapshotsRequest__Output) => {
    requests.push(request);
    const side = sides.get(stream);
    if (request.subscribe) sides.set(stream, { held: request.subscribe.snapshotHash, sent: null });
    else if (side) {
      const refused = request.nack ? side.sent : null;
      sides.set(stream, { held: (request.ack && side.sent) ?? side.held, sent: null });
      if (refused !== null && refused === newest?.snapshot.hash) return;
    }
    sendNewest(stream);
  };

  const server = new Server();
  const { services } = loadDefinitions();
  server.addService(services.discovery, {
    StreamSnapshots: (stream: Discovery) => {
      discovery.add(stream);
      stream.on('data', (request: StreamSnapshotsRequest__Output) => onRequest(stream, request));
      stream.on('end', () => stream.end());
      stream.on('close', () => discovery.delete(stream));
      stream.on('cancelled', () => discovery.delete(stream));
    },
  });
  server.addService(services.reports, {
    StreamReports: (stream: Reports) => {
      reporting.add(stream);
      stream.write(status ?? { storeAgeMs: '0' });
      stream.on('data', (report: StreamReportsRequest__Output) => reports.push(report));
      stream.on('end', () => stream.end());
      stream.on('close', () => reporting.delete(stream));
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const stop = () => server.forceShutdown();
  scope.after(stop);

  return {
    address: `127.0.0.1:${port}`,
    requests,
    reports,
    publish(snapshot) {
      known.set(snapshot.hash, snapshot);
      nonces += 1;
      newest = { snapshot, nonce: `n${nonces}` };
      for (const stream of discovery) sendNewest(stream);
      return newest.nonce;
    },
    send(response) {
      for (const stream of discovery) stream.write(response);
    },
    tell({ position, storeAgeMs = 0, stopping = false, fleetBackends = [] }) {
      const place = position && positionToWire(position);
      status = { ...(place && { position: place }), storeAgeMs: String(storeAgeMs), stopping, fleetBackends };
      for (const stream of reporting) stream.write(status);
    },
    answerTo: (nonce) =>
      eventually(async () => {
        if (requests.some(({ ack }) => ack?.nonce === nonce)) return null;
        const found = requests.find(({ nack }) => nack?.nonce === nonce)?.nack;
        return found?.violations.map(({ field, description }) => `${field}: ${description}`);
      }, `an answer to ${nonce}`),
    stop,
  };
}
