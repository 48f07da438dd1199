import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Limits, Listener } from '../../../../core/model/resources.ts';
import { Admission } from '../../../../data-plane/admission/admission.ts';
import { listenerAdmission } from '../../../../data-plane/admission/listener-admission.ts';
import { PeerAddress } from '../../../../data-plane/engine/peer-address.ts';
import {
  createBuffers,
  LISTENER_COUNTERS,
  sharedCells,
  workerCells,
} from '../../../../data-plane/memory/shared-memory.ts';
import { LostWorkers } from '../../../../data-plane/worker/pool/lost-worker.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';

const LISTENER = 3;
const NO_LIMITS: Limits = { connections: 0, perSource: 0, rate: 0, ratePerSource: 0, dryRun: false };

function rulesOf(fields: Partial<Listener>) {
  const rules = listenerAdmission({ name: 'web', address: '0.0.0.0:80', pool: 'web', ...fields });
  assert.ok(rules);
  return rules;
}

const client = (text: string) => {
  const address = new PeerAddress();
  address.setText(text, 1);
  return address;
};

/** Two workers of one proxy. */
class Bench {
  readonly buffers = createBuffers(2);
  readonly clock = new FakeClock();
  readonly workers = [0, 1].map((worker) => this.worker(worker));
  /** Of both workers: slots of open connections. */
  readonly #open: [worker: number, slot: number][] = [];
  #next = 0;

  worker(worker: number): Admission {
    const shared = sharedCells(this.buffers);
    return new Admission({ shared, own: workerCells(this.buffers, worker), clock: this.clock });
  }

  /** How many of so many clients, of both workers in turn, get in; those stay until `end`. */
  admitted(count: number, rules: ReturnType<typeof rulesOf>, from: (nth: number) => string): number {
    let admitted = 0;
    for (let nth = 0; nth < count; nth++) {
      const worker = nth % 2;
      const slot = this.#next++;
      const refusal = this.workers[worker]?.refusal(slot, LISTENER, rules, client(from(nth)));
      if (refusal === null) admitted += 1;
      else assert.equal(refusal, 'limited');
      this.#open.push([worker, slot]);
    }
    return admitted;
  }

