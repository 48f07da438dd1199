/** A stream that sends the newest and never queues. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { LatestStream } from '../../../../control-plane/rpc/latest-stream.ts';
import { OpenStreams } from '../../../../control-plane/rpc/open-streams.ts';
import { LbError } from '../../../../core/runtime/errors.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';

/** A call whose client takes a message when the test says so. */
class FakeCall extends EventEmitter {
  readonly written: number[] = [];
  #taken: (() => void) | null = null;
  ended = '';

  constructor() {
    super();
    this.on('error', ({ details }: { details: string }) => {
      this.ended = details;
    });
  }

  write(message: number, taken: () => void): boolean {
    this.written.push(message);
    this.#taken = taken;
    return false;
  }

  take(): void {
    this.#taken?.();
  }

  end(): void {
    this.ended = 'in order';
  }
}

function stream() {
  const call = new FakeCall();
  const clock = new FakeClock();
  const streams = new OpenStreams();
  const made = new LatestStream(call as unknown as ServerWritableStream<void, number>, streams, clock);
  let newest = 1;
  let sent = 0;
  let closed = 0;
  made.onClose(() => {
    closed += 1;
  });
  made.send(() => {
    if (newest === sent) return null;
    sent = newest;
    return { message: newest, last: newest === 99 };
  });
  const change = (to: number) => {
    newest = to;
    made.changed();
  };
  return { call, clock, streams, made, change, closed: () => closed };
}

describe('a stream of the latest', () => {
  it('sends what there is at once, then what changes, and nothing when nothing is new', () => {
    const { call, change, made } = stream();
    call.take();
    made.changed();
    assert.deepEqual(call.written, [1]);
    change(2);
    assert.deepEqual(call.written, [1, 2]);
  });

  it('has one message on the way, and then only the newest', () => {
    const { call, change } = stream();
    for (let to = 2; to <= 50; to += 1) change(to);
    assert.deepEqual(call.written, [1]);
    call.take();
    assert.deepEqual(call.written, [1, 50]);
  });

  it('ends in order after the last message', () => {
    const { call, change, closed } = stream();
    call.take();
    change(99);
    assert.deepEqual([call.written, call.ended, closed()], [[1, 99], 'in order', 1]);
    call.take();
    change(100);
    assert.deepEqual(call.written, [1, 99]);
  });

  it('ends with an error when its client reads nothing for thirty seconds', () => {
    const { call, clock, closed } = stream();
    clock.advance(29_999);
    assert.equal(call.ended, '');
    clock.advance(1);
    assert.match(call.ended, /read nothing from this stream for 30 s/);
    assert.equal(closed(), 1);
  });

  it('does not end for a client that has read everything', () => {
    const { call, clock } = stream();
    call.take();
    clock.advance(1_000_000);
    assert.deepEqual([call.ended, clock.pending], ['', 0]);
  });

  it('closes once when its client goes, and sends nothing after that', () => {
    const { call, change, clock, closed } = stream();
    call.emit('cancelled');
    call.emit('cancelled');
    change(2);
    assert.deepEqual([call.written, closed(), clock.pending], [[1], 1, 0]);
  });

  it('ends with all the others', () => {
    const { call, streams } = stream();
    streams.endAll(new LbError('UNAVAILABLE', 'the end'));
    assert.equal(call.ended, 'the end');
  });

  it('runs the actions of its close at once if it is closed already', () => {
    const { call, made } = stream();
    call.emit('cancelled');
    let told = false;
    made.onClose(() => {
      told = true;
    });
    assert.ok(told);
  });
});
