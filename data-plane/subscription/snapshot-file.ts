/**
 * The last good snapshot on disk, so that a proxy starts without any control plane.
 *
 * The file has two lines of JSON: a header {format, checksum} and the body. The checksum is the body's SHA-256 in hex.
 *
 * Invariants
 *  - whenever the power fails, the first of SNAPSHOT_FILES that exists is the old or the new one, whole: a new file is
 *    synced before it gets the name, and the folder afterwards;
 *  - the file that it replaces stays, as the one before, until the next one is kept;
 *  - a file that is torn, foreign or of an unknown format is never run, and a log line says that it is ignored.
 */
import { violationText } from '../../core/model/violation.ts';
import { createHash } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { FORMAT, formatOf, isReadable, type Position } from '../../core/model/commit.ts';
import type { Snapshot, SnapshotEntry } from '../../core/model/snapshot.ts';
import { messageOf } from '../../core/runtime/errors.ts';
import { readRegularFile, syncFolder, writePrivateFile } from '../../core/runtime/private-folder.ts';
import { assemble } from './assemble-snapshot.ts';

const [NEWEST, BEFORE] = ['snapshot.json', 'snapshot.before.json'] as const;
/** In the order in which they are tried. */
export const SNAPSHOT_FILES = [NEWEST, BEFORE] as const;

/** Entries are immutable and shared by consecutive snapshots: most of them have been written before. */
const writtenEntries = new WeakMap<SnapshotEntry, string>();

interface Header {
  readonly format: number;
  readonly checksum: string;
}

interface Body {
  readonly savedAtMs: number;
  readonly position: Position;
  readonly hash: string;
  readonly entries: readonly SnapshotEntry[];
}

export interface SavedSnapshot {
  readonly snapshot: Snapshot;
  /** Milliseconds since 1970. */
  readonly savedAtMs: number;
}

export type ReadResult =
  | { readonly type: 'saved'; readonly saved: SavedSnapshot }
  | { readonly type: 'none' }
  | { readonly type: 'ignored'; readonly path: string; readonly reason: string };

/** A snapshot that is on disk, but not yet under the name that the next process reads. */
export interface StagedSnapshot {
  /** Makes it the one that the next process reads; durable when it resolves. */
  keep(): Promise<void>;
}

/**
 * Writes and syncs a snapshot beside the one that is kept. What usually goes wrong with a disk goes wrong here, before
 * any worker runs the snapshot. Do not call it again before `keep` has settled or was given up.
 */
export async function stageSnapshotFile(
  directory: string,
  { snapshot, savedAtMs }: SavedSnapshot,
): Promise<StagedSnapshot> {
  const text = bodyText({ savedAtMs, position: snapshot.position, hash: snapshot.hash }, snapshot);
  const format = formatOf(Array.from(snapshot.entries.values(), ({ resource }) => resource));
  const header: Header = { format, checksum: checksumOf(text) };
  const path = join(directory, NEWEST);
  const staged = `${path}.new`;
  await writePrivateFile(staged, `${JSON.stringify(header)}\n${text}\n`);
  return {
    async keep() {
      // Between the two renames, the one before is the newest that exists.
      await renameIfThere(path, join(directory, BEFORE));
      await rename(staged, path);
      await syncFolder(directory);
    },
  };
}

/** Reads what an earlier process saved. Never throws. */
export async function readSnapshotFile(directory: string, name: string = NEWEST): Promise<ReadResult> {
  const path = join(directory, name);
  try {
    return { type: 'saved', saved: parse(await readRegularFile(path)) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { type: 'none' };
    return { type: 'ignored', path, reason: messageOf(error) };
  }
}

/** Gives a snapshot that is not good another name, so that it is not read again. False: there is none. */
export async function setSnapshotAside(directory: string, name: string): Promise<boolean> {
  const path = join(directory, name);
  const moved = await renameIfThere(path, `${path}.set-aside`);
  if (moved) await syncFolder(directory);
  return moved;
}

async function renameIfThere(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Throws with the reason. */
function parse(text: string): SavedSnapshot {
  const [headerLine = '', bodyLine = ''] = text.split('\n', 2);
  const header = JSON.parse(headerLine) as Partial<Header> | null;
  if (!isReadable(header?.format)) {
    throw new Error(
      `it has format ${String(header?.format)}, and this program reads formats up to ${FORMAT}`,
    );
  }
  if (header?.checksum !== checksumOf(bodyLine))
    throw new Error('its checksum is wrong: it was not written completely, or it was edited');
  const { savedAtMs, position, hash, entries } = JSON.parse(bodyLine) as Body;
  // Checked in the same way as a snapshot off the wire, so that nothing runs that would not be accepted today.
  const end = { position, snapshotHash: hash, format: FORMAT };
  const part = { nonce: '', baseHash: '', upserts: entries, removals: [], end, violations: [] };
  const collected = { nonce: '', parts: [part], items: entries.length, tooLarge: false };
  const assembled = assemble(null, collected, end);
  if (!assembled.ok) {
    throw new Error(assembled.violations.map(violationText).join('; '));
  }
  return { snapshot: assembled.snapshot, savedAtMs };
}

/** JSON of a Body. */
function bodyText(rest: Omit<Body, 'entries'>, { entries }: Snapshot): string {
  const written = Array.from(entries.values(), (entry) => {
    const known = writtenEntries.get(entry);
    if (known !== undefined) return known;
    const text = JSON.stringify(entry);
    writtenEntries.set(entry, text);
    return text;
  });
  return `${JSON.stringify(rest).slice(0, -1)},"entries":[${written.join(',')}]}`;
}

function checksumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
