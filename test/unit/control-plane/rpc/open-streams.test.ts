/** Streams whose peer sends nothing. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { it } from 'node:test';
import { DeltaEncoder } from '../../../../control-plane/distribution/delta-encoder.ts';
import { discoveryHandlers } from '../../../../control-plane/distribution/discovery-service.ts';
import { Fleet } from '../../../../control-plane/fleet/fleet.ts';
import { reportService } from '../../../../control-plane/fleet/report-service.ts';
import { OpenStreams } from '../../../../control-plane/rpc/open-streams.ts';
import { Publisher } from '../../../../control-plane/snapshot/publisher.ts';
import { silentLogger as logger } from '../../../../core/runtime/logger.ts';
import { proxyInfo, report } from '../../../../harness/control-plane/reports.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';

/** The server's side of a stream: what it ended with. */
class FakeCall extends EventEmitter {
  ended = '';
  constructor() {
    super();
    this.on('error', (status: { code: number; details: string }) => {
      this.ended = `${status.code} ${status.details}`;
    });
  }
  getPeer() {
    return 'peer';
  }
  write() {
    return true;
  }
  end() {}
}

function open(service: 'snapshots' | 'reports', clock: FakeClock): FakeCall {
  const streams = new OpenStreams();
  const call = new FakeCall();
  if (service === 'snapshots') {
    const encode = () => Buffer.alloc(0);
    const publisher = new Publisher(clock);
    const encoder = new DeltaEncoder(encode);
    const readStore = async () => null;
    const options = {
      publisher,
      encoder,
      encode,
      readStore,
      onNack: () => undefined,
      streams,
      clock,
      logger,
    };
    discoveryHandlers(options).StreamSnapshots(call as never);
  } else {
    const status = () => ({ position: null, storeAgeMs: 0, stopping: false });
    const { handlers } = reportService({
      fleet: new Fleet(clock),
      status,
      replicaId: 'r',
      streams,
      clock,
      logger,
    });
    handlers.StreamReports(call as never);
  }
  return call;
}

const INTRODUCTIONS = {
  snapshots: { subscribe: { proxyId: 'p', format: 1, position: null, snapshotHash: '' } },
  reports: report({ proxy: proxyInfo('p') }),
};

for (const [service, word] of [
  ['snapshots', 'subscribe'],
  ['reports', 'proxy'],
] as const) {
  it(`a stream of ${service} ends when its peer sends nothing for ten seconds, and leaves no timer`, () => {
    const clock = new FakeClock();
    const [silent, cancelled] = [open(service, clock), open(service, clock)];
    cancelled.emit('cancelled');
    clock.advance(9_999);
    assert.equal(silent.ended, '');
    clock.advance(1);
    assert.match(silent.ended, new RegExp(`^3 no message came within 10 s; .* must hold ${word} `));
    assert.deepEqual([cancelled.ended, clock.pending], ['', 0]);
  });

  it(`a stream of ${service} stays open after its first message`, () => {
    const clock = new FakeClock();
    const call = open(service, clock);
    call.emit('data', INTRODUCTIONS[service]);
    clock.advance(60_000);
    assert.equal(call.ended, '');
  });
}
