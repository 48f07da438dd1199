/** What readers of the live stream get, and what slow ones do not. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { LiveEvents } from '../../../../control-plane/dashboard/live-events.ts';
import { Fleet } from '../../../../control-plane/fleet/fleet.ts';
import { OpenStreams } from '../../../../control-plane/rpc/open-streams.ts';
import { FleetStats } from '../../../../control-plane/fleet/fleet-stats.ts';
import type { Followed, LogFollower } from '../../../../control-plane/store/log/log-follower.ts';
import { LbError } from '../../../../core/runtime/errors.ts';
import { EventStream } from '../../../../core/runtime/event-stream.ts';
import { collectingLogger } from '../../../../harness/collecting-logger.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';
import { stateOf } from '../../../../harness/state.ts';

/** A connection whose reader takes what it wants. */
class Connection extends EventEmitter {
  writableNeedDrain = false;
  ended: 'in order' | 'cut off' | null = null;
  readonly written: string[] = [];

  write(text: string): void {
    this.written.push(text);
  }

  end(): void {
    this.ended = 'in order';
    this.emit('close');
  }

  destroy(): void {
    this.ended = 'cut off';
    this.emit('close');
  }

  /** The data of the events of that name. */
  heard(name: string): readonly Record<string, unknown>[] {
    return this.written.flatMap((text) => {
      const data = new RegExp(`^event: ${name}\\ndata: (.*)\\n\\n$`).exec(text)?.[1];
      return data === undefined ? [] : [JSON.parse(data) as Record<string, unknown>];
    });
  }
}

function rig() {
  const clock = new FakeClock();
  const fleet = new Fleet(clock);
  const streams = new OpenStreams();
  const listeners = new Set<() => void>();
  const { logger, said } = collectingLogger();
  let looked = 0;
  let costMs = 0;
  let broken = false;
  let followed = at(1);
  const follower = {
    current: () => followed,
    onChange: (listener: () => void) => void listeners.add(listener),
    status() {
      looked += 1;
      clock.stall(costMs);
      if (broken) throw new TypeError('broken');
      return { ready: true };
    },
  } as unknown as LogFollower;
  const live = new LiveEvents({
    follower,
    fleet,
    streams,
    clock,
    logger,
    page: 'v1',
    stats: new FleetStats({ fleet, follower, clock }),
  });
  const open = (pool = '') => {
    const connection = new Connection();
    const answer = live.open(pool);
    assert.ok('events' in answer);
    answer.events(new EventStream(connection as unknown as ServerResponse));
    return connection;
  };
  const commit = (revision: number) => {
    followed = at(revision);
    for (const listener of listeners) listener();
  };
  return {
    clock,
    streams,
    open,
    commit,
    said,
    looks: () => looked,
    /** How long it takes from now on to make a view. */
    cost(ms: number): void {
      costMs = ms;
    },
    breakIt(): void {
      broken = true;
    },
  };
}

function at(revision: number): Followed {
  const state = stateOf([]);
  return { state, position: { ...state.head, revision, version: revision }, members: [] };
}

const revisions = (connection: Connection) => connection.heard('view').map(({ revision }) => revision);

describe('a reader of the live stream', () => {
  it('gets the view at once, again only when it changed, and figures all the time', () => {
    const { clock, open, commit } = rig();
    const reader = open();
    assert.deepEqual(revisions(reader), [1]);
    clock.advance(3_000);
    assert.deepEqual(revisions(reader), [1]);
    assert.ok(reader.heard('stats').length >= 3);
    commit(2);
    clock.advance(100);
    assert.deepEqual(revisions(reader), [1, 2]);
  });

  it('misses what it did not take, and gets the newest then', () => {
    const { clock, open, commit } = rig();
    const [slow, quick] = [open(), open()];
    slow.writableNeedDrain = true;
    const sent = slow.written.length;
    for (let revision = 2; revision <= 10; revision += 1) {
      commit(revision);
      clock.advance(1_000);
    }
    assert.equal(slow.written.length, sent);
    assert.equal(revisions(quick).length, 10);
    slow.writableNeedDrain = false;
    clock.advance(1_000);
    assert.deepEqual(revisions(slow), [1, 10]);
  });

  it('is cut off when it takes nothing for long', () => {
    const { clock, open } = rig();
    const reader = open();
    reader.writableNeedDrain = true;
    clock.advance(30_000);
    assert.equal(reader.ended, null);
    clock.advance(2_000);
    assert.equal(reader.ended, 'cut off');
  });

  it('costs a view no more when there are many, and nothing when there is none', () => {
    const { clock, open, looks } = rig();
    const readers = Array.from({ length: 50 }, () => open());
    const before = looks();
    clock.advance(1_000);
    assert.equal(looks() - before, 1);
    for (const reader of readers) reader.end();
    const after = looks();
    clock.advance(10_000);
    assert.equal(looks(), after);
  });

  it('costs views a tenth of the time, however many pools are looked at', () => {
    const { clock, open, commit, looks, cost } = rig();
    const readers = Array.from({ length: 20 }, (_, index) => open(`pool-${index}`));
    assert.equal(looks(), 1);
    cost(200);
    const beganMs = clock.nowMs();
    for (let revision = 2; revision < 300; revision += 1) {
      commit(revision);
      clock.advance(100);
    }
    const share = ((looks() - 1) * 200) / (clock.nowMs() - beganMs);
    assert.ok(share > 0.05 && share < 0.12, `${share}`);
    clock.advance(3_000);
    for (const reader of readers) assert.equal(revisions(reader).at(-1), 299);
  });

  it('is cut off when something fails here, which is said and ends nothing else', () => {
    const { clock, open, said, breakIt } = rig();
    const reader = open();
    breakIt();
    clock.advance(1_000);
    assert.equal(reader.ended, 'in order');
    assert.deepEqual(said, ['error the live stream failed: this is a defect']);
  });

  it('is told the end when the control plane stops or steps aside', () => {
    const { streams, open } = rig();
    const reader = open();
    streams.endAll(new LbError('UNAVAILABLE', 'stopping'));
    assert.equal(reader.ended, 'in order');
  });
});
