/**
 * A file of shared tokens, one per line. The first is sent; all are accepted. So a token can be replaced without a
 * restart: put the new one below the old one everywhere, then above it, then remove the old one.
 *
 * Invariants
 *  - a file that can no longer be used changes nothing: the tokens that were read stay valid, and a log line says why;
 *  - no token is ever in an error or in a log line, and comparing takes the same time for every candidate.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type Clock, every } from './clock.ts';
import { LbError, messageOf } from './errors.ts';
import type { Logger } from './logger.ts';

const CHECK_MS = 1_000;
/** The characters that a header may have, without spaces, which would end the token. */
const TOKEN = /^[\x21-\x7e]{1,4096}$/;
const OTHERS_MAY_READ = 0o004;

/** The token that a client sends. Read it for every call: it may change. */
export interface SentToken {
  readonly first: string;
}

/** The tokens that a server accepts. */
export interface AcceptedTokens {
  accepts(candidate: string): boolean;
}

interface Contents {
  readonly first: string;
  readonly digests: readonly Buffer[];
  readonly warning: string | null;
  /** Differs exactly when the file was written or replaced. */
  readonly signature: string;
}

export class TokenFile implements SentToken, AcceptedTokens {
  readonly path: string;
  #contents: Contents;
  #seenSignature: string;

  /** Throws LbError when the file cannot be read or has no valid token. */
  constructor(path: string) {
    this.path = path;
    this.#contents = read(path);
    this.#seenSignature = this.#contents.signature;
  }

  get first(): string {
    return this.#contents.first;
  }

  /** Null, or what is unsafe about the file. */
  get warning(): string | null {
    return this.#contents.warning;
  }

  accepts(candidate: string): boolean {
    const digest = digestOf(candidate);
    // All are compared, so that the time does not reveal which one matched.
    return this.#contents.digests.filter((known) => timingSafeEqual(known, digest)).length > 0;
  }

  /** Reads the file again within a second after it changed, and at once on SIGHUP. */
  follow(clock: Clock, logger: Logger): void {
    if (this.warning !== null) logger.warn(this.warning);
    every(clock, CHECK_MS, () => void this.readIfChanged(logger));
    process.on('SIGHUP', () => this.#readAgain(logger));
  }

  /** Reads the file again if it has changed. */
  async readIfChanged(logger: Logger): Promise<void> {
    const now = await stat(this.path).then(signatureOf, messageOf);
    if (now === this.#seenSignature) return;
    this.#seenSignature = now;
    this.#readAgain(logger);
  }

  #readAgain(logger: Logger): void {
    try {
      this.#contents = read(this.path);
      this.#seenSignature = this.#contents.signature;
      logger.info({ file: this.path, tokens: this.#contents.digests.length }, 'read the token file again');
      if (this.warning !== null) logger.warn(this.warning);
    } catch (error) {
      logger.warn(
        { reason: messageOf(error) },
        'the token file cannot be used; the tokens that were read before stay valid',
      );
    }
  }
}

/** Throws LbError. */
function read(path: string): Contents {
  let text: string;
  let stats: Stats;
  try {
    const fd = openSync(path, 'r');
    try {
      stats = fstatSync(fd);
      text = readFileSync(fd, 'utf8');
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const message = `The token file ${path} can't be read: ${messageOf(error)}. Name a file that this user can read.`;
    throw new LbError('FAILED_PRECONDITION', message, [], error);
  }
  const tokens = tokensIn(text, path);
  const others = stats.isFile() && (stats.mode & OTHERS_MAY_READ) !== 0;
  return {
    first: tokens[0] ?? '',
    digests: tokens.map(digestOf),
    warning: others
      ? `every user of this machine can read the token file ${path}; run: chmod 600 ${path}`
      : null,
    signature: signatureOf(stats),
  };
}

function tokensIn(text: string, path: string): readonly string[] {
  const lines = text.split('\n').map((line) => line.trim());
  const wrong = lines.findIndex((line) => line !== '' && !TOKEN.test(line));
  if (wrong !== -1) {
    const message = `Line ${wrong + 1} of the token file ${path} is not a token. Use 1 to 4096 visible ASCII characters without spaces.`;
    throw new LbError('FAILED_PRECONDITION', message);
  }
  const tokens = lines.filter((line) => line !== '');
  if (tokens.length > 0) return tokens;
  const message = `The token file ${path} is empty. Write one token per line; the first one is sent. To make one: openssl rand -hex 32 > ${path}`;
  throw new LbError('FAILED_PRECONDITION', message);
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** A pipe, for example, can be read only once, so it never counts as changed. */
function signatureOf(stats: Stats): string {
  if (!stats.isFile()) return 'no file';
  return `${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeMs} ${stats.ctimeMs}`;
}
