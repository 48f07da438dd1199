/**
 * The OpenSSL contexts of one worker: one for each certificate of a listener that terminates TLS, and one for each way
 * that pools start it.
 *
 * Invariants
 *  - what two plans both name is made once, and freed when a plan without it is committed; connections go on with theirs;
 *  - a new bundle replaces the contexts of all listeners at once, and no connection notices;
 *  - where no context can be made, TLS fails, and nothing is sent without it.
 */
import { createHash } from 'node:crypto';
import { parseIp } from '../../core/model/ip.ts';
import type { ListenerTls, Pool } from '../../core/model/resources.ts';
import { messageOf } from '../../core/runtime/errors.ts';
import { loadOpenSsl } from '../kernel/openssl.ts';
import { OpenSslContexts } from '../kernel/openssl-contexts.ts';
import type { CertificateBundle } from './bundle.ts';

type PoolTls = NonNullable<Pool['tls']>;

/** How a listener terminates TLS. */
export interface Termination {
  /** The context for a client that asks for this name; 0: there is none. */
  contextFor(serverName: string | null): number;
}

/** How a pool starts TLS: see BackendTls of the engine. */
export interface Initiation {
  readonly context: number;
  readonly nameAt: number;
  readonly expectsAddress: boolean;
}

interface Entry<Made> {
  readonly made: Made;
  /** Of the newest plan that names it. */
  sequence: number;
  free(): void;
}

export class TlsContexts {
  readonly #report: (message: string) => void;
  #contexts: OpenSslContexts | null = null;
  #bundle: CertificateBundle = { certificates: [], ticketKeys: new Uint8Array() };
  readonly #listeners = new Map<string, Entry<ListenerContexts>>();
  readonly #pools = new Map<string, Entry<Initiation>>();

  /** `report`: hears why contexts could not be made. */
  constructor(report: (message: string) => void) {
    this.#report = report;
  }

  /** Terminates with these certificates from now on. */
  use(bundle: CertificateBundle): void {
    this.#bundle = bundle;
    for (const { made } of this.#listeners.values()) made.use(bundle);
  }

  termination(name: string, tls: ListenerTls, sequence: number): Termination {
    const key = JSON.stringify([name, tls]);
    return entryOf(this.#listeners, key, sequence, () => {
      const made = new ListenerContexts(key, tls, (make) => this.#try(`listener ${name}`, make));
      made.use(this.#bundle);
      return { made, sequence, free: () => made.free() };
    });
  }

  initiation(name: string, tls: PoolTls, sequence: number): Initiation {
    return entryOf(this.#pools, JSON.stringify(tls), sequence, () => {
      const serverIp = parseIp(tls.serverName);
      const context = this.#try(`pool ${name}`, (contexts) => contexts.client({ ...tls, serverIp }));
      const announced = serverIp === null && tls.serverName !== '' ? tls.serverName : null;
      const nameAt = announced === null ? 0 : (this.#contexts?.nameAt(announced) ?? 0);
      const made = { context, nameAt, expectsAddress: tls.verify && tls.serverName === '' };
      return { made, sequence, free: () => this.#contexts?.free(context) };
    });
  }

  /** The plan of this sequence number is the one that runs: what only plans before it name is freed. */
  committed(sequence: number): void {
    for (const entries of [this.#listeners, this.#pools]) {
      for (const [key, entry] of entries) {
        if (entry.sequence >= sequence) continue;
        entries.delete(key);
        entry.free();
      }
    }
  }

  /** A context, or 0. */
  #try(what: string, make: (contexts: OpenSslContexts) => number): number {
    try {
      if (this.#contexts === null) {
        const { openSsl, reason } = loadOpenSsl();
        if (!openSsl) throw new Error(reason);
        this.#contexts = new OpenSslContexts(openSsl);
      }
      return make(this.#contexts);
    } catch (error) {
      this.#report(`TLS of ${what} can not be set up: ${messageOf(error)}`);
      return 0;
    }
  }
}

class ListenerContexts implements Termination {
  readonly #key: string;
  readonly #tls: ListenerTls;
  readonly #try: (make: (contexts: OpenSslContexts) => number) => number;
  /** By name or wildcard. The certificate that comes first has a name. */
  #byName = new Map<string, number>();
  #default = 0;
  #frees: (() => void)[] = [];

  constructor(
    key: string,
    tls: ListenerTls,
    tryToMake: (make: (contexts: OpenSslContexts) => number) => number,
  ) {
    this.#key = key;
    this.#tls = tls;
    this.#try = tryToMake;
  }

  contextFor(serverName: string | null): number {
    if (serverName === null) return this.#default;
    // The wildcard of a certificate stands for one label: RFC 6125.
    const wildcard = `*${serverName.slice(serverName.indexOf('.'))}`;
    return this.#byName.get(serverName) ?? this.#byName.get(wildcard) ?? this.#default;
  }

  use({ certificates, ticketKeys }: CertificateBundle): void {
    const frees = this.#frees;
    this.#frees = [];
    this.#byName = new Map();
    this.#default = 0;
    for (const wanted of this.#tls.certificates) {
      const certificate = certificates.find(({ name }) => name === wanted);
      if (!certificate) continue;
      const { chainPem, keyPem, serverNames } = certificate;
      // A session of one listener, or of another certificate, resumes nowhere else.
      const identity = createHash('sha256').update(`${this.#key} ${wanted}`).digest();
      const settings = { ...this.#tls, chainPem, keyPem, ticketKeys, identity };
      const context = this.#try((contexts) => {
        const made = contexts.server(settings);
        this.#frees.push(() => contexts.free(made));
        return made;
      });
      this.#default ||= context;
      for (const name of serverNames) if (!this.#byName.has(name)) this.#byName.set(name, context);
    }
    for (const free of frees) free();
  }

  free(): void {
    for (const free of this.#frees) free();
  }
}

function entryOf<Made>(
  entries: Map<string, Entry<Made>>,
  key: string,
  sequence: number,
  make: () => Entry<Made>,
): Made {
  const entry = entries.get(key) ?? make();
  entries.set(key, entry);
  entry.sequence = sequence;
  return entry.made;
}
