/** A MariaDB of its own on an address of loopback, with the account that the recipe wants. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, run, type Scope, startProcess, temporaryFolder } from '../programs/processes.ts';
import { programFile, unprivileged } from '../programs/real-servers.ts';

/** Runs statements as the superuser, over the socket. */
export type AskMariaDb = (statements: string) => Promise<string>;

export async function startMariaDb(scope: Scope, host: string, port: number): Promise<AskMariaDb> {
  const user = { ...unprivileged(), cwd: '/' };
  const folder = temporaryFolder(scope);
  const data = join(folder, 'data');
  const socket = join(folder, 'data', 's');
  chmodSync(folder, 0o755);
  mkdirSync(data, { mode: 0o700 });
  if (user.uid !== undefined && user.gid !== undefined) chownSync(data, user.uid, user.gid);
  const made = await run(
    'mariadb-install-db',
    // Two installations at once would delete each other's tables in a folder that they share.
    [
      '--no-defaults',
      `--datadir=${data}`,
      `--tmpdir=${data}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
    ],
    user,
  );
  assert.equal(made.code, 0, made.stderr);
  const flags = [`--bind-address=${host}`, `--port=${port}`, `--socket=${socket}`, '--skip-name-resolve'];
  startProcess(
    scope,
    programFile('mariadbd'),
    [
      '--no-defaults',
      `--datadir=${data}`,
      ...flags,
      '--innodb-buffer-pool-size=16M',
      '--innodb-flush-log-at-trx-commit=0',
    ],
    user,
  );
  const ask = (statements: string) =>
    run('mariadb', ['--no-defaults', '-uroot', `-S${socket}`, '-Ne', statements]);
  await eventually(async () => (await ask('SELECT 1')).code === 0, 'MariaDB');
  const askOrFail = async (statements: string) => {
    const { code, stdout, stderr } = await ask(statements);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  await askOrFail("CREATE USER checker@'%'");
  return askOrFail;
}
