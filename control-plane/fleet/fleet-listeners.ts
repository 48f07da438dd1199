/** Who is told of what happens to the fleet. */
import type { AppliedSnapshot__Output } from '../../core/wire/generated/lb/v1/AppliedSnapshot.ts';
import type { ProxyInfo__Output } from '../../core/wire/generated/lb/v1/ProxyInfo.ts';
import type { ContactKind } from '../store/members/proxies.ts';
import type { Process, ProxyRecord, Transition } from './proxy-record.ts';

interface FleetEvents {
  /** The roster, or what a proxy runs, has changed. */
  change: () => void;
  /** A proxy reports another health of a backend or a pool, up to 20 times a second for each proxy. */
  health: (proxy: ProxyRecord, transitions: readonly Transition[]) => void;
  /** A proxy says that something else than before runs. */
  applied: (proxy: ProxyRecord, before: AppliedSnapshot__Output) => void;
  /** A process turns out to report under the id of another one. */
  duplicate: (process: Process, other: Process) => void;
  /** A report stream was opened, ended, or ended after the proxy had announced that it stops. */
  contact: (kind: ContactKind, info: ProxyInfo__Output) => void;
}

export class FleetListeners {
  readonly #all: { readonly [Name in keyof FleetEvents]: Set<FleetEvents[Name]> } = {
    change: new Set(),
    health: new Set(),
    applied: new Set(),
    duplicate: new Set(),
    contact: new Set(),
  };

  /** Returns a function that stops it. */
  on<Name extends keyof FleetEvents>(name: Name, listener: FleetEvents[Name]): () => void {
    const listeners: Set<FleetEvents[Name]> = this.#all[name];
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  protected tell<Name extends keyof FleetEvents>(name: Name, ...what: Parameters<FleetEvents[Name]>): void {
    for (const listener of this.#all[name]) (listener as (...all: typeof what) => void)(...what);
  }

  protected forgetListeners(): void {
    for (const listeners of Object.values(this.#all)) listeners.clear();
  }
}
