/**
 * Refuses to start with so few descriptors that nothing would work, before Node reads the files of the program: it fails
 * there with a stack trace that says nothing. So this file imports nothing of ours.
 */
import { readFileSync, writeSync } from 'node:fs';

/** Ends the process with a line in the log when it may have fewer than `least` descriptors. */
export function requireDescriptors(program: string, least: number): void {
  const limit = softLimit();
  if (limit >= least) return;
  const msg = `cannot start: the descriptor limit is ${limit}, and ${program} needs at least ${least}; raise it with LimitNOFILE in a systemd unit, --ulimit nofile for a container, or ulimit -n in a shell`;
  const line = { level: 'fatal', time: new Date().toISOString(), program, msg };
  writeSync(2, `${JSON.stringify(line)}\n`);
  process.exit(1);
}

/** Infinite where it can't be read. */
function softLimit(): number {
  try {
    const text = readFileSync('/proc/self/limits', 'utf8');
    return Number(/^Max open files\s+(\d+)/m.exec(text)?.[1] ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