  /** All connections end, refused ones too. */
  end(): void {
    for (const [worker, slot] of this.#open.splice(0)) this.workers[worker]?.released(slot, LISTENER);
  }

  get wouldBeLimited(): number {
    const at = LISTENER * LISTENER_COUNTERS.length + LISTENER_COUNTERS.indexOf('wouldBeLimited');
    return [0, 1].reduce((sum, worker) => sum + (workerCells(this.buffers, worker).listeners[at] ?? 0), 0);
  }
}

const same = () => '10.0.0.1';
const each = (nth: number) => `10.1.${nth >> 8}.${nth & 255}`;

describe('who may connect to a listener', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });

  it('is everybody where nothing is said, and then nothing is asked', () => {
    assert.equal(listenerAdmission({ name: 'web', address: '0.0.0.0:80', pool: 'web' }), null);
  });

  it('is decided by the longest prefix in allow and deny; others get in exactly when allow is empty', () => {
    const cases: [Partial<Listener>, string, 'in' | 'denied'][] = [
      [{ deny: ['10.0.0.0/8'] }, '10.1.2.3', 'denied'],
      [{ deny: ['10.0.0.0/8'] }, '192.0.2.1', 'in'],
      [{ deny: ['10.0.0.0/8'] }, '2001:db8::1', 'in'],
      [{ allow: ['10.0.0.0/8'] }, '10.1.2.3', 'in'],
      [{ allow: ['10.0.0.0/8'] }, '192.0.2.1', 'denied'],
      [{ allow: ['10.0.0.0/8'] }, '2001:db8::1', 'denied'],
      [{ allow: ['10.0.0.0/8'], deny: ['10.1.0.0/16'] }, '10.1.2.3', 'denied'],
      [{ allow: ['10.0.0.0/8', '10.1.2.0/24'], deny: ['10.1.0.0/16'] }, '10.1.2.3', 'in'],
      [{ allow: ['10.1.2.3/32'], deny: ['0.0.0.0/0'] }, '::ffff:10.1.2.3', 'in'],
      [{ allow: ['0.0.0.0/0'], deny: ['10.0.0.0/8'] }, '10.1.2.3', 'denied'],
      [{ allow: ['0.0.0.0/0'] }, '2001:db8::1', 'denied'],
      [{ allow: ['2001:db8::/32'] }, '2001:db8::1', 'in'],
    ];
    for (const [fields, from, expected] of cases) {
      const refusal = bench.workers[0]?.refusal(0, LISTENER, rulesOf(fields), client(from));
      assert.equal(refusal ?? 'in', expected, `${from} with ${JSON.stringify(fields)}`);
    }
  });

  it('is in no network while the address is unknown, and never in that of the client before', () => {
    const peer = client('10.1.2.3');
    peer.setText('', 0);
    const refusal = (fields: Partial<Listener>) =>
      bench.workers[0]?.refusal(0, LISTENER, rulesOf(fields), peer) ?? 'in';
    assert.equal(refusal({ allow: ['10.0.0.0/8'] }), 'denied');
    assert.equal(refusal({ deny: ['10.0.0.0/8'] }), 'in');
  });

  for (const [name, limits, from, most] of [
    ['connections of the listener', { connections: 7 }, each, 7],
    ['connections of a source', { perSource: 5 }, same, 5],
    ['new connections a second', { rate: 9 }, each, 9],
    ['new connections a second of a source', { ratePerSource: 4 }, same, 4],
    ['what is the least of all', { connections: 8, perSource: 3, rate: 6, ratePerSource: 5 }, same, 3],
  ] as const) {
    it(`are limited over all workers: ${name}`, () => {
      const rules = rulesOf({ limits: { ...NO_LIMITS, ...limits } });
      assert.equal(bench.admitted(40, rules, from), most);
      bench.end();
      // A second later all of it is free again.
      bench.clock.advance(1_000);
      assert.equal(bench.admitted(40, rules, from), most);
    });
  }

  it('does not depend on other sources, where only sources have limits', () => {
    const rules = rulesOf({ limits: { ...NO_LIMITS, perSource: 1, ratePerSource: 1 } });
    assert.equal(bench.admitted(300, rules, each), 300);
    assert.equal(bench.admitted(300, rules, each), 0);
  });

  it('takes nothing from others when a source is over its limits, nor from a rate when a listener is full', () => {
    const rules = rulesOf({ limits: { ...NO_LIMITS, connections: 5, perSource: 2, rate: 5 } });
    assert.equal(bench.admitted(100, rules, same), 2);
    assert.equal(bench.admitted(100, rules, each), 3);
    bench.end();
    assert.equal(bench.admitted(100, rules, each), 0, 'the rate is used up');
  });

  it('counts what a dry run would refuse, refuses nothing, and lets that hold nothing', () => {
    const limits = { ...NO_LIMITS, connections: 5, dryRun: true };
    assert.equal(bench.admitted(20, rulesOf({ limits }), each), 20);
    assert.equal(bench.wouldBeLimited, 15);
    bench.end();
    assert.equal(bench.admitted(20, rulesOf({ limits: { ...limits, dryRun: false } }), each), 5);
  });

  it('lets lists refuse in a dry run, too', () => {
    const rules = rulesOf({ deny: ['10.0.0.0/8'], limits: { ...NO_LIMITS, dryRun: true } });
    assert.equal(bench.workers[0]?.refusal(0, LISTENER, rules, client('10.0.0.1')), 'denied');
    assert.equal(bench.wouldBeLimited, 0);
  });

  it('survives that the limits are taken away, and get stricter, while connections are open', () => {
    const limits = { ...NO_LIMITS, perSource: 6, connections: 6 };
    assert.equal(bench.admitted(6, rulesOf({ limits }), same), 6);
    const stricter = rulesOf({ limits: { ...limits, perSource: 2 } });
    assert.equal(bench.admitted(6, stricter, same), 0);
    // Released without a word about limits, as after they were taken away.
    bench.end();
    assert.equal(bench.admitted(6, stricter, same), 2);
  });

  it('gives back what a worker held that died, and nothing of the others', () => {
    const rules = rulesOf({ limits: { ...NO_LIMITS, connections: 10, perSource: 10 } });
    assert.equal(bench.admitted(10, rules, same), 10);
    new LostWorkers(bench.buffers, null).takeOut(1);
    assert.equal(bench.admitted(10, rules, same), 5);
  });
});

describe('the admission of a listener', () => {
  it('is built once for a resource, and again for another', () => {
    const resource: Listener = { name: 'web', address: '0.0.0.0:80', pool: 'web', deny: ['10.0.0.0/8'] };
    assert.equal(listenerAdmission(resource), listenerAdmission(resource));
    assert.notEqual(listenerAdmission(resource), listenerAdmission({ ...resource }));
  });
});
