import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { NO_ROW } from '../../../../data-plane/engine/engine.ts';
import { CLOSE_REASONS } from '../../../../core/wire/close-reasons.ts';
import { connectionLine } from '../../../../data-plane/telemetry/connection-line.ts';
import { FIELD, LOG_FIELDS, type LogField } from '../../../../data-plane/memory/log-ring.ts';
import { benchOf, type HandlerBench } from '../../../../harness/worker/handler-bench.ts';

type LogRecord = Record<LogField, number>;

function records(bench: HandlerBench): LogRecord[] {
  const all: LogRecord[] = [];
  bench.ring.take(99, (cells, at) => {
    all.push(Object.fromEntries(LOG_FIELDS.map((field) => [field, cells[at + FIELD[field]]])) as LogRecord);
  });
  return all;
}

const reasonOf = ({ reason }: LogRecord) => CLOSE_REASONS[reason];

describe('records of connections', () => {
  let bench: HandlerBench;
  beforeEach(() => {
    bench = benchOf({ backends: { 1: 1, 2: 1 }, retries: 1 });
  });

  it('are at most 200 a second of connections that were refused, and the others are counted', () => {
    const refuse = (count: number) => {
      let written = 0;
      for (let nth = 0; nth < count; nth++) {
        bench.accept(0);
        bench.handler.onClosed(0, 'denied');
        written += records(bench).length;
      }
      return written;
    };
    assert.equal(refuse(500), 200);
    assert.equal(bench.ring.leftOut, 300);
    bench.accept(0);
    bench.handler.onClosed(0, 'completed');
    assert.equal(records(bench).length, 1);
    bench.clock.advance(1_000);
    assert.equal(refuse(10), 10);
    assert.equal(bench.ring.dropped, 0);
  });

  it('have what happened to a connection, from accept to close', () => {
    bench.peer.setText('192.0.2.7', 4_711);
    bench.accept(0);
    bench.clock.advance(20);
    const row = bench.row(bench.fail(0));
    bench.clock.advance(3);
    bench.handler.onEstablished(0);
    bench.handler.onBytes(0, 10, 0);
    bench.clock.advance(100);
    bench.handler.onBytes(0, 1, 22);
    bench.clock.advance(1_000);
    bench.handler.onBytes(0, 0, 3);
    bench.handler.onClosed(0, 'backend_reset');
    const [record, ...others] = records(bench);
    assert.ok(record);
    assert.deepEqual(others, []);
    const { ip0: _, ...fields } = record;
    assert.deepEqual(fields, {
      id: 1,
      acceptedMs: bench.clock.wallMs() - 1_123,
      listener: 0,
      pool: 0,
      backend: row,
      generation: 1,
      attempts: 2,
      connectMs: 3,
      firstByteMs: 123,
      durationMs: 1_123,
      bytesFromClient: 11,
      bytesToClient: 25,
      reason: CLOSE_REASONS.indexOf('backend_reset'),
      family: 4,
      port: 4_711,
      ip1: 0,
      ip2: 0,
      ip3: 0,
    });
  });

  it('name the backend that was tried last, and say that no connect succeeded', () => {
    bench.accept(0);
    const last = bench.row(bench.fail(0));
    bench.fail(0);
    bench.handler.onClosed(0, 'connect_failed');
    const [record] = records(bench);
    assert.ok(record);
    const { attempts, backend, connectMs, firstByteMs } = record;
    assert.deepEqual([attempts, backend, connectMs, firstByteMs], [2, last, -1, -1]);
  });

  it('are there for connections without a backend, and of listeners that no plan names', () => {
    bench.apply({ backends: {} });
    bench.accept(0);
    bench.handler.onClosed(0, 'no_backend');
    bench.handler.onAccept(1, 5, bench.peer);
    bench.handler.onClosed(1, 'no_backend');
    assert.deepEqual(
      records(bench).map(({ attempts, backend, listener, pool }) => [attempts, backend, listener, pool]),
      [
        [0, NO_ROW, 0, 0],
        [0, NO_ROW, 5, NO_ROW],
      ],
    );
  });

  it('have nothing of the connection that had the slot before', () => {
    for (const reason of ['completed', 'client_reset'] as const) {
      bench.accept(3);
      if (reason === 'completed') {
        bench.handler.onEstablished(3);
        bench.handler.onBytes(3, 1, 2);
      }
      bench.handler.onClosed(3, reason);
    }
    const [, second] = records(bench);
    assert.ok(second);
    const { attempts, bytesFromClient, bytesToClient, connectMs, firstByteMs, id } = second;
    assert.deepEqual(
      [id, attempts, connectMs, firstByteMs, bytesFromClient, bytesToClient],
      [2, 1, -1, -1, 0, 0],
    );
  });

  it('are made as often as the policy says when a connection is accepted', () => {
    const serve = (count: number) => {
      for (let each = 0; each < count; each += 1) {
        bench.accept(0);
        bench.handler.onEstablished(0);
        bench.handler.onClosed(0, 'completed');
      }
      return records(bench).length;
    };
    bench.apply({ backends: { 1: 1 }, logOneIn: 0 });
    assert.equal(serve(50), 0);
    bench.apply({ backends: { 1: 1 }, logOneIn: 4 });
    const share = Array.from({ length: 40 }, () => serve(50)).reduce((sum, count) => sum + count, 0) / 2_000;
    assert.ok(share > 0.2 && share < 0.3, `${share} of 1 in 4`);
    bench.accept(0);
    bench.apply({ backends: { 1: 1 }, logOneIn: 1 });
    assert.equal(serve(5), 5);
  });

  it('that find the ring full are dropped, and connections go on', () => {
    for (let each = 0; each < 70; each += 1) {
      bench.accept(0);
      bench.handler.onClosed(0, 'client_reset');
    }
    assert.equal(bench.ring.dropped, 6);
    assert.equal(
      records(bench)
        .map(reasonOf)
        .filter((reason) => reason === 'client_reset').length,
      64,
    );
    assert.equal(bench.own.worker[CLOSE_REASONS.indexOf('client_reset')], 70);
  });
});

