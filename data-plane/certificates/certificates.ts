/**
 * The certificates that listeners terminate TLS with: files of a directory of this host, known by their names. NAME.pem has
 * the certificate, its chain and its private key; the key may be in NAME.key instead.
 *
 * Invariants
 *  - private keys leave this class only towards the workers: no log line and no report has any part of them;
 *  - a file that can't be used changes nothing: the certificate that was read before stays in use, and it is said why;
 *  - a file that changed is read once it has stayed the same for a second, so nobody meets one that is half written;
 *  - without listeners that terminate TLS nothing is read, and nothing is sent to workers.
 */
import { type Clock, every, type Timer } from '../../core/runtime/clock.ts';
import { messageOf } from '../../core/runtime/errors.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import { type NamedDirectory, readNamed, signatureOf } from '../host/named-file.ts';
import type { CertificateBundle } from '../tls/bundle.ts';
import { hasPrivateKey, readCertificate, type ReadCertificate } from './read-certificate.ts';

const POLL_MS = 1_000;
/** A ticket is worth nothing after its keys were replaced. Clients that come then make a whole handshake once. */
const TICKET_KEYS_MS = 12 * 60 * 60_000;
const TICKET_KEYS_BYTES = 80;
/** A chain with its key has five to ten thousand. */
const MAX_BYTES = 262_144;

export interface CertificateStatus {
  readonly name: string;
  /** Of the one in use, in milliseconds since 1970; null: there is none. */
  readonly expiresAtMs: number | null;
  /** Why its file can't be used now; empty: it can. */
  readonly problem: string;
}

export interface CertificatesInputs {
  readonly directory: string | undefined;
  readonly clock: Clock;
  /** Not to be guessed. */
  readonly randomBytes: (count: number) => Uint8Array;
  readonly logger: Logger;
  /** What workers use from now on. */
  onBundle(bundle: CertificateBundle): void;
  onStatus(statuses: readonly CertificateStatus[]): void;
}

/** A listener, if it terminates TLS. */
interface UsesCertificates {
  readonly tls: { readonly certificates: readonly string[] } | null;
}

interface Held {
  current: ReadCertificate | null;
  problem: string;
  /** Of the files as they were read, and as they were seen last. */
  read: string;
  seen: string;
}

export class Certificates {
  readonly #inputs: CertificatesInputs;
  readonly #directory: NamedDirectory;
  readonly #held = new Map<string, Held>();
  readonly #timers: readonly Timer[];
  #ticketKeys: Uint8Array;
  #isPolling = false;

