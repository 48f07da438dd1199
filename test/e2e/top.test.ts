/** lbctl top on a real terminal and through a pipe, with real control planes, a proxy and traffic. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { freePort } from '../../harness/free-port.ts';
import {
  type ControlPlane,
  lbctlFor,
  startControlPlane,
  startProxy,
  succeed,
} from '../../harness/programs/fleet.ts';
import { built, eventually } from '../../harness/programs/processes.ts';
import { Pty } from '../../harness/programs/pty.ts';

const PLAIN = { NO_COLOR: '1' };

interface Scene {
  readonly planes: readonly ControlPlane[];
  readonly backend: string;
  readonly listener: string;
  readonly servers: string;
}

/** Two control planes, each with the same configuration, and a proxy that reports to both. */
async function scene(t: TestContext): Promise<Scene> {
  const server = createServer((_request, response) => response.setHeader('connection', 'close').end('hello'));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => server.close());
  const backend = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const listener = `127.0.0.1:${await freePort()}`;
  const planes = [await startControlPlane(t), await startControlPlane(t)];
  for (const { grpc } of planes) {
    await succeed(lbctlFor(grpc), ['create', 'pool', 'web', '--backend', backend]);
    await succeed(lbctlFor(grpc), ['create', 'listener', 'front', '--address', listener, '--pool', 'web']);
  }
  await startProxy(
    t,
    'p',
    planes.map(({ grpc }) => grpc),
  );
  return { planes, backend, listener, servers: planes.map(({ grpc }) => grpc).join(',') };
}

/** On a terminal; then how it ended, and how the terminal is. */
function startTop(t: TestContext, servers: string, words = ''): Pty {
  const top = `sh -c 'echo pid=$$; exec ${process.execPath} ${built('cli/main.js')} --server ${servers} top ${words}'`;
  return new Pty(t, `${top}; echo exit=$?; stty -a | tr -d ';' | grep -o ' -\\?echo \\| -\\?icanon'`, PLAIN);
}

async function isGivenBack(pty: Pty, code: number): Promise<void> {
  await pty.ended;
  assert.match(pty.text, new RegExp(`exit=${code}\r\n`));
  assert.equal(pty.isAlternate, false);
  assert.ok(
    pty.text.lastIndexOf('\u001b[?25h') > pty.text.lastIndexOf('\u001b[?25l'),
    'the cursor is hidden',
  );
  assert.match(pty.text, / echo/);
  assert.match(pty.text, / icanon/);
}

describe('lbctl top on a terminal', () => {
  it('shows the traffic of a proxy, obeys keys, and gives the terminal back', async (t) => {
    const { servers, listener, backend } = await scene(t);
    const pty = startTop(t, servers);
    await pty.shows(/^revision 2 · 1 of 1 proxies connected/);
    const requests = setInterval(() => void fetch(`http://${listener}/`).catch(() => undefined), 50);
    t.after(() => clearInterval(requests));
    await pty.shows(new RegExp(`^web/${backend} healthy +\\d+ +[1-9]`));
    pty.press('p');
    await pty.shows(/^web +1\/1 up +\d+ +[1-9]/);
    pty.press('\t');
    await pty.shows(/^front +→ web/);
    pty.press('x/zzz');
    await pty.shows(/\[proxies 0\].*\/zzz/);
    pty.press('\u001b');
    await pty.shows(/^p +connected/);
    pty.press('q');
    await isGivenBack(pty, 0);
  });

  it('goes on with another control plane when one is killed, and says so', async (t) => {
    const { planes, servers } = await scene(t);
    const pty = startTop(t, servers, 'web');
    await pty.shows(new RegExp(`lbctl top web · ${planes[0]?.grpc}`));
    await pty.shows(/1 of 1 proxies connected/);
    planes[0]?.signal('SIGKILL');
    await pty.shows(new RegExp(`${planes[0]?.grpc} is lost: now from ${planes[1]?.grpc}`));
    await pty.shows(new RegExp(`lbctl top web · ${planes[1]?.grpc}`));
    planes[1]?.signal('SIGKILL');
    await pty.shows(/is lost \(.*\): trying again/);
    pty.press('\u0003');
    await isGivenBack(pty, 0);
  });

  it('gives the terminal back when it is told to end, and when it is refused', async (t) => {
    const { servers } = await scene(t);
    const pty = startTop(t, servers);
    const [, pid] = await pty.says(/pid=(\d+)/);
    await pty.shows(/proxies connected/);
    process.kill(Number(pid), 'SIGTERM');
    await isGivenBack(pty, 143);
    const refused = startTop(t, servers, 'wed');
    await isGivenBack(refused, 1);
    assert.match(refused.text, /There is no pool "wed" \(did you mean "web"\?\)/);
  });

  it('comes back to the screen after it was stopped and continued', async (t) => {
    const { servers } = await scene(t);
    const pty = startTop(t, servers);
    const [, pid] = await pty.says(/pid=(\d+)/);
    await pty.shows(/proxies connected/);
    const entered = () => pty.text.split('\u001b[?1049h').length - 1;
    assert.equal(entered(), 1);
    // Nobody could continue it here, so it goes on by itself, after it has let go of the screen.
    process.kill(Number(pid), 'SIGTSTP');
    await eventually(async () => entered() === 2, 'the screen again');
    assert.equal(pty.text.split('\u001b[?1049l').length - 1, 1);
    await pty.shows(/proxies connected/);
    process.kill(Number(pid), 'SIGSTOP');
    process.kill(Number(pid), 'SIGCONT');
    await eventually(async () => entered() === 3, 'the screen after a stop from outside');
    await pty.shows(/proxies connected/);
    pty.press('q');
    await isGivenBack(pty, 0);
  });
});

describe('lbctl top through a pipe', () => {
  it('prints a table an interval, or one JSON object a line', async (t) => {
    const { servers, backend } = await scene(t);
    const lbctl = lbctlFor(servers.split(',')[0] ?? '');
    const text = await succeed(lbctl, ['top', '--count', '2']);
    assert.equal(text.match(/^NAME +STATE +ACTIVE/gm)?.length, 2);
    assert.ok(text.includes(`web/${backend}`));
    assert.ok(!text.includes('\u001b'));
    const lines = (await succeed(lbctl, ['top', 'web', '--count', '2', '-o', 'json'])).trim().split('\n');
    const [first, second] = lines.map((line) => JSON.parse(line) as { backends: { address: string }[] });
    assert.equal(lines.length, 2);
    assert.deepEqual(Object.keys(first ?? {}), Object.keys(second ?? {}));
    assert.deepEqual(first?.backends[0]?.address, backend);
  });

  it('exits 3 when no control plane answers and 1 for a pool that is not there', async (t) => {
    const nobody = await lbctlFor(`127.0.0.1:${await freePort()}`)(['top', '--count', '1']);
    assert.deepEqual([nobody.code, nobody.stdout], [3, '']);
    const { grpc } = await startControlPlane(t);
    assert.equal((await lbctlFor(grpc)(['top', 'web', '--count', '1'])).code, 1);
  });
});
