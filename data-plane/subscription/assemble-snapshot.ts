/**
 * The parts of a delta and its base → the next snapshot, or every violation.
 *
 * Invariants
 *  - pure; the result has the hash that the control plane announced, or there is no result;
 *  - every resource is hashed here, so one that this program reads differently than it was written is found at once;
 *  - work and memory are bounded by the bounds of CollectedParts.
 * Whether the resources make sense together is checked next, when the plan is built from them.
 */
import { FORMAT, isReadable } from '../../core/model/commit.ts';
import { contentHash, snapshotHash } from '../../core/model/hash.ts';
import { keyOf } from '../../core/model/resources.ts';
import type { Snapshot, SnapshotEntry } from '../../core/model/snapshot.ts';
import type { Violation } from '../../core/model/violation.ts';
import type { CollectedParts, DeltaEnd, DeltaPart } from './delta-part.ts';

export type Assembled =
  | { readonly ok: true; readonly snapshot: Snapshot }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/** `end` is that of the last part. */
export function assemble(current: Snapshot | null, collected: CollectedParts, end: DeltaEnd): Assembled {
  const whole = wholeViolation(current, collected, end);
  if (whole) return { ok: false, violations: [{ field: '', description: whole }] };

  const { parts } = collected;
  const violations = parts.flatMap((part) => part.violations);
  const base = parts[0]?.baseHash ? current?.entries : undefined;
  const entries = new Map(base);
  const touched = new Set<string>();
  for (const part of parts) applyPart(part, entries, touched, violations);

  const sorted = new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
  const hash = snapshotHash(sorted.values());
  if (hash !== end.snapshotHash) {
    const description = `the hash of the resources is ${hash}, but the snapshot was announced with ${end.snapshotHash || 'no hash'}`;
    violations.push({ field: '', description });
  }
  if (violations.length > 0) return { ok: false, violations };
  return { ok: true, snapshot: { position: end.position, hash, entries: sorted } };
}

/** A violation of the delta as a whole, which makes it pointless to check further. */
function wholeViolation(current: Snapshot | null, collected: CollectedParts, end: DeltaEnd): string | null {
  if (!isReadable(end.format)) {
    return `the snapshot has format ${end.format}, and this proxy knows formats up to ${FORMAT}: upgrade the proxy`;
  }
  if (collected.tooLarge) return 'the delta is larger than the largest snapshot that this proxy can run';
  const [first, ...others] = collected.parts;
  if (others.some((part) => part.baseHash !== ''))
    return 'a part of the delta other than the first names a base';
  const baseHash = first?.baseHash ?? '';
  if (baseHash !== '' && baseHash !== current?.hash) {
    return `the base of this delta is the snapshot ${baseHash}, but this proxy runs ${current?.hash ?? 'none yet'}`;
  }
  return null;
}

function applyPart(
  part: DeltaPart,
  entries: Map<string, SnapshotEntry>,
  touched: Set<string>,
  violations: Violation[],
): void {
  const touch = (key: string) => {
    if (touched.has(key)) violations.push({ field: key, description: 'appears twice in one delta' });
    touched.add(key);
  };
  for (const key of part.removals) {
    touch(key);
    if (!entries.delete(key)) {
      violations.push({
        field: key,
        description: 'is removed by this delta, but this proxy has no such resource',
      });
    }
  }
  for (const entry of part.upserts) {
    touch(entry.key);
    const key = keyOf(entry.resource);
    if (entry.key !== key) {
      violations.push({ field: entry.key, description: `holds ${key}, which does not match its key` });
      continue;
    }
    const hash = contentHash(entry.resource);
    if (entry.hash !== hash) {
      const description = `has the hash ${hash} as it was read here, but was announced with ${entry.hash || 'no hash'}`;
      violations.push({ field: key, description });
    }
    entries.set(key, entry);
  }
}
