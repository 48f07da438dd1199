/** What the bench reads from the kernel and from other programs, and what it writes for them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { haproxyConfig } from '../../../bench/balancers/haproxy.ts';
import { streamConfig } from '../../../bench/balancers/nginx-stream.ts';
import { interleave, rotated } from '../../../bench/interleave.ts';
import { backendConfig, parseServed } from '../../../bench/load/nginx-backend.ts';
import { parseResetsSent } from '../../../bench/measure/kernel-figures.ts';
import { cpuBetween, readCpu, readPss } from '../../../bench/measure/process-figures.ts';
import { parsePerfCount, parseStraceCount } from '../../../bench/measure/system-call-count.ts';
import { parseCpuList } from '../../../bench/pinning.ts';
import { openScope, within } from '../../../bench/run-scope.ts';

describe('CPU of a process', () => {
  it('is split in user and system by its ticks', () => {
    const before = { cpuNs: 1_000_000, userTicks: 10, systemTicks: 10 };
    const after = { cpuNs: 5_000_000, userTicks: 11, systemTicks: 13 };
    assert.deepEqual(cpuBetween(before, after), { cpuUs: 4_000, userUs: 1_000 });
  });

  it('has no user part when no tick has passed', () => {
    const reading = { cpuNs: 1_000_000, userTicks: 10, systemTicks: 10 };
    assert.deepEqual(cpuBetween(reading, { ...reading, cpuNs: 1_500_000 }), { cpuUs: 500, userUs: 0 });
  });

  it('is read from /proc', () => {
    const before = readCpu(process.pid);
    for (const until = performance.now() + 30; performance.now() < until; );
    const { cpuUs } = cpuBetween(before, readCpu(process.pid));
    assert.ok(cpuUs > 5_000, `${cpuUs} µs`);
    assert.ok(readPss(process.pid) > 2 ** 20);
  });
});

describe('readings', () => {
  it('finds the resets sent by their name, not by their place', () => {
    const text = 'Ip: A B\nIp: 1 2\nTcp: RtoMin OutRsts InErrs\nTcp: 200 77 0\n';
    assert.equal(parseResetsSent(text), 77);
  });

  it('takes requests and connections from stub_status', () => {
    const text =
      'Active connections: 65 \nserver accepts handled requests\n 70 70 1234 \nReading: 0 Writing: 1 Waiting: 64 \n';
    assert.deepEqual(parseServed(text), { requests: 1_234, active: 65 });
  });

  it('takes the count of perf', () => {
    assert.equal(parsePerfCount('9154,,raw_syscalls:sys_enter,200000000,100.00,,\n'), 9_154);
    assert.ok(Number.isNaN(parsePerfCount('<not counted>,,raw_syscalls:sys_enter,0,100.00,,\n')));
  });

  it('takes the total of strace', () => {
    const total = '100.00    0.230034          47      4804         3 total';
    assert.equal(
      parseStraceCount(`strace: Process 1 attached\n 99.66 0.2 48 4776 splice\n${total}\n`),
      4_804,
    );
  });

  it('takes a list of CPUs', () => {
    assert.deepEqual(parseCpuList('0-2,5'), [0, 1, 2, 5]);
    assert.deepEqual(parseCpuList('3\n'), [3]);
  });
});

describe('the peers', () => {
  it('HAProxy checks as often as we do, has one thread and nothing else', () => {
    const text = haproxyConfig('127.0.0.1:80', ['127.0.0.1:81'], 9_500);
    assert.match(text, /^ {2}nbthread 1$/m);
    assert.match(text, /^ {2}maxconn 9500$/m);
    assert.match(text, /^ {2}server s0 127\.0\.0\.1:81 check inter 5s rise 2 fall 3$/m);
    assert.doesNotMatch(text, /tune\.|splice/);
  });

  it('nginx has one process and room for the connections', () => {
    const text = streamConfig('/f', '/m.so', '127.0.0.1:80', ['127.0.0.1:81'], 1_000);
    assert.match(text, /worker_processes 1;/);
    assert.match(text, /worker_connections 2100;/);
  });

  it('the backend listens at every address', () => {
    const text = backendConfig('/f', ['127.0.0.1:1', '127.0.0.2:1']);
    assert.equal(text.match(/listen 127/g)?.length, 2);
  });
});

describe('interleaving', () => {
  it('has each once a round, and lets nobody keep a place', async () => {
    const order: string[] = [];
    const measured = await interleave([{ name: 'a' }, { name: 'b' }], 3, async ({ name }, round) => {
      order.push(name);
      return round;
    });
    assert.equal(order.join(''), 'abbaab');
    assert.deepEqual(measured.get('a'), [0, 1, 2]);
    assert.deepEqual(rotated([], 3), []);
  });
});

describe('a scope', () => {
  it('stops everything, newest first, whatever fails', async (t) => {
    t.mock.method(console, 'error', () => undefined);
    const stopped: string[] = [];
    const scope = openScope();
    scope.after(() => void stopped.push('first'));
    scope.after(() => Promise.reject(new Error('no')));
    scope.after(() => void stopped.push('last'));
    await scope.close();
    await scope.close();
    assert.deepEqual(stopped, ['last', 'first']);
    assert.throws(() => scope.after(() => undefined), /stopping/);
  });

  it('within another ends before it, also when its body fails', async () => {
    const stopped: string[] = [];
    const scope = openScope();
    const failed = within(scope, async (inner) => {
      inner.after(() => void stopped.push('inner'));
      throw new Error('body');
    });
    await assert.rejects(failed, /body/);
    assert.deepEqual(stopped, ['inner']);
  });
});
