/** The DNS server of the configurations: names that come, move and go when a test says so. */
import { startDnsServer } from '../containers/dns-server.ts';
import { until } from '../engine/tcp.ts';
import type { Scope } from '../programs/processes.ts';

export class NameServer {
  readonly #addresses = new Map<string, readonly string[]>();
  /** How often each name was asked for. */
  readonly #asked = new Map<string, number>();

  start(scope: Scope, address: string, port: number): Promise<void> {
    return startDnsServer(scope, { address, port }, (name) => {
      this.#asked.set(name, this.#askedFor(name) + 1);
      return this.#addresses.get(name);
    });
  }

  set(name: string, addresses: readonly string[]): void {
    this.#addresses.set(name, addresses);
  }

  /** The name no longer exists. Waits until that was heard often enough for an answer to have been used. */
  async remove(name: string): Promise<void> {
    this.#addresses.delete(name);
    const before = this.#askedFor(name);
    await until(`${name} asked for again`, () => this.#askedFor(name) > before + 4);
  }

  #askedFor(name: string): number {
    return this.#asked.get(name) ?? 0;
  }
}
