/**
 * Checks by a script of texts to send and texts to expect, over TCP, or over TLS where the check has it.
 *
 * What a step expects may be anywhere in what was received since the last step that expected something, up to 16 KB, in
 * whatever pieces it comes.
 */
import type { Socket } from 'node:net';
import { type Expectation, readExpectation, readText } from '../../core/model/policy/check-text.ts';
import type { ScriptStep } from '../../core/model/resources.ts';
import { type ConnectionCheck, MAX_JUDGED, readable, shortened } from './connection-check.ts';
import type { Secrets } from './secrets.ts';

/**
 * Whenever more comes, what is expected is looked for in all that was received. Beyond so many bytes it is not looked for
 * until nothing more can come, so that a server which sends single bytes does not cost the square of them.
 */
const MAX_TRIED = 8 * MAX_JUDGED;

interface Expected {
  readonly find: Expectation;
  readonly shown: string;
}
type Step = Expected | { readonly send: string } | { readonly sendSecret: string };

/** Read once per policy. */
const scripts = new WeakMap<readonly ScriptStep[], readonly Step[]>();

/** Reads the secrets first, so that no connection waits for a disk. */
export function runScript(check: ConnectionCheck, script: readonly ScriptStep[], secrets: Secrets): void {
  const names = script.flatMap((step) => ('sendSecret' in step ? step.sendSecret : []));
  const start = (texts: readonly string[]) => {
    const known = new Map(names.map((name, index) => [name, texts[index] ?? '']));
    check.start((socket) => converse(socket, check, stepsOf(script), known));
  };
  if (names.length === 0) return start([]);
  check.awaited = `the secrets ${names.join(', ')}`;
  Promise.all(names.map((name) => secrets.read(name))).then(start, (error) => check.broke(error));
}

/** Throws when a step can't be read. */
function stepsOf(script: readonly ScriptStep[]): readonly Step[] {
  const steps = scripts.get(script) ?? script.map(stepOf);
  scripts.set(script, steps);
  return steps;
}

function stepOf(step: ScriptStep): Step {
  if ('send' in step) return { send: readable(readText(step.send)) };
  if ('sendSecret' in step) return step;
  return { find: readable(readExpectation(step.expect)), shown: `"${shortened(step.expect)}"` };
}

function converse(
  socket: Socket,
  check: ConnectionCheck,
  steps: readonly Step[],
  secrets: ReadonlyMap<string, string>,
): void {
  let received = '';
  let at = 0;
  let tried = 0;
  const arrived = ({ find, shown }: Expected, isAll: boolean): boolean => {
    const judged = received.slice(0, MAX_JUDGED);
    check.awaited = shown;
    check.received = judged.length;
    tried += judged.length;
    const isFull = judged.length === MAX_JUDGED;
    const end = tried > MAX_TRIED && !isAll && !isFull ? -1 : find(judged);
    if (end < 0 && isFull) check.fail(`no ${shown} in the first ${MAX_JUDGED} bytes`);
    if (end < 0) return false;
    received = received.slice(end);
    tried = 0;
    return true;
  };
  const play = (isAll: boolean) => {
    let sent = '';
    for (let step = steps[at]; step; step = steps[++at]) {
      if ('find' in step) {
        if (!arrived(step, isAll)) break;
      } else sent += 'send' in step ? step.send : (secrets.get(step.sendSecret) ?? '');
    }
    if (sent !== '') socket.write(sent, 'latin1');
    if (at === steps.length) check.finish({ type: 'passed' });
  };
  const advance = (isAll: boolean) => check.guard(() => play(isAll));
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    received += chunk;
    advance(false);
  });
  socket.on('end', () => {
    advance(true);
    check.broke(null);
  });
  check.lastLook = () => advance(true);
  advance(false);
}