  constructor(inputs: CertificatesInputs) {
    const { clock, directory, randomBytes } = inputs;
    this.#inputs = inputs;
    this.#directory = { path: directory, flag: '--certificates', maxBytes: MAX_BYTES };
    this.#ticketKeys = randomBytes(TICKET_KEYS_BYTES);
    this.#timers = [
      every(clock, POLL_MS, () => void this.readChanged()),
      every(clock, TICKET_KEYS_MS, () => {
        this.#ticketKeys = randomBytes(TICKET_KEYS_BYTES);
        this.#send();
      }),
    ];
  }

  /** Reads those of new listeners. Workers have been sent them when it resolves. */
  async add(listeners: readonly UsesCertificates[]): Promise<void> {
    const added = namesOf(listeners).filter((name) => !this.#held.has(name));
    for (const name of added) this.#held.set(name, { current: null, problem: '', read: '', seen: '' });
    await Promise.all(added.map((name) => this.#read(name)));
    if (added.length > 0) this.#changed(true);
  }

  /** Forgets all that other listeners used. */
  keepOnly(listeners: readonly UsesCertificates[]): void {
    const names = namesOf(listeners);
    const unused = [...this.#held.keys()].filter((name) => !names.includes(name));
    for (const name of unused) this.#held.delete(name);
    if (unused.length > 0) this.#changed(false);
  }

  /** Which certificate this listener lacks, and why; null: none. */
  obstacle(listener: UsesCertificates): string | null {
    const missing = namesOf([listener]).find((name) => !this.#held.get(name)?.current);
    return missing === undefined
      ? null
      : this.#held.get(missing)?.problem || `${whichOf(missing)} is not known`;
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
  }

  /** Reads those whose files were different a second ago from when they were read, and have stayed the same since. */
  async readChanged(): Promise<void> {
    if (this.#isPolling) return;
    this.#isPolling = true;
    for (const [name, held] of this.#held) {
      const now = await this.#signature(name);
      const isDue = now === held.seen && (now !== held.read || held.problem !== '');
      const before = held.current;
      // At once: a listener that waited for it may be tried again at any moment.
      if (isDue && (await this.#read(name))) this.#changed(held.current !== before);
      held.seen = now;
    }
    this.#isPolling = false;
  }

  async #signature(name: string): Promise<string> {
    const files = filesOf(name).map((file) => signatureOf(this.#directory, file));
    return (await Promise.all(files)).join();
  }

  /** Whether another certificate is in use now, or another problem is to be told. */
  async #read(name: string): Promise<boolean> {
    const held = this.#held.get(name);
    if (!held) return false;
    const { logger } = this.#inputs;
    const { problem: before } = held;
    held.read = held.seen = await this.#signature(name);
    try {
      held.current = await this.#parse(name);
      held.problem = '';
      return true;
    } catch (error) {
      held.problem = messageOf(error);
      if (held.problem === before) return false;
      const kept = held.current ? '; the one that was read before stays in use' : '';
      logger.warn({ certificate: name, reason: held.problem }, `a certificate cannot be used${kept}`);
      return true;
    }
  }

  async #parse(name: string): Promise<ReadCertificate> {
    const { clock, logger } = this.#inputs;
    const which = whichOf(name);
    const [pemFile, keyFile] = filesOf(name);
    const pem = await readNamed(this.#directory, pemFile, which);
    const isApart = !hasPrivateKey(pem.content) && (await signatureOf(this.#directory, keyFile)) !== 'ENOENT';
    const key = isApart ? await readNamed(this.#directory, keyFile, `the private key of ${which}`) : pem;
    const text = isApart ? `${pem.content}\n${key.content}` : pem.content;
    const certificate = readCertificate(text, which, clock.wallMs());
    const { expiresAtMs, serverNames, warnings } = certificate;
    const expires = new Date(expiresAtMs).toISOString();
    logger.info({ certificate: name, server_names: serverNames, expires }, 'read a certificate');
    for (const warning of warnings) logger.warn({ certificate: name }, `${which} ${warning}`);
    if (key.isOpenToAll)
      logger.warn(
        { certificate: name },
        `every user of this machine can read the private key of ${which}; take that permission away with chmod o= on its file`,
      );
    return certificate;
  }

  #changed(isForWorkers: boolean): void {
    if (isForWorkers) this.#send();
    this.#inputs.onStatus(
      [...this.#held].map(([name, { current, problem }]) => {
        return { name, expiresAtMs: current?.expiresAtMs ?? null, problem };
      }),
    );
  }

  #send(): void {
    const certificates = [...this.#held].flatMap(([name, { current }]) => {
      if (!current) return [];
      const { serverNames, chainPem, keyPem } = current;
      return [{ name, serverNames, chainPem, keyPem }];
    });
    if (certificates.length > 0) this.#inputs.onBundle({ certificates, ticketKeys: this.#ticketKeys });
  }
}

function namesOf(listeners: readonly UsesCertificates[]): readonly string[] {
  return [...new Set(listeners.flatMap(({ tls }) => tls?.certificates ?? []))];
}

function whichOf(name: string): string {
  return `the certificate "${name}"`;
}

function filesOf(name: string): readonly [string, string] {
  return [`${name}.pem`, `${name}.key`];
}
