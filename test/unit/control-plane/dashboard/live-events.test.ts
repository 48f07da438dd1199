/** What readers of the live stream get, and what slow ones do not. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { LiveEvents } from '../../../../control-plane/dashboard/live-events.ts';
import { type EventKind, EventLog } from '../../../../control-plane/fleet/event-log.ts';
import { Fleet } from '../../../../control-plane/fleet/fleet.ts';
import { OpenStreams } from '../../../../control-plane/rpc/open-streams.ts';
import { FleetStats } from '../../../../control-plane/fleet/fleet-stats.ts';
import type { Followed, LogFollower } from '../../../../control-plane/store/log/log-follower.ts';
import { LbError } from '../../../../core/runtime/errors.ts';
import { EventStream } from '../../../../core/runtime/event-stream.ts';
import type { BackendReport__Output } from '../../../../core/wire/generated/lb/v1/BackendReport.ts';
import { collectingLogger } from '../../../../harness/collecting-logger.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';
import { NOBODY, backendReport, proxyInfo, report } from '../../../../harness/control-plane/reports.ts';
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
  let viewsMade = 0;
  let costMs = 0;
  let broken = false;
  let followed = at(1);
  const follower = {
    current: () => followed,
    onChange: (listener: () => void) => void listeners.add(listener),
    status() {
      viewsMade += 1;
      clock.stall(costMs);
      if (broken) throw new TypeError('broken');
      return { ready: true };
    },
  } as unknown as LogFollower;
  const events = new EventLog(0);
  const live = new LiveEvents({
    follower,
    fleet,
    streams,
    clock,
    logger,
    page: 'v1',
    stats: new FleetStats({ fleet, follower, clock }),
    events,
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
    events,
    fleet,
    streams,
    live,
    open,
    commit,
    said,
    viewsMade: () => viewsMade,
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
  const backends = [{ address: '10.0.0.1:80' }, { address: '10.0.0.2:80' }];
  const state = stateOf([{ kind: 'pool', value: { name: 'web', backends } }]);
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

  it('gets a health transition within 100 ms, without waiting for the tick, and several of them as one view', () => {
    const { clock, fleet, open } = rig();
    const session = fleet.connect(proxyInfo('a'), NOBODY);
    const reader = open();
    const views = () => reader.heard('view').length;
    const reportHealth = (address: string, health: BackendReport__Output['health']) =>
      session.report(report({ backends: [backendReport('web', address, { health })] }));
    clock.advance(1_010);
    const before = views();
    reportHealth('10.0.0.1:80', 'HEALTH_UNHEALTHY');
    clock.advance(50);
    reportHealth('10.0.0.2:80', 'HEALTH_UNHEALTHY');
    assert.equal(views(), before);
    clock.advance(50);
    assert.equal(views(), before + 1);
    assert.match(JSON.stringify(reader.heard('view').at(-1)), /10\.0\.0\.2:80|2 down/);
    reportHealth('10.0.0.1:80', 'HEALTH_HEALTHY');
    clock.advance(100);
    assert.equal(views(), before + 2);
  });

  it('gets what happened and then only what is new; a page marks its charts with that, and the page of events lists it', () => {
    const { clock, events, open } = rig();
    const time = clock.wallMs();
    const flap = (pool: string, kind: EventKind) =>
      events.addTransition({ kind, pool, backend: '10.0.0.1:80', proxyId: 'a', text: pool }, time);
    events.add({ kind: 'KIND_COMMIT', revision: '1', text: 'revision 1' }, time);
    events.add({ kind: 'KIND_PROXY_CONNECTED', proxyId: 'a', text: 'proxy a connected' }, time);
    flap('web', 'KIND_BACKEND_UNHEALTHY');
    const pages = ['', 'pools/web', 'pools/api', 'events'].map(open);
    flap('api', 'KIND_BACKEND_HEALTHY');
    clock.advance(100);
    const heard = pages.map((reader) =>
      reader
        .heard('events')
        .map(({ rows }) => (rows as { text: string }[]).map(({ text }) => text.split(',')[0])),
    );
    assert.deepEqual(heard, [
      [['revision 1', 'web'], ['api']],
      [['revision 1', 'web']],
      [['revision 1'], ['api']],
      [['revision 1', 'proxy a connected', 'web'], ['api']],
    ]);
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

  it('costs no more views when there are many, and none when there are no readers', () => {
    const { clock, open, viewsMade } = rig();
    const readers = Array.from({ length: 50 }, () => open());
    const before = viewsMade();
    clock.advance(1_000);
    assert.equal(viewsMade() - before, 1);
    for (const reader of readers) reader.end();
    const after = viewsMade();
    clock.advance(10_000);
    assert.equal(viewsMade(), after);
  });

  it('costs a tenth of the time for views, however many pools are shown', () => {
    const { clock, open, commit, viewsMade, cost } = rig();
    const readers = Array.from({ length: 20 }, (_, index) => open(`pools/pool-${index}`));
    assert.equal(viewsMade(), 1);
    cost(200);
    const beganMs = clock.nowMs();
    for (let revision = 2; revision < 300; revision += 1) {
      commit(revision);
      clock.advance(100);
    }
    const share = ((viewsMade() - 1) * 200) / (clock.nowMs() - beganMs);
    assert.ok(share > 0.05 && share < 0.12, `${share}`);
    clock.advance(3_000);
    for (const reader of readers) assert.equal(revisions(reader).at(-1), 299);
  });

  it('is cut off when making a view fails, which is logged and ends nothing else', () => {
    const { clock, open, said, breakIt } = rig();
    const reader = open();
    breakIt();
    clock.advance(1_000);
    assert.equal(reader.ended, 'in order');
    assert.deepEqual(said, ["error the dashboard's live stream failed; this is a bug"]);
  });

  it('is refused as the hundred and first, and told when to try again', () => {
    const { live, open } = rig();
    for (let reader = 0; reader < 100; reader += 1) open();
    const refused = live.open('');
    assert.ok('status' in refused);
    assert.deepEqual([refused.status, refused.headers?.['retry-after']], [503, '5']);
    assert.match(String(refused.body), /100 dashboard pages are open on this control plane/);
  });

  it('is ended when the control plane stops', () => {
    const { streams, open } = rig();
    const reader = open();
    streams.endAll(new LbError('UNAVAILABLE', 'stopping'));
    assert.equal(reader.ended, 'in order');
  });
});
