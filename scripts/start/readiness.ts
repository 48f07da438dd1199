/** Waiting until a program serves, with words for what can go wrong. */
import { get } from 'node:http';
import { isFree, portOf } from './addresses.ts';
import type { Child } from './child.ts';

/** A start that failed, in words that say what to do. */
export class StartError extends Error {}

const READY_DEADLINE_MS = 30_000;
const LOOK_EVERY_MS = 50;
const LOOK_DEADLINE_MS = 2_000;

interface Use {
  readonly address: string;
  readonly program: string;
  readonly use: string;
}

/** Refuses with every address that is taken, not only the first. */
export async function requireFree(uses: readonly Use[]): Promise<void> {
  const free = await Promise.all(uses.map(({ address }) => isFree(address)));
  const taken = uses.filter((_, index) => free[index] !== true);
  const [first] = taken;
  if (first === undefined) return;
  const lines = taken.map(
    ({ address, program, use }) => `  ${address} is taken; ${program} needs it (${use})`,
  );
  throw new StartError(
    [
      'nothing was started.',
      ...lines,
      `Stop what listens there (ss -ltnp 'sport = :${portOf(first.address)}' names it; another npm start, perhaps),`,
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
    seen = await look(url);
    if (seen === 'ready') return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  const waited = `${READY_DEADLINE_MS / 1000} s`;
  throw new StartError(`${child.options.name} is not ready after ${waited}: ${url}: ${seen}.${tail(child)}`);
}

/** Not fetch, which refuses some ports that anybody may listen on. */
function look(url: string): Promise<string> {
  return new Promise((resolve) => {
    const request = get(url, { timeout: LOOK_DEADLINE_MS, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? 'ready' : `it answers ${response.statusCode}`);
    });
    request.once('timeout', () => request.destroy(new Error('no answer')));
    request.once('error', (error) => resolve(error.message));
  });
}

function tail(child: Child): string {
  const lines = child.lastLines().map((line) => `\n  ${line}`);
  return `${lines.length === 0 ? '' : `\nIts last lines before:${lines.join('')}`}\nAll of its log: ${child.options.logFile}`;
}
