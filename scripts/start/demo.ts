/** The demo's configuration: applied to an empty store only, so that no change is overwritten. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shiftManifest, type Addresses } from './addresses.ts';
import { built } from './child.ts';
import type { StartOptions } from './options.ts';
import { StartError } from './readiness.ts';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const LBCTL_DEADLINE_MS = 60_000;

/** The path of a manifest of examples/. With other ports that is a changed copy below the data folder. */
export function manifestPath(name: 'quickstart' | 'more', options: StartOptions): string {
  const original = `examples/${name}.yaml`;
  if (options.portOffset === 0) return original;
  const copy = join(options.dataDir, `${name}.yaml`);
  writeFileSync(copy, shiftManifest(readFileSync(built(`../${original}`), 'utf8'), options.portOffset));
  return copy;
}

/** Applies examples/quickstart.yaml if nothing was ever committed, and waits until the proxy runs it. */
export async function applyQuickstart(options: StartOptions, at: Addresses): Promise<void> {
  const revisions = await lbctl(at, ['get', 'revisions', '-o', 'json']);
  if (revisions.code !== 0) throw new StartError(`lbctl get revisions failed:\n${revisions.stderr.trim()}`);
  const [newest] = JSON.parse(revisions.stdout) as { readonly revision: string }[];
  if (newest !== undefined) {
    console.log(`The configuration in ${options.dataDir} is unchanged, at revision ${newest.revision}.`);
    return;
  }
  const manifest = manifestPath('quickstart', options);
  const applied = await lbctl(at, ['apply', '-f', manifest, '--wait', '--message', 'quick start']);
  console.log(`The store is empty: applied ${manifest}.`);
  // The configuration is stored anyway, and the proxy opens a listener as soon as its port is free.
  if (applied.code !== 0) {
    console.error(
      `Some of it does not work yet; an address in use is taken as soon as it is free:\n${applied.stderr.trim()}`,
    );
  }
}

function lbctl(at: Addresses, args: readonly string[]): Promise<Ended> {
  const command = [built('cli/main.js'), '--server', at.grpc, ...args];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      command,
      { timeout: LBCTL_DEADLINE_MS, env: lbctlEnvironment() },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
      },
    );
  });
}

/** lbctl needs the token that the environment gives to the programs. */
function lbctlEnvironment(): NodeJS.ProcessEnv {
  const tokenFile = process.env['LBCTL_TOKEN_FILE'] ?? process.env['LB_TOKEN_FILE'];
  return { ...process.env, ...(tokenFile !== undefined && { LBCTL_TOKEN_FILE: tokenFile }) };
}
