/** A PostgreSQL primary and its standby, on two addresses of loopback, with the role that the recipe wants. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  eventually,
  run,
  startProcess,
  temporaryFolder,
  type RunningProcess,
  type Scope,
} from '../programs/processes.ts';
import { programFile, unprivileged } from '../programs/real-servers.ts';

export interface PostgresPair {
  readonly primary: RunningProcess;
  /** Makes the standby a primary. */
  promote(): Promise<void>;
}

/** What one statement answers, as the superuser; undefined when it fails. */
export async function askPostgres(
  host: string,
  port: number,
  statement: string,
): Promise<string | undefined> {
  const { code, stdout } = await run(
    'psql',
    ['-h', host, '-p', String(port), '-U', 'postgres', '-Atc', statement],
    { env: { PGCONNECT_TIMEOUT: '5' } },
  );
  return code === 0 ? stdout.trim() : undefined;
}

export async function startPostgresPair(
  scope: Scope,
  primaryHost: string,
  standbyHost: string,
  port: number,
): Promise<PostgresPair> {
  const user = { ...unprivileged(), cwd: '/' };
  const folder = temporaryFolder(scope);
  const [one, two] = [join(folder, 'one'), join(folder, 'two')];
  chmodSync(folder, 0o755);
  for (const data of [one, two]) {
    mkdirSync(data, { mode: 0o700 });
    if (user.uid !== undefined && user.gid !== undefined) chownSync(data, user.uid, user.gid);
  }
  const init = await run(programFile('initdb'), ['-D', one, '-U', 'postgres', '-A', 'trust', '-N'], user);
  assert.equal(init.code, 0, init.stderr);
  const role = 'CREATE ROLE checker LOGIN CONNECTION LIMIT 20\n';
  const created = await run(programFile('postgres'), ['--single', '-D', one, 'postgres'], user, role);
  assert.equal(created.code, 0, created.stderr);
  // A copy of a server that was stopped in order, which goes on as a standby.
  const copied = await run('cp', ['-a', `${one}/.`, two], user);
  assert.equal(copied.code, 0, copied.stderr);
  writeFileSync(join(two, 'standby.signal'), '');

  const start = (data: string, host: string) =>
    startProcess(
      scope,
      programFile('postgres'),
      ['-D', data, '-h', host, '-p', String(port), '-c', 'unix_socket_directories=', '-c', 'fsync=off'],
      { ...user, endSignal: 'SIGINT' },
    );
  const primary = start(one, primaryHost);
  start(two, standbyHost);
  const recovers = (host: string) => askPostgres(host, port, 'SELECT pg_is_in_recovery()');
  await eventually(async () => (await recovers(primaryHost)) === 'f', 'the primary');
  await eventually(async () => (await recovers(standbyHost)) === 't', 'the standby');
  return {
    primary,
    promote: async () => assert.equal(await askPostgres(standbyHost, port, 'SELECT pg_promote()'), 't'),
  };
}
