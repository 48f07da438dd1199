/**
 * Which route a TLS client takes, by the server name and the protocols of its hello.
 *
 * An exact name goes before every wildcard, a longer wildcard before a shorter one, and all of them before routes without
 * names. Among the routes of one name, those that ask for a protocol which the client offers go first, in their order.
 */
export interface NamedRoute {
  /** Canonical; a name that begins with `*.` covers every name that ends with the rest. */
  readonly serverNames: readonly string[];
  /** Empty: any. */
  readonly alpn: readonly string[];
  readonly pool: number;
}

const NO_ROUTE = -1;

const NO_NAME = '';

export class RouteTable {
  /** By name, or by the end that a wildcard covers, with its dot in front. */
  readonly #routes = new Map<string, NamedRoute[]>();

  constructor(routes: readonly NamedRoute[]) {
    for (const route of routes) {
      const names = route.serverNames.length === 0 ? [NO_NAME] : route.serverNames;
      for (const name of names) {
        const key = name.startsWith('*.') ? name.slice(1) : name;
        const others = this.#routes.get(key);
        if (others) others.push(route);
        else this.#routes.set(key, [route]);
      }
    }
  }

  /** The pool of the route; -1: none fits. */
  find(serverName: string | null, alpn: readonly string[]): number {
    if (serverName !== null) {
      const exact = this.#among(serverName, alpn);
      if (exact !== NO_ROUTE) return exact;
      for (let dot = serverName.indexOf('.'); dot >= 0; dot = serverName.indexOf('.', dot + 1)) {
        const pool = this.#among(serverName.slice(dot), alpn);
        if (pool !== NO_ROUTE) return pool;
      }
    }
    return this.#among(NO_NAME, alpn);
  }

  #among(key: string, alpn: readonly string[]): number {
    const routes = this.#routes.get(key);
    if (!routes) return NO_ROUTE;
    const offered = routes.find((route) => route.alpn.some((protocol) => alpn.includes(protocol)));
    return (offered ?? routes.find((route) => route.alpn.length === 0))?.pool ?? NO_ROUTE;
  }
}
