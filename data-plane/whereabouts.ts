/**
 * Where addresses lead, as this proxy knows it now: to this host itself, and to listeners of other proxies of the fleet.
 *
 * Each proxy reports which backends are listeners of its own, and every control plane tells all proxies of all of them. What
 * only a control plane says outlives its silence: a loop that opens again at each restart of a control plane is no help.
 */
import type { Clock } from '../core/runtime/clock.ts';
import { type IsOwnIp, ownIps, readOwnAddresses } from './host/own-addresses.ts';
import type { Whereabouts } from './plan/loops.ts';

/** A restarted control plane has heard from every proxy long before. */
const KEPT_MS = 30_000;

export class ProxyWhereabouts implements Pick<Whereabouts, 'isOwn' | 'fleet'> {
  readonly #clock: Clock;
  readonly #read: () => readonly string[] | null;
  #addresses = '';
  #isOwn: IsOwnIp = ownIps([]);
  readonly isOwn: IsOwnIp = (ip) => this.#isOwn(ip);
  /** By control plane: the addresses of backends that are listeners of any proxy. */
  readonly #told = new Map<string, readonly string[]>();
  /** When each was last told. */
  readonly #fleet = new Map<string, number>();

  constructor(clock: Clock, read: () => readonly string[] | null = readOwnAddresses) {
    this.#clock = clock;
    this.#read = read;
    this.refresh();
  }

  get fleet(): ReadonlySet<string> {
    return new Set(this.#fleet.keys());
  }

  /** What a control plane says; null: it is silent. The last one that speaks is believed until another one does. */
  heard(controlPlane: string, backends: readonly string[] | null): void {
    if (backends !== null) this.#told.set(controlPlane, backends);
    else if (this.#told.size > 1) this.#told.delete(controlPlane);
  }

  /** Reads the addresses of this host again. Returns whether anything is different from the last time. */
  refresh(): boolean {
    const addresses = this.#read();
    const isSameHost = addresses === null || addresses.join() === this.#addresses;
    if (!isSameHost) {
      this.#isOwn = ownIps(addresses);
      this.#addresses = addresses.join();
    }
    const before = [...this.#fleet.keys()].join();
    const nowMs = this.#clock.nowMs();
    for (const backend of [...this.#told.values()].flat()) this.#fleet.set(backend, nowMs);
    for (const [backend, toldMs] of this.#fleet) if (nowMs - toldMs > KEPT_MS) this.#fleet.delete(backend);
    return !isSameHost || before !== [...this.#fleet.keys()].join();
  }
}
