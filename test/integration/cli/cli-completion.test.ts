/** Completion as a shell asks for it. */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startFakeControlPlane } from '../../../harness/control-plane/fake-control-plane.ts';
import { lbctlFor, succeed } from '../../../harness/programs/fleet.ts';
import { built, run, temporaryFolder } from '../../../harness/programs/processes.ts';
import { wirePool } from '../../../harness/control-plane/wire-answers.ts';

const POOLS = {
  ListPools: () => ({ pools: [wirePool('web', ['10.0.0.1:80', '10.0.1.1:80']), wirePool('api', [])] }),
};

function complete(server: string, ...words: readonly string[]) {
  const args = [built('cli/main.js'), '__complete', '--', ...words];
  return run(process.execPath, args, { env: { LBCTL_SERVER: server } });
}

describe('completion', () => {
  it('offers the names that the server knows', async (t) => {
    const { address } = await startFakeControlPlane(t, POOLS);
    assert.equal((await complete(address, 'backend', 'drain', 'w')).stdout, 'web\n');
    assert.equal((await complete(address, 'backend', 'drain', 'web', '10.0.1')).stdout, '10.0.1.1:80\n');
    const elsewhere = await complete('127.0.0.1:1', '--server', address, 'get', 'pool', '');
    assert.equal(elsewhere.stdout, 'web\napi\n');
  });

  it('is silent when there is no server', async () => {
    const { code, stdout, stderr } = await complete('127.0.0.1:1', 'get', 'pool', '');
    assert.deepEqual([code, stdout, stderr], [0, '', '']);
  });

  it('works in bash, for addresses too, which bash breaks at their colon', async (t) => {
    const { address } = await startFakeControlPlane(t, POOLS);
    const folder = temporaryFolder(t);
    const lbctl = join(folder, 'lbctl');
    writeFileSync(lbctl, `#!/bin/sh\nexec "${process.execPath}" "${built('cli/main.js')}" "$@"\n`);
    chmodSync(lbctl, 0o755);
    const script = await succeed(lbctlFor(address), ['completion', 'bash']);
    const ask = (line: string) =>
      run(
        'bash',
        [
          '--norc',
          '-c',
          `${script}\nCOMP_LINE=$1 COMP_POINT=\${#1} _lbctl; echo "\${COMPREPLY[*]}"`,
          'x',
          line,
        ],
        { env: { LBCTL_SERVER: address, PATH: `${folder}:${process.env['PATH'] ?? ''}` } },
      );
    assert.equal((await ask('lbctl backend drain ')).stdout, 'web api\n');
    assert.equal((await ask('lbctl backend drain web 10.0.0.1:')).stdout, '80\n');
    assert.equal((await ask('lbctl ge')).stdout, 'get\n');
  });
});
