/**
 * Prints what a connect from one source address to one backend takes while more and more of the local ports are in use, as JSON.
 * In a network namespace of its own, for it takes every port there is:
 *   unshare -n sh -c 'ip link set lo up; echo 10240 18431 > /proc/sys/net/ipv4/ip_local_port_range; node dist/bench/programs/local-ports.js'
 */
import { readFileSync } from 'node:fs';
import { EINPROGRESS } from '../../data-plane/kernel/linux.ts';
import { LoopCalls } from '../../data-plane/kernel/loop-calls.ts';
import { loadFfi } from '../../data-plane/kernel/ffi.ts';

const BACKEND_PORT = 9000;
const BACKEND = Uint8Array.of(127, 0, 0, 1);
const SOURCE = Uint8Array.of(127, 0, 0, 5);
const BACKLOG = 128;
const SHARES = [0.1, 0.3, 0.45, 0.5, 0.55, 0.6, 0.8, 0.9, 0.98];
/** Connects before each mark, of which the median is told. */
const SAMPLE = 80;

const { ffi, reason } = loadFfi();
if (!ffi) throw new Error(reason);
const sys = new LoopCalls(ffi, 1);

/** What a call gave, if it succeeded. */
function done(result: number): number {
  if (result < 0)
    throw new Error(`errno ${-result}: more descriptors (ulimit -n), or a namespace of its own`);
  return result;
}

function listen(): number {
  const fd = done(sys.socket(4));
  done(sys.bind(fd, BACKEND, BACKEND_PORT));
  done(sys.listen(fd, BACKLOG));
  return fd;
}

/** Microseconds that a connect took, as a proxy with --source-address makes it. It stays open. */
function connectUs(listener: number): number {
  const fd = done(sys.socket(4));
  sys.setOption(fd, 'bindAddressNoPort', 1);
  done(sys.bind(fd, SOURCE, 0));
  const start = process.hrtime.bigint();
  const result = sys.connect(fd, BACKEND, BACKEND_PORT);
  const us = Number(process.hrtime.bigint() - start) / 1e3;
  if (result !== -EINPROGRESS) done(result);
  done(sys.accept(listener));
  return us;
}

const [low = 0, high = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
  .split(/\s+/)
  .map(Number);
const ports = high - low + 1;
const listener = listen();
const last: number[] = [];
const medianUs: Record<string, number> = {};
let used = 0;
for (const share of SHARES) {
  for (; used < Math.floor(share * ports); used++) last.push(connectUs(listener));
  const sample = last.slice(-SAMPLE).sort((a, b) => a - b);
  medianUs[`${Math.round(share * 100)} %`] = Math.round(sample[sample.length >> 1] ?? 0);
}
console.log(JSON.stringify({ ports, medianUs }));
