/** The programs that `npm start` runs, with their flags. Pure. */
import { join } from 'node:path';
import { portOf, type Addresses } from './addresses.ts';
import type { ChildOptions } from './child.ts';
import type { StartOptions } from './options.ts';

const PROXY_ID = 'local';

export function controlPlane(options: StartOptions, at: Addresses): ChildOptions {
  const store = `lmdb:${join(options.dataDir, 'control-plane')}`;
  const args = ['--grpc-address', at.grpc, '--http-address', at.http, '--store', store];
  return child(options, 'control-plane', 'control-plane/main.js', args, 'node dist/control-plane/main.js');
}

export function proxy(options: StartOptions, at: Addresses): ChildOptions {
  const args = ['--proxy-id', PROXY_ID, '--control-plane', at.grpc, '--admin-address', at.admin];
  // On a developer's machine nobody wants to wait half a minute for a browser's idle connection.
  args.push('--state-dir', join(options.dataDir, `proxy-${PROXY_ID}`), '--drain-timeout', '5s');
  return child(options, `proxy-${PROXY_ID}`, 'data-plane/main.js', args, 'node dist/data-plane/main.js');
}

export function demoBackend(options: StartOptions, address: string): ChildOptions {
  const args = [portOf(address)];
  const program = 'examples/demo-backend.js';
  return child(options, `demo-${portOf(address)}`, program, args, `node dist/${program}`);
}

function child(
  options: StartOptions,
  name: string,
  program: string,
  args: readonly string[],
  typed: string,
): ChildOptions {
  const logFile = join(options.dataDir, `${name}.log`);
  return { name, program, args, logFile, verbose: options.verbose, command: [typed, ...args].join(' ') };
}
