/** The state of this proxy's configuration: what runs, which listeners can't run here, what was refused. */
import type { Position } from '../../core/model/commit.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { Violation } from '../../core/model/violation.ts';
import type { CertificateStatus } from '../certificates/certificates.ts';
import type { FailedListener } from '../plan/plan-directory.ts';

export interface AppliedConfig {
  /** The snapshot that all workers run; null: none yet. */
  readonly running: { readonly position: Position; readonly hash: string } | null;
  readonly failedListeners: readonly FailedListener[];
  /** Those that its listeners name. */
  readonly certificates: readonly CertificateStatus[];
  /** Addresses of backends that are listeners of this proxy itself. */
  readonly ownBackends: readonly string[];
  /** The newest snapshot that was refused, until a later one is applied. */
  readonly rejected: { readonly position: Position; readonly violations: readonly Violation[] } | null;
  /** `running` was read from disk, and no control plane has confirmed it since. */
  readonly fromDisk: boolean;
  /** No control plane has confirmed `running` for a while. */
  readonly stale: boolean;
}

export class ConfigStatus {
  readonly #onChange: () => void;
  #observation: AppliedConfig = {
    running: null,
    failedListeners: [],
    certificates: [],
    ownBackends: [],
    rejected: null,
    fromDisk: false,
    stale: false,
  };

  /** `onChange` is called after every change. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** A new object exactly when something changed. */
  get observation(): AppliedConfig {
    return this.#observation;
  }

  /** All workers run `snapshot`. */
  applied({ position, hash }: Snapshot, fromDisk: boolean): void {
    this.#change({ running: { position, hash }, rejected: null, fromDisk });
  }

  rejected(position: Position, violations: readonly Violation[]): void {
    this.#change({ rejected: { position, violations } });
  }

  /** A control plane confirmed the snapshot that was read from disk. */
  confirmed(): void {
    if (this.#observation.fromDisk) this.#change({ fromDisk: false });
  }

  /** Whether no control plane has confirmed the running snapshot for a while. */
  stale(stale: boolean): void {
    if (this.#observation.stale !== stale) this.#change({ stale });
  }

  /** All listeners that can't run here now. */
  failedListeners(failedListeners: readonly FailedListener[]): void {
    this.#change({ failedListeners });
  }

  certificates(certificates: readonly CertificateStatus[]): void {
    this.#change({ certificates });
  }

  ownBackends(ownBackends: readonly string[]): void {
    if (ownBackends.join() !== this.#observation.ownBackends.join()) this.#change({ ownBackends });
  }

  #change(fields: Partial<AppliedConfig>): void {
    this.#observation = { ...this.#observation, ...fields };
    this.#onChange();
  }
}
