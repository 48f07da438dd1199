/** Waits until a program is ready, and describes what can go wrong. */
import { get } from 'node:http';
import { isFree, portOf } from './addresses.ts';
import type { Child } from './child.ts';

/** A start that failed; the message says what to do. */
export class StartError extends Error {}

const READY_DEADLINE_MS = 30_000;
const POLL_MS = 50;
const POLL_TIMEOUT_MS = 2_000;

interface Use {
  readonly address: string;
  readonly program: string;
  readonly use: string;
}

/** Throws StartError with every address that is in use, not only the first. */
export async function requireFree(uses: readonly Use[]): Promise<void> {
  const free = await Promise.all(uses.map(({ address }) => isFree(address)));
  const taken = uses.filter((_, index) => free[index] !== true);
  const [first] = taken;
  if (first === undefined) return;
  const lines = taken.map(
    ({ address, program, use }) => `  ${address} is in use; ${program} needs it (${use})`,
  );
  throw new StartError(
    [
      'nothing was started.',
      ...lines,
      `Stop the program that listens there (ss -ltnp 'sport = :${portOf(first.address)}' shows it; perhaps another npm start),`,
      'or use other ports: npm start -- --port-offset 1000',
    ].join('\n'),
  );
}

/** Waits until `url` answers 200. Fails when the child ends first, or after the deadline. */
export async function waitUntilReady(child: Child, url: string): Promise<void> {
  const deadline = Date.now() + READY_DEADLINE_MS;
  let seen = 'no answer';
  while (Date.now() < deadline) {
    if (!child.running) throw new StartError(`${child.options.name} ${await child.ended}.${tail(child)}`);
    seen = await poll(url);
    if (seen === 'ready') return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const waited = `${READY_DEADLINE_MS / 1000} s`;
  throw new StartError(`${child.options.name} is not ready after ${waited}: ${url}: ${seen}.${tail(child)}`);
}

/** Does not use fetch, which refuses some ports. */
function poll(url: string): Promise<string> {
  return new Promise((resolve) => {
    const request = get(url, { timeout: POLL_TIMEOUT_MS, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? 'ready' : `it answers ${response.statusCode}`);
    });
    request.once('timeout', () => request.destroy(new Error('no answer')));
    request.once('error', (error) => resolve(error.message));
  });
}

function tail(child: Child): string {
  const lines = child.lastLines().map((line) => `\n  ${line}`);
  return `${lines.length === 0 ? '' : `\nIts last lines:${lines.join('')}`}\nIts whole log: ${child.options.logFile}`;
}
