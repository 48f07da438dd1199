import assert from 'node:assert/strict';
import { it } from 'node:test';
import { freePort } from '../../../../../harness/free-port.ts';
import { systemClock } from '../../../../../core/runtime/clock.ts';
import { type EngineInputs, type ListenOn, NO_ROW } from '../../../../../data-plane/engine/engine.ts';
import { portableEngine } from '../../../../../data-plane/engine/portable/portable-engine.ts';
import { dial, TcpServer, until } from '../../../../../harness/engine/tcp.ts';

it('binds while it is paused, and retries a listener until it can be opened again', async (t) => {
  const timeouts = { connectMs: 0, idleMs: 0, halfClosedMs: 0, lifetimeMs: 0 };
  const saturated: boolean[] = [];
  const faults: string[] = [];
  let accepted = 0;
  let hasRoom = false;
  const engine = portableEngine({
    handler: {
      onAccept: () => ((accepted += 1), NO_ROW),
      refusal: 'no_backend',
      timeouts: () => timeouts,
      onClosed: () => {},
    },
    budget: { take: () => !hasRoom, giveBack: () => {}, hasRoom: () => () => hasRoom },
    clock: systemClock,
    onSaturated: (on: boolean) => saturated.push(on),
    onFault: (where: string, error: unknown) => faults.push(`${where}: ${String(error)}`),
  } as unknown as EngineInputs);
  t.after(() => engine.close());
  const port = await freePort();
  const at = (host: string): ListenOn => ({ type: 'address', host, port });
  const listen = (on: ListenOn) => new Promise((resolve) => engine.listen(0, on, resolve));
  assert.equal(await listen(at('127.0.0.1')), null);
  (await dial(port).catch(() => null))?.destroy();
  await until('the pause', () => saturated.length === 1);
  const other = await TcpServer.start(() => {}, port);
  assert.match(String(await listen(at('0.0.0.0'))), /EADDRINUSE/);
  hasRoom = true;
  await until('the failure', () => faults.length === 1);
  assert.match(faults.join(), /^accepting again: .*EADDRINUSE/);
  assert.deepEqual(saturated, [true]);
  other.stop();
  await until('accepting to go on', () => saturated.length === 2);
  (await dial(port).catch(() => null))?.destroy();
  await until('the next client', () => accepted === 2);
});
