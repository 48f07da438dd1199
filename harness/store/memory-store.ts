/**
 * A store in memory, for tests of everything that is built on one. A MemoryLog is the "server"; any number of
 * MemoryStores are its clients, each with its own faults.
 */
import { randomUUID } from 'node:crypto';
import type { AppendResult, ConfigStore, NewCheckpoint } from '../../control-plane/store/config-store.ts';
import type { Commit, Head, Position } from '../../core/model/commit.ts';
import { genesisHash } from '../../core/model/hash.ts';
import { headAfter } from '../../core/model/store-succession.ts';
import { LbError } from '../../core/runtime/errors.ts';

/** What becomes of an append: `lost-reply` lands unheard, `late` lands when `MemoryLog.landLate` is called, `dropped` never. */
export type AppendFault = 'none' | 'lost-reply' | 'late' | 'dropped';

/** The calls of a store; all that concern checkpoints count as one kind. */
export type StoreCall = 'head' | 'read' | 'append' | 'checkpoint';

export class MemoryLog {
  readonly storeId: string;
  readonly commits: Commit[] = [];
  readonly wakes = new Set<() => void>();
  /** By revision, oldest first. */
  readonly checkpoints = new Map<number, NewCheckpoint>();
  /** Commits of the log before the first that is kept. */
  trimmed = 0;
  /** The head at the last commit that was trimmed away. */
  #trimmedHead: Head | undefined;
  version = 1;
  readonly #late: { readonly parent: Head; readonly commits: readonly Commit[] }[] = [];

  constructor(storeId: string = randomUUID()) {
    this.storeId = storeId;
  }

  get head(): Head {
    return headAfter(this.#trimmedHead ?? this.#genesis(), this.commits);
  }

  append(parent: Head, commits: readonly Commit[]): boolean {
    const { storeId, revision, hash } = this.head;
    if (parent.storeId !== storeId || parent.revision !== revision || parent.hash !== hash) return false;
    this.commits.push(...commits.map((commit) => structuredClone(commit)));
    this.version += 1;
    for (const wake of this.wakes) wake();
    return true;
  }

  /** As every store does: see ConfigStore. */
  writeCheckpoint(checkpoint: NewCheckpoint): boolean {
    const { revision, mark } = checkpoint;
    const existing = this.checkpoints.get(revision);
    if (existing !== undefined) return Buffer.from(existing.mark).equals(mark);
    if (revision <= this.trimmed || revision > this.head.revision) return false;
    this.checkpoints.set(revision, checkpoint);
    this.version += 1;
    return true;
  }

  trim(revision: number): boolean {
    if (!this.checkpoints.has(revision)) return false;
    for (const older of this.checkpoints.keys()) if (older < revision) this.checkpoints.delete(older);
    const gone = this.commits.splice(0, Math.max(0, revision - this.trimmed));
    this.#trimmedHead = headAfter(this.#trimmedHead ?? this.#genesis(), gone);
    this.trimmed += gone.length;
    this.version += 1;
    return true;
  }

  #genesis(): Head {
    return { storeId: this.storeId, revision: 0, hash: genesisHash(this.storeId) };
  }

  appendLate(parent: Head, commits: readonly Commit[]): void {
    this.#late.push({ parent, commits });
  }

  /** Lets the appends that are still under way arrive, in whatever order `take` says. */
  landLate(take: (count: number) => number = () => 0): void {
    while (this.#late.length > 0) {
      const [one] = this.#late.splice(take(this.#late.length), 1);
      if (one !== undefined) this.append(one.parent, one.commits);
    }
  }
}

export class MemoryStore implements ConfigStore {
  readonly description = 'memory';
  readonly log: MemoryLog;
  /** Every call fails with UNAVAILABLE. */
  away = false;
  /** Asked before each append. */
  nextFault: () => AppendFault = () => 'none';
  /** Awaited at the start of every call: a place for tests to hold or reorder calls. */
  onCall: (call: StoreCall) => Promise<void> = () => Promise.resolve();
  readonly calls = { head: 0, read: 0, append: 0, checkpoint: 0 };

  constructor(log: MemoryLog = new MemoryLog()) {
    this.log = log;
  }

  async head(): Promise<Position> {
    await this.#enter('head');
    return { ...this.log.head, version: this.log.version };
  }

  async read(fromRevision: number, limit: number): Promise<Commit[]> {
    await this.#enter('read');
    const first = fromRevision - 1 - this.log.trimmed;
    if (first < 0) return [];
    return this.log.commits.slice(first, first + limit).map((commit) => structuredClone(commit));
  }

  async append(parent: Head, commits: readonly Commit[]): Promise<AppendResult> {
    await this.#enter('append');
    const unknown: AppendResult = { outcome: 'unknown', cause: new Error('no answer') };
    switch (this.nextFault()) {
      case 'none':
        return { outcome: this.log.append(parent, commits) ? 'appended' : 'conflict' };
      case 'lost-reply':
        this.log.append(parent, commits);
        return unknown;
      case 'late':
        this.log.appendLate(parent, commits);
        return unknown;
      case 'dropped':
        return unknown;
    }
  }

  async sizeBytes(): Promise<number> {
    return this.log.commits.length;
  }

  async marks(): Promise<{ revision: number; mark: Uint8Array }[]> {
    await this.#enter('checkpoint');
    const marks = Array.from(this.log.checkpoints.values(), ({ revision, mark }) => ({ revision, mark }));
    return marks.sort((a, b) => a.revision - b.revision);
  }

  async readChunks(revision: number, writer: string): Promise<Uint8Array[]> {
    await this.#enter('checkpoint');
    const found = this.log.checkpoints.get(revision);
    return found?.writer === writer ? [...found.chunks] : [];
  }

  async writeCheckpoint(checkpoint: NewCheckpoint): Promise<boolean> {
    await this.#enter('checkpoint');
    return this.log.writeCheckpoint(checkpoint);
  }

  async trim(revision: number): Promise<boolean> {
    await this.#enter('checkpoint');
    return this.log.trim(revision);
  }

  onWake(wake: () => void): () => void {
    this.log.wakes.add(wake);
    return () => this.log.wakes.delete(wake);
  }

  async close(): Promise<void> {}

  async #enter(call: StoreCall): Promise<void> {
    this.calls[call] += 1;
    await this.onCall(call);
    if (this.away) throw new LbError('UNAVAILABLE', 'the store memory does not answer');
  }
}
