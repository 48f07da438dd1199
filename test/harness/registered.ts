/** `lbctl register` as a real process, with a small HTTP server as its command. */
import { built, freePort, type RunningProcess, type Scope, startProcess } from './processes.ts';

/** Answers HTTP with its name; SIGTERM: exit code 7. Ends with its standard input, which is the test's. */
const SERVER = `
  const [port, name] = process.argv.slice(1);
  require('node:http').createServer((_, answer) => answer.end(name)).listen(Number(port), '127.0.0.1');
  process.stdin.on('end', () => process.exit()).resume();
  process.on('SIGTERM', () => process.exit(7));
  console.log('serves, process ' + process.pid);
`;

export interface Registered extends RunningProcess {
  readonly address: string;
  readonly name: string;
  /** Of the command. */
  readonly commandPid: number;
}

export interface RegisterOptions {
  readonly ttl?: string;
  readonly flags?: readonly string[];
}

/** Waits until the command serves; not until it is registered. */
export async function startRegistered(
  scope: Scope,
  servers: readonly string[],
  pool: string,
  { ttl = '3s', flags = [] }: RegisterOptions = {},
): Promise<Registered> {
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const name = `backend ${port}`;
  const own = ['--server', servers.join(','), 'register', pool, address, '--ttl', ttl, ...flags, '--'];
  const command = [process.execPath, '-e', SERVER, String(port), name];
  const running = startProcess(scope, process.execPath, [built('cli/main.js'), ...own, ...command]);
  const pid = await running.line((line) => /^serves, process (\d+)$/.exec(line)?.[1], 'its command');
  scope.after(() => {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended with its registration.
    }
  });
  return { ...running, address, name, commandPid: Number(pid) };
}

/** Waits until it says that it is registered; how often it has said so by then. */
export function untilRegistered(registered: Registered, at = ''): Promise<string> {
  return registered.line(
    (line) => (line.startsWith('lbctl: registered ') && line.includes(`at ${at}`) ? line : undefined),
    'a registration',
  );
}
