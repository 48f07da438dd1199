/** A program that keeps connections busy through workers, says so, and ends as its argument says. */
import { freePort } from '../free-port.ts';
import { CheckedConversation, startMirror } from '../engine/checked-conversation.ts';
import { backend, listener, pool } from '../snapshots.ts';
import { until } from '../engine/tcp.ts';
import { TrafficRig } from './traffic-rig.ts';

const [, , how] = process.argv;
const rig = await TrafficRig.start();
const server = await startMirror();
const port = await freePort();
await rig.apply([pool('web'), backend('web', server.address), listener('web', `127.0.0.1:${port}`, 'web')]);

/** Talks until its connection is lost. */
async function talk(seed: number): Promise<void> {
  const conversation = await CheckedConversation.open(port, seed);
  await conversation.exchange(1_000);
  const goOn = (): Promise<void> => conversation.exchange(10_000).then(goOn, () => {});
  void goOn();
}

/** The first worker's thread, once it is another one. */
async function replaced(thread: unknown): Promise<void> {
  await until('the replacement', () => rig.threads[0] !== thread);
  process.exit(7);
}

function end(): void {
  const [thread] = rig.threads;
  if (how === 'exit') process.exit(7);
  if (how === 'throw') throw new Error('thrown, as the test asked');
  if (how === 'reject') void Promise.reject(new Error('rejected, as the test asked'));
  if (how === 'terminate a worker') void thread?.terminate().then(() => replaced(thread));
  if (how === 'throw in a worker' || how === 'loop in a worker') {
    rig.sabotage(0, how === 'throw in a worker' ? 'throw' : 'loop');
    if (how === 'throw in a worker') void replaced(thread);
    else process.exit(7);
  }
}

await Promise.all(Array.from({ length: 10 }, (_, seed) => talk(seed)));
process.stdout.write('open\n', () => setImmediate(end));
