/** Connections to a control plane, whatever the environment of a program says. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { it } from 'node:test';
import { runControlPlane } from '../../../harness/programs/running-control-plane.ts';
import { built, run } from '../../../harness/programs/processes.ts';

/** Every variable that names an HTTP proxy, and those that make gRPC talk. */
const environmentWith = (proxy: string) => ({
  ...Object.fromEntries(
    ['grpc_proxy', 'https_proxy', 'http_proxy'].flatMap((name) => [
      [name, proxy],
      [name.toUpperCase(), proxy],
    ]),
  ),
  GRPC_VERBOSITY: 'DEBUG',
  GRPC_TRACE: 'all',
});

it('no call goes through an HTTP proxy of the environment, and no line of gRPC reaches the output', async (t) => {
  const plane = await runControlPlane(t);
  let asked = 0;
  const proxy = createServer((socket) => {
    asked += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => proxy.close());
  const { port } = proxy.address() as { port: number };
  const words = [built('cli/main.js'), '--server', plane.grpcAddress, 'get', 'pools', '-o', 'name'];
  const env = environmentWith(`http://127.0.0.1:${port}`);
  const { code, stdout, stderr } = await run(process.execPath, words, { env });
  assert.deepEqual({ code, stdout, stderr, asked }, { code: 0, stdout: '', stderr: '', asked: 0 });
});
