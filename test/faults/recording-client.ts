/** One caller of the control planes: asks, and notes when it asked, when it was answered, and what. */
import type { ServiceError } from '@grpc/grpc-js';
import { BACKEND_STATES, STRATEGIES, type Strategy } from '../../core/model/resources.ts';
import { LbError } from '../../core/runtime/errors.ts';
import {
  callUnary,
  connectReplica,
  type ReplicaClient,
  type UnaryAnswer,
  type UnaryMethod,
} from '../../core/wire/clients.ts';
import { wordFromWire, wordToWire } from '../../core/wire/enum-codec.ts';
import type { ChangeResult__Output } from '../../core/wire/generated/lb/v1/ChangeResult.ts';
import type { ExportResponse__Output } from '../../core/wire/generated/lb/v1/ExportResponse.ts';
import type { Pool__Output } from '../../core/wire/generated/lb/v1/Pool.ts';
import { nowMs } from './monotonic-time.ts';
import type {
  Call,
  PlainConfiguration,
  PlainPool,
  Read,
  ReadEnd,
  Write,
  WriteEnd,
} from './judgement/operation.ts';

const CALL_TIMEOUT_MS = 2_500;

export class RecordingClient {
  readonly #by: string;
  /** Everything that all callers were answered. */
  readonly #history: Call[];
  readonly #clients: ReadonlyMap<string, ReplicaClient>;

  constructor(by: string, replicas: ReadonlyMap<string, string>, history: Call[]) {
    this.#by = by;
    this.#history = history;
    this.#clients = new Map([...replicas].map(([name, address]) => [name, connectReplica(address)]));
  }

  async write(replica: string, requestId: string, write: Write): Promise<WriteEnd> {
    const invokedMs = nowMs();
    const end = await this.#send(replica, requestId, write).then(writeEndOf, failedWrite);
    // An effect without an answer may come at any time.
    const returnedMs = end.is === 'unknown' ? Number.POSITIVE_INFINITY : nowMs();
    this.#history.push({ by: this.#by, replica, invokedMs, returnedMs, requestId, write, end });
    return end;
  }

  async read(replica: string, read: Read): Promise<ReadEnd> {
    const invokedMs = nowMs();
    const { pools, config } = this.#client(replica);
    const answer =
      read.do === 'read pool'
        ? ask<object, Pool__Output>(pools.getPool.bind(pools), { name: read.pool }).then(poolRead)
        : ask<object, ExportResponse__Output>(config.export.bind(config), {}).then(allRead);
    const end = await answer.catch(
      (error: unknown): ReadEnd => ({ is: 'no answer', message: String(error) }),
    );
    this.#history.push({ by: this.#by, replica, invokedMs, returnedMs: nowMs(), read, end });
    return end;
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  #client(replica: string): ReplicaClient {
    const client = this.#clients.get(replica);
    if (client === undefined) throw new RangeError(`no control plane is called ${replica}`);
    return client;
  }

  #send(replica: string, requestId: string, write: Write): Promise<UnaryAnswer<ChangeResult__Output>> {
    const { pools, policies, config } = this.#client(replica);
    const change = (method: UnaryMethod<object, ChangeResult__Output>, request: object) =>
      // What the guard makes of a change depends on health, which is not in the model: it is overridden.
      ask(method, { ...request, requestId, force: true });
    switch (write.do) {
      case 'add': {
        const { pool, address, weight } = write;
        return change(pools.addBackends.bind(pools), { pool, backends: [{ address, weight }] });
      }
      case 'remove':
        return change(pools.removeBackends.bind(pools), { pool: write.pool, addresses: [write.address] });
      case 'weigh': {
        const { pool, address, weight } = write;
        return change(pools.updateBackend.bind(pools), { pool, backend: { address, weight } });
      }
      case 'set state': {
        const backend = { address: write.address, state: wordToWire('BACKEND_STATE', write.state) };
        return change(pools.updateBackend.bind(pools), { pool: write.pool, backend });
      }
      case 'set strategy': {
        const policy = { name: write.policy, strategy: wordToWire('STRATEGY', write.strategy) };
        return change(policies.updatePolicy.bind(policies), { policy, updateMask: { paths: ['strategy'] } });
      }
      case 'replace': {
        const { pool: name, expected, weights } = write;
        const backends = Object.entries(weights).map(([address, weight]) => ({ address, weight }));
        const resources = [{ pool: { name, policy: name, backends } }];
        return change(config.apply.bind(config), { resources, expectedRevision: expected });
      }
    }
  }
}

function ask<Request, Response>(
  method: UnaryMethod<Request, Response>,
  request: Request,
): Promise<UnaryAnswer<Response>> {
  return callUnary(method, request, CALL_TIMEOUT_MS);
}

function writeEndOf({ response }: UnaryAnswer<ChangeResult__Output>): WriteEnd {
  const revision = Number(response.revision);
  if (response.unchanged) return { is: 'unchanged', revision };
  return { is: 'committed', revision, repeated: response.repeatedRequest };
}

function failedWrite(error: unknown): WriteEnd {
  if (!(error instanceof LbError)) throw error;
  const { code, message } = error;
  // A connection that broke is called UNAVAILABLE too; only what a control plane said comes with metadata.
  const metadata = (error.cause as ServiceError | undefined)?.metadata?.getMap() ?? {};
  const isSaid = Object.keys(metadata).length > 0;
  if (code === 'OUTCOME_UNKNOWN' || !isSaid) return { is: 'unknown', message: `${code} ${message}` };
  return code === 'UNAVAILABLE' ? { is: 'not written', message } : { is: 'refused', code, message };
}

function poolRead({ response, stale }: UnaryAnswer<Pool__Output>): ReadEnd {
  return { is: 'pool', pool: plainPool(response), stale };
}

function allRead({ response, stale }: UnaryAnswer<ExportResponse__Output>): ReadEnd {
  const pools: Record<string, PlainPool['backends']> = {};
  const strategies: Record<string, Strategy> = {};
  for (const { pool, policy } of response.resources) {
    if (pool) pools[pool.name] = plainPool(pool).backends;
    if (policy) strategies[policy.name] = word('STRATEGY', STRATEGIES, policy.strategy);
  }
  const all: PlainConfiguration = { revision: Number(response.position?.revision), pools, strategies };
  return { is: 'all', all, stale };
}

function plainPool({ revision, backends }: Pool__Output): PlainPool {
  const entries = backends.map(({ address, weight, state }) => {
    const plain = { weight: weight ?? -1, state: word('BACKEND_STATE', BACKEND_STATES, state) };
    return [address, plain] as const;
  });
  return { revision: Number(revision), backends: Object.fromEntries(entries) };
}

function word<Word extends string>(prefix: string, words: readonly Word[], value: string): Word {
  const found = wordFromWire(prefix, words, value, prefix, []);
  if (found === undefined) throw new RangeError(`a control plane answered ${prefix} ${value}`);
  return found;
}