describe('the line of a record', () => {
  const names = {
    listener: (row: number) => `listener ${row}`,
    pool: (row: number) => (row < 0 ? null : `pool ${row}`),
    backend: (row: number, generation: number) => (row < 0 ? null : `backend ${row} of ${generation}`),
  };
  const lineOf = (fields: Partial<LogRecord>) => {
    const cells = Float64Array.from(LOG_FIELDS, (field) => fields[field] ?? 0);
    const line = connectionLine(cells, 0, names, { proxy: 'p1', instance: 'abc', worker: 2 });
    assert.equal(line.indexOf('\n'), line.length - 1);
    return JSON.parse(line) as Record<string, unknown>;
  };

  it('has names, milliseconds and the reason in words', () => {
    const fields = {
      id: 7,
      acceptedMs: 1_700_000_000_123,
      pool: 1,
      backend: 4,
      generation: 3,
      connectMs: 1.23456,
    };
    const line = lineOf({ ...fields, firstByteMs: -1, reason: CLOSE_REASONS.indexOf('idle_timeout') });
    assert.deepEqual(line, {
      time: '2023-11-14T22:13:20.123Z',
      connection: 'abc-2-7',
      proxy: 'p1',
      worker: 2,
      listener: 'listener 0',
      pool: 'pool 1',
      backend: 'backend 4 of 3',
      client: null,
      attempts: 0,
      connect_ms: 1.23,
      first_byte_ms: null,
      duration_ms: 0,
      bytes_from_client: 0,
      bytes_to_client: 0,
      reason: 'idle_timeout',
      why: 'no byte in either direction for too long',
    });
  });

  it('names the client as people write addresses', () => {
    const bench = benchOf({ backends: { 1: 1 } });
    const client = (text: string) => {
      bench.peer.setText(text, 80);
      const [ip0 = 0, ip1 = 0, ip2 = 0, ip3 = 0] = bench.peer.words;
      return lineOf({ family: bench.peer.family, port: bench.peer.port, ip0, ip1, ip2, ip3 })['client'];
    };
    assert.equal(client('192.0.2.200'), '192.0.2.200:80');
    assert.equal(client('2001:db8::ffff'), '[2001:db8::ffff]:80');
    assert.equal(client('::ffff:192.0.2.1'), '192.0.2.1:80');
    assert.equal(client(''), null);
  });
});
