/** What all reading methods share. */
import { didYouMean } from '../../core/model/nearest.ts';
import type { State } from '../../core/model/state.ts';
import type { Violation } from '../../core/model/violation.ts';
import { LbError } from '../../core/runtime/errors.ts';
import type { UnaryCall } from '../rpc/unary.ts';
import type { LogFollower, ReadResult } from '../store/log/log-follower.ts';
import { refuseIfAny } from '../rpc/request-violations.ts';
import { requiredName } from './make-change.ts';

/**
 * Everything acknowledged before this call; marked stale when the store can't be asked. `names` are fields of the
 * request that must not be empty.
 */
export async function readFor(
  call: UnaryCall,
  follower: LogFollower,
  names: Readonly<Record<string, string>> = {},
): Promise<ReadResult> {
  const violations: Violation[] = [];
  for (const [field, value] of Object.entries(names)) requiredName(field, value, violations);
  refuseIfAny(violations);
  const read = await follower.readBarrier();
  if (read.stale) call.markStale();
  return read;
}

const MAPS = { policy: 'policies', pool: 'pools', listener: 'listeners' } as const;

/** The stored resource of that name, or NOT_FOUND with the nearest one. */
export function find<Kind extends keyof typeof MAPS>(
  state: State,
  kind: Kind,
  name: string,
): State[(typeof MAPS)[Kind]] extends ReadonlyMap<string, infer Stored> ? Stored : never;
export function find(state: State, kind: keyof typeof MAPS, name: string): unknown {
  const stored = state[MAPS[kind]].get(name);
  if (stored !== undefined) return stored;
  throw new LbError(
    'NOT_FOUND',
    `There is no ${kind} "${name}"${didYouMean(name, state[MAPS[kind]].keys())}.`,
  );
}
