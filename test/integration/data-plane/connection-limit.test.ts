/** A real proxy process that may have few connections, by its flag or by the memory of its control group. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { CheckedConversation, startMirror } from '../../../harness/engine/checked-conversation.ts';
import { makeMemoryGroup } from '../../../harness/programs/memory-group.ts';
import {
  proxySurroundings,
  readMetric,
  startProxyProcess,
  webSnapshot,
} from '../../../harness/programs/proxy-process.ts';
import { until } from '../../../harness/engine/tcp.ts';

const MIB = 1_048_576;

describe('--max-connections 3', () => {
  it('lets the fourth client wait, and serves it when one leaves', async (t) => {
    const { replica, port, stateDir } = await proxySurroundings(t);
    const mirror = await startMirror();
    t.after(() => mirror.stop());
    // One worker: each of several may be one over before it sees the others'.
    const flags = { workers: '1', 'max-connections': '3' };
    const proxy = await startProxyProcess(t, [replica.address], stateDir, flags);
    await proxy.line(
      (line) => /"connection_limit":3,"limited_by":"flag"/.exec(line) ?? undefined,
      'the limit and what it comes from',
    );
    assert.equal(await readMetric(proxy.admin, 'lb_connection_limit'), 3);
    assert.equal(await replica.answerTo(replica.publish(webSnapshot(1, port, mirror.address))), null);
    assert.equal(await readMetric(proxy.admin, 'lb_connection_limit'), 3, 'a plan does not raise it');
    const client = async (seed: number): Promise<CheckedConversation> => {
      const conversation = await CheckedConversation.open(port, seed);
      t.after(() => void conversation.socket.destroy());
      return conversation;
    };
    const first = await Promise.all([client(1), client(2), client(3)]);
    await Promise.all(first.map((each) => each.exchange(100)));
    const fourth = await client(4);
    fourth.say(100);
    await proxy.line(
      (line) => (line.includes('new clients wait; raise --max-connections') ? true : undefined),
      'what to raise',
    );
    await Promise.all(first.map((each) => each.exchange(10_000)));
    assert.equal(fourth.heard, 0, 'the fourth waits');
    await first[0]?.end();
    await until('the fourth to be served', () => fourth.heard === 100);
  });
});

describe('a proxy whose control group has little memory', () => {
  it('allows the connections that fit beside the process, and says that memory is the bound', async (t) => {
    const limitBytes = 160 * MIB;
    const group = makeMemoryGroup('equipoise-little-memory', limitBytes);
    if (group === null) return t.skip('no control group can be made here');
    const { replica, stateDir } = await proxySurroundings(t);
    const options = { controlGroup: group.folder };
    const proxy = await startProxyProcess(t, [replica.address], stateDir, { workers: '1' }, options);
    t.after(async () => {
      await proxy.stop();
      group.remove();
    });
    await proxy.line((line) => /"limited_by":"memory"/.exec(line) ?? undefined, 'the bound');
    const limit = (await readMetric(proxy.admin, 'lb_connection_limit')) ?? 0;
    const status = readFileSync(`/proc/${proxy.pid}/status`, 'utf8');
    const ownBytes = Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1]) * 1_024;
    assert.ok(limit > 100, `${limit} connections of a process that takes ${ownBytes} bytes`);
    assert.ok(limit * 16_384 < limitBytes - ownBytes, `${limit} connections beside ${ownBytes} bytes`);
  });
});
