/** A whole control plane in the test's own process, on free ports, with a client. */
import type { MethodDefinition } from '@grpc/proto-loader';
import { type RunningControlPlane, startControlPlane } from '../../control-plane/control-plane.ts';
import { dnsResolver } from '../../control-plane/names/name-resolver.ts';
import type { ConfigStore } from '../../control-plane/store/config-store.ts';
import { LmdbMemberStore } from '../../control-plane/store/lmdb/lmdb-member-store.ts';
import { LmdbStore } from '../../control-plane/store/lmdb/lmdb-store.ts';
import type { MemberStore } from '../../control-plane/store/member-store.ts';
import { type Clock, systemClock } from '../../core/runtime/clock.ts';
import { type Logger, silentLogger } from '../../core/runtime/logger.ts';
import { systemRandom } from '../../core/runtime/random.ts';
import type { AcceptedTokens, SentToken } from '../../core/runtime/token-file.ts';
import {
  callUnary,
  connectReplica,
  type ReplicaClient,
  type UnaryAnswer,
  type UnaryMethod,
} from '../../core/wire/clients.ts';
import type { Services } from '../../core/wire/definitions.ts';
import { MemoryMemberStore } from '../store/memory-member-store.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { eventually, type Scope } from './processes.ts';

const ANY_PORT = { host: '127.0.0.1', port: 0 };
const CALL_TIMEOUT_MS = 30_000;

/** Calls a unary method: `call('pools', 'GetPool', {name: 'web'})`. Rejects with LbError. */
export type Call = <S extends keyof Services, M extends Extract<keyof Services[S], string>>(
  service: S,
  method: M,
  request: Asked<Services[S][M]>,
) => Promise<UnaryAnswer<Answered<Services[S][M]>>>;

type Asked<M> = M extends MethodDefinition<infer Request, infer _S, infer _R, infer _T> ? Request : never;
type Answered<M> =
  M extends MethodDefinition<infer _Q, infer _S, infer _R, infer Response> ? Response : never;

export interface TestControlPlane extends RunningControlPlane {
  readonly client: ReplicaClient;
  readonly call: Call;
}

/** Unary calls of a client. */
export function callsOf(client: ReplicaClient): Call {
  return <Request, Response>(service: keyof Services, method: string, request: Request) => {
    const stub = client[service] as unknown as Record<string, UnaryMethod<Request, Response>>;
    const bound = stub[method]?.bind(stub);
    if (bound === undefined) throw new Error(`no method ${service}.${method}`);
    return callUnary(bound, request, CALL_TIMEOUT_MS);
  };
}

export interface StartOptions {
  readonly store?: ConfigStore;
  readonly clock?: Clock;
  /** As if it had run for long, unless told otherwise. */
  readonly rosterGraceMs?: number;
  /** What every caller must know; the client of the test does. */
  readonly tokens?: AcceptedTokens & SentToken;
  readonly logger?: Logger;
  readonly dashboardHosts?: readonly string[];
  /** Wait until it has read its store. */
  readonly ready?: boolean;
}

/** Stopped when the test ends, unless it was before. */
export async function runControlPlane(
  scope: Scope,
  {
    store = new MemoryStore(),
    clock = systemClock,
    ready = true,
    rosterGraceMs = 0,
    tokens,
    logger = silentLogger,
    dashboardHosts = [],
  }: StartOptions = {},
): Promise<TestControlPlane> {
  // The system clock's timers do not keep a process alive; the servers do, until they are stopped.
  const alive = setInterval(() => undefined, 60_000);
  const running = await startControlPlane(
    { grpcAddress: ANY_PORT, httpAddress: ANY_PORT, dashboardHosts },
    {
      store,
      memberStore: memberStoreOf(store, clock),
      clock,
      random: systemRandom,
      logger,
      resolver: dnsResolver([]),
      rosterGraceMs,
      ...(tokens && { tokens }),
    },
  );
  const client = connectReplica(running.grpcAddress, tokens);
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= running.stop());
  scope.after(async () => {
    client.close();
    await stop();
    clearInterval(alive);
  });
  if (ready) await eventually(async () => await isReady(running), 'the control plane is ready');
  return { ...running, stop, client, call: callsOf(client) };
}

/** The members beside a store in memory or in LMDB. */
function memberStoreOf(store: ConfigStore, clock: Clock): MemberStore {
  if (store instanceof LmdbStore) return new LmdbMemberStore(store, clock);
  if (store instanceof MemoryStore) return new MemoryMemberStore(store, clock);
  throw new TypeError(`no members are known beside ${store.description}`);
}

async function isReady({ httpAddress }: RunningControlPlane): Promise<boolean> {
  return (await fetch(`http://${httpAddress}/readyz`)).ok;
}
