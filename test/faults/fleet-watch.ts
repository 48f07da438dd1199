/** Asks every control plane again and again what the proxies say they run. */
import { callUnary, connectReplica } from '../../core/wire/clients.ts';
import type { ListProxiesResponse__Output } from '../../core/wire/generated/lb/v1/ListProxiesResponse.ts';
import { pause } from '../../harness/engine/tcp.ts';

const EVERY_MS = 300;
const CALL_TIMEOUT_MS = 1_000;

export class FleetWatch {
  /** `PROXY REVISION HASH`. */
  readonly seen = new Set<string>();
  readonly #loops: readonly Promise<void>[];
  #isStopping = false;

  constructor(replicas: ReadonlyMap<string, string>) {
    this.#loops = [...replicas.values()].map((address) => this.#loop(address));
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#loops);
  }

  async #loop(address: string): Promise<void> {
    const client = connectReplica(address);
    const method = client.fleet.listProxies.bind(client.fleet);
    while (!this.#isStopping) {
      const asked = callUnary<object, ListProxiesResponse__Output>(method, {}, CALL_TIMEOUT_MS);
      const answer = await asked.catch(() => undefined);
      for (const { info, applied } of answer?.response.proxies ?? []) {
        if (!applied?.position) continue;
        this.seen.add(`${info?.id} ${applied.position.revision} ${applied.snapshotHash}`);
      }
      await pause(EVERY_MS);
    }
    client.close();
  }
}
