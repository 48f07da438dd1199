/**
 * A file of shared tokens, one a line: the first is the one to send, each of them is one to accept. So a token is
 * exchanged without a restart: the new one below the old one everywhere, then above it, then the old one away.
 *
 * Invariants
 *  - a file that can no longer be used changes nothing: the tokens that were read stay, and a line says why;
 *  - no token is ever in an error or in a log line, and comparing takes the same time whatever is compared.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type Clock, every } from './clock.ts';
import { LbError, messageOf } from './errors.ts';
import type { Logger } from './logger.ts';

const LOOK_MS = 1_000;
/** What a header may hold, and no space, which would end it. */
const TOKEN = /^[\x21-\x7e]{1,4096}$/;
const OTHERS_MAY_READ = 0o004;

/** What a client sends. Read for every call: it may change. */
export interface SentToken {
  readonly first: string;
}

/** What a server accepts. */
export interface AcceptedTokens {
  accepts(candidate: string): boolean;
}

interface Contents {
  readonly first: string;
  readonly digests: readonly Buffer[];
  readonly warning: string | null;
  /** Another one exactly when the file has been written or replaced. */
  readonly signature: string;
}

export class TokenFile implements SentToken, AcceptedTokens {
  readonly path: string;
  #contents: Contents;
  #lookedAt: string;

  /** Throws LbError, in words, when the file can't be read or holds no token. */
  constructor(path: string) {
    this.path = path;
    this.#contents = read(path);
    this.#lookedAt = this.#contents.signature;
  }

  get first(): string {
    return this.#contents.first;
  }

  /** Null, or what is unwise about the file, in words. */
  get warning(): string | null {
    return this.#contents.warning;
  }

  accepts(candidate: string): boolean {
    const digest = digestOf(candidate);
    // All are compared, so that the time does not tell which one it was.
    return this.#contents.digests.filter((known) => timingSafeEqual(known, digest)).length > 0;
  }

  /** Reads the file again whenever it has changed, looked at every second, and at once on SIGHUP. */
  follow(clock: Clock, logger: Logger): void {
    if (this.warning !== null) logger.warn(this.warning);
    every(clock, LOOK_MS, () => void this.look(logger));
    process.on('SIGHUP', () => this.#readAgain(logger));
  }

  /** Reads the file again if it has changed. */
  async look(logger: Logger): Promise<void> {
    const now = await stat(this.path).then(signatureOf, messageOf);
    if (now === this.#lookedAt) return;
    this.#lookedAt = now;
    this.#readAgain(logger);
  }

  #readAgain(logger: Logger): void {
    try {
      this.#contents = read(this.path);
      this.#lookedAt = this.#contents.signature;
      logger.info({ file: this.path, tokens: this.#contents.digests.length }, 'read the token file again');
      if (this.warning !== null) logger.warn(this.warning);
    } catch (error) {
      logger.warn({ reason: messageOf(error) }, 'the token file cannot be used: the tokens read before stay');
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
    const message = `The token file ${path} can't be read: ${messageOf(error)}. Name one that this user can read.`;
    throw new LbError('FAILED_PRECONDITION', message, [], error);
  }
  const tokens = tokensIn(text, path);
  const others = stats.isFile() && (stats.mode & OTHERS_MAY_READ) !== 0;
  return {
    first: tokens[0] ?? '',
    digests: tokens.map(digestOf),
    warning: others ? `every user of this machine can read the token file ${path}: chmod 600 ${path}` : null,
    signature: signatureOf(stats),
  };
}

function tokensIn(text: string, path: string): readonly string[] {
  const lines = text.split('\n').map((line) => line.trim());
  const wrong = lines.findIndex((line) => line !== '' && !TOKEN.test(line));
  if (wrong !== -1) {
    const message = `Line ${wrong + 1} of the token file ${path} is no token. Use 1 to 4096 visible ASCII characters without spaces.`;
    throw new LbError('FAILED_PRECONDITION', message);
  }
  const tokens = lines.filter((line) => line !== '');
  if (tokens.length > 0) return tokens;
  const message = `The token file ${path} is empty. It needs a token a line, the first of which is sent: openssl rand -hex 32 > ${path}`;
  throw new LbError('FAILED_PRECONDITION', message);
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** What is no file, such as a pipe, can be read only once: it never counts as changed. */
function signatureOf(stats: Stats): string {
  if (!stats.isFile()) return 'no file';
  return `${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeMs} ${stats.ctimeMs}`;
}
