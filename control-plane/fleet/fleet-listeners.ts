/** Who is told of what happens to the fleet. */
import type { AppliedSnapshot__Output } from '../../core/wire/generated/lb/v1/AppliedSnapshot.ts';
import type { ProxyInfo__Output } from '../../core/wire/generated/lb/v1/ProxyInfo.ts';
import type { StreamReportsRequest__Output } from '../../core/wire/generated/lb/v1/StreamReportsRequest.ts';
import type { HealthTransition, Process, ProxyRecord } from './proxy-record.ts';
import type { BackendChange } from './reported-backends.ts';

/** A report stream was opened, ended, or ended after the proxy had announced that it stops. */
export type ContactKind = 'connected' | 'lost' | 'stopped';

interface Listeners {
  change: () => void;
  health: (proxy: ProxyRecord, transitions: readonly HealthTransition[]) => void;
  applied: (proxy: ProxyRecord, before: AppliedSnapshot__Output) => void;
  duplicate: (process: Process, other: Process) => void;
  contact: (kind: ContactKind, info: ProxyInfo__Output) => void;
  report: (info: ProxyInfo__Output, request: StreamReportsRequest__Output) => void;
  backend: (change: BackendChange) => void;
}

export class FleetListeners {
  readonly #all: { readonly [Name in keyof Listeners]: Set<Listeners[Name]> } = {
    change: new Set(),
    health: new Set(),
    applied: new Set(),
    duplicate: new Set(),
    contact: new Set(),
    report: new Set(),
    backend: new Set(),
  };

  /** Calls `listener` when the roster, or what a proxy runs, has changed. */
  onChange(listener: Listeners['change']): () => void {
    this.#all.change.add(listener);
    return () => this.#all.change.delete(listener);
  }

  /** Calls `listener` when a proxy reports another health of a backend, up to 20 times a second for each proxy. */
  onHealthChange(listener: Listeners['health']): void {
    this.#all.health.add(listener);
  }

  /** Calls `listener` when a proxy says that something else than before runs. */
  onApplied(listener: Listeners['applied']): void {
    this.#all.applied.add(listener);
  }

  /** Calls `listener` when a process turns out to report under the id of another one. */
  onDuplicate(listener: Listeners['duplicate']): void {
    this.#all.duplicate.add(listener);
  }

  /** Calls `listener` when a proxy connects or leaves. */
  onContact(listener: Listeners['contact']): void {
    this.#all.contact.add(listener);
  }

  /** Calls `listener` with every report, before it is applied. */
  onReport(listener: Listeners['report']): void {
    this.#all.report.add(listener);
  }

  /** Calls `listener` with every change of what a proxy reports of a backend, after `onReport`. */
  onBackend(listener: Listeners['backend']): void {
    this.#all.backend.add(listener);
  }

  protected tell<Name extends keyof Listeners>(name: Name, ...what: Parameters<Listeners[Name]>): void {
    for (const listener of this.#all[name]) (listener as (...all: typeof what) => void)(...what);
  }

  protected forgetListeners(): void {
    for (const listeners of Object.values(this.#all)) listeners.clear();
  }
}
