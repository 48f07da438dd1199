/** Wrong usage, which needs no control plane. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { run } from '../../../cli/run.ts';

async function lbctl(line: string) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const code = await run(line === '' ? [] : line.split(' '), { stdin, stdout, stderr, env: {} });
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

describe('wrong usage', () => {
  for (const [line, hint] of [
    ['gett pools', 'Did you mean get?'],
    ['get', "missing required argument 'kind'"],
    ['get polices', 'did you mean "policies"?'],
    ['get proxies --pool web', 'use it for backends, listeners or pools'],
    ['get pools --timeout soon', 'such as 250ms, 5s'],
    ['get pools -o xml', 'Allowed choices are table, wide, json, yaml, name'],
    ['set policy a --strategy fastest', 'Allowed choices are round_robin'],
    ['set policy a', 'nothing to set'],
    ['backend add web', "missing required argument 'address'"],
    ['backend set web 10.0.0.1:80', 'nothing to set; name --weight N'],
    ['backend set web 10.0.0.1:80 --weight -1', 'Use a whole number from 0 to 1000.'],
    ['backend set web 10.0.0.1:80 --weight 1001', 'Use a whole number from 0 to 1000.'],
    ['set policy steady --retries 11', 'Use a whole number from 0 to 10.'],
    ['set policy steady --healthy-threshold 0', 'Use a whole number from 1 to 100.'],
    ['set policy steady --log-one-in 1000001', 'Use a whole number from 0 to 1000000.'],
    [
      'create pool web --backend 10.0.0.1:80,share=2',
      'Use IP:PORT or IP:PORT,weight=N,tier=N,max_connections=N.',
    ],
    ['delete backend 10.0.0.1:80', 'say which pool 10.0.0.1:80 is in'],
    ['delete proxy edge-1 --wait', '--dry-run and --wait do not apply'],
    ['diff 41', 'name manifests with -f, or two revisions'],
    ['diff 41 42 --prune', 'name manifests with -f, or two revisions'],
    ['wait soon', 'Use the number of a revision'],
    ['top -o name', 'top prints no names'],
    ['top --interval 500ms', 'Use 1s to 1m.'],
    ['register web 10.0.0.1:80 --ttl 1s -- true', 'it must be 2s to 5m'],
    ['', 'Usage: lbctl COMMAND'],
  ] as const) {
    it(`"lbctl ${line}" exits 2 and says what is right`, async () => {
      const { code, stdout, stderr } = await lbctl(line);
      assert.deepEqual([code, stdout], [2, ''], stderr);
      assert.ok(stderr.includes(hint), stderr);
    });
  }
});
