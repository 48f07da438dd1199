/** A pool as its draft has it, backends included: the changes that make it so. */
import { type BackendDraft, completeBackend, completePool, type PoolDraft } from '../draft.ts';
import type { Change } from '../commit.ts';
import { nameOf } from '../resources.ts';
import type { StoredPool } from '../state.ts';
import { pathOf } from '../validate.ts';
import type { Violation } from '../violation.ts';
import { put } from './decide.ts';

/** Puts what differs, and deletes the backends that the draft leaves out. */
export function replacePool(draft: PoolDraft, stored: StoredPool | undefined): Change[] {
  return [...put({ kind: 'pool', value: completePool(draft) }, stored), ...replaceBackends(draft, stored)];
}

/** The backends of the draft, and no others. */
export function replaceBackends(draft: PoolDraft, stored: StoredPool | undefined): Change[] {
  const kept = new Set<string>();
  const puts = draft.backends.flatMap((backend) => {
    const value = completeBackend(draft.name, backend, stored);
    kept.add(value.address);
    return put({ kind: 'backend', value }, stored?.backends.get(value.address));
  });
  const deletes: Change[] = [];
  for (const [address, { value }] of stored?.backends ?? []) {
    if (kept.has(address)) continue;
    deletes.push({ op: 'delete', kind: 'backend', name: nameOf({ kind: 'backend', value }) });
  }
  return [...puts, ...deletes];
}

/** Addresses that a list names more than once, in whatever form. */
export function repeatedBackends(pool: string, backends: readonly BackendDraft[]): Violation[] {
  const seen = new Set<string>();
  const repeated = new Map<string, Violation>();
  for (const draft of backends) {
    const value = completeBackend(pool, draft);
    const { address } = value;
    if (seen.has(address)) {
      const description = `"${address}" is listed more than once; keep one`;
      repeated.set(address, { field: pathOf({ kind: 'backend', value }), description });
    }
    seen.add(address);
  }
  return [...repeated.values()];
}
