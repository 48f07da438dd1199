/** The screen at 80 by 24 and at other sizes, as it looks. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { styleFor } from '../../../../cli/output/style.ts';
import { sparkline } from '../../../../cli/top/columns.ts';
import { Samples } from '../../../../cli/top/rows.ts';
import { fit, textWidth } from '../../../../cli/top/text-width.ts';
import { screenLines, type Shown, type Size } from '../../../../cli/top/view.ts';
import { FIRST_STATE, type ViewState } from '../../../../cli/top/view-state.ts';
import { backendStats, statsFrame } from '../../../../harness/control-plane/frames.ts';

const PLAIN = styleFor(false, undefined);

function shown(fields: Partial<Shown> = {}): Shown {
  return {
    frame: statsFrame(),
    pool: undefined,
    states: new Map([['web/10.0.0.2:8080', { state: 'draining', sinceMs: 0, text: 'draining 3d' }]]),
    samplesOf: () => [1, 2, 4, 8],
    server: '127.0.0.1:7000',
    notice: '',
    clock: '12:34:56',
    ...fields,
  };
}

function screen(
  state: Partial<ViewState> = {},
  fields: Partial<Shown> = {},
  size: Size = { columns: 80, rows: 24 },
): string[] {
  const lines = screenLines(shown(fields), { ...FIRST_STATE, ...state }, size, PLAIN);
  assert.equal(lines.length, size.rows);
  for (const line of lines) assert.ok(textWidth(line) <= size.columns, line);
  return lines.map((line) => line.trimEnd());
}

describe('the screen', () => {
  it('at 80 by 24 shows backends, the busiest first', () => {
    assert.deepEqual(screen(), [
      'lbctl top · 127.0.0.1:7000                                              12:34:56',
      'revision 7 · 1 of 2 proxies connected · p99 connect 4.2ms, first byte 210ms',
      '42 open · 120 conn/s · 0 err/s · in 1.2MB/s · out 57MB/s · over 10s',
      '[backends 3]  pools  listeners  proxies',
      'NAME              STATE        ACTIVE▾CONN/S ERR/S OUT/S  C-P99 FB-P99 CONN/S',
      'web/10.0.0.1:8080 healthy          30     80     0     0  4.2ms      -      ▁▂▄█',
      'web/10.0.0.2:8080 draining 3d      12     40   1.5     0      -      -      ▁▂▄█',
      'web/10.0.0.3:8080 unhealthy         0      0     0     0      -      -      ▁▂▄█',
      ...Array.from({ length: 14 }, () => ''),
      'b/p/l/x or tab view · / filter · arrows, page keys scroll · r reverse · q quit',
      'sort n:name s:state a:active c:conn e:err i:in o:out m:c-p50 t:c-p99 f:fb-p99',
    ]);
  });

  it('has every column where there is room', () => {
    const [, , , , header, first] = screen({}, {}, { columns: 120, rows: 24 });
    assert.match(
      header ?? '',
      /^NAME +STATE +ACTIVE▾CONN\/S ERR\/S +IN\/S OUT\/S +C-P50 +C-P99 FB-P99 CONN\/S$/,
    );
    assert.match(first ?? '', / 400µs +4\.2ms /);
  });

  it('shows pools, listeners and proxies', () => {
    assert.match(screen({ view: 'pools' })[5] ?? '', /^web +2\/3 up +42 +120 /);
    assert.match(screen({ view: 'listeners' })[5] ?? '', /^front +→ web +42 +120 /);
    const proxies = screen({ view: 'proxies' });
    assert.match(proxies[4] ?? '', /CPUS +MEM +REV/);
    assert.match(proxies[5] ?? '', /^east +connected +42 +120 .* 1\.25 +123M +7 /);
    assert.match(proxies[6] ?? '', /^west +disconnected +0 /);
  });

  it('shows tiers where there are several, what a policy expects, and who waits', () => {
    const frame = statsFrame();
    const [pool] = frame.pools;
    assert.ok(pool);
    const rows = (fields: Partial<typeof pool>) =>
      screen({ view: 'pools' }, { frame: { ...frame, pools: [{ ...pool, ...fields }] } })[5] ?? '';
    assert.match(rows({ servingTier: 1 }), /^web +2\/3 up t1 /);
    assert.match(rows({ waiting: 12 }), /^web +12 wait, 2\/3 /);
    const full = frame.backends.map((each) => ({ ...each, maxConnections: 15 }));
    const states = screen({}, { frame: { ...frame, backends: full } }).slice(5, 7);
    assert.match(states.join(), /^web\/10.0.0.1:8080 full .*,web\/10.0.0.2:8080 draining/);
    assert.match(rows({ expectedHealthy: 1, backendsUp: 1 }), /^web +1\/1 expected /);
    const backends = frame.backends.map((backend) => ({ ...backend, tier: 1 }));
    assert.match(
      screen({}, { frame: { ...frame, backends } })[5] ?? '',
      /^web\/10\.0\.0\.1:8080 healthy t1 /,
    );
  });

  it('of one pool does not repeat its name', () => {
    const lines = screen({}, { pool: 'web' });
    assert.match(lines[0] ?? '', /^lbctl top web · /);
    assert.match(lines[5] ?? '', /^10\.0\.0\.1:8080 healthy /);
  });

  it('sorts by the column that was chosen, either way, texts from the first on', () => {
    // The last digit of the host.
    const hosts = (state: Partial<ViewState>) =>
      screen(state)
        .slice(5, 8)
        .map((line) => line.slice(11, 12));
    assert.deepEqual(hosts({ sort: 'e' }), ['2', '1', '3']);
    assert.deepEqual(hosts({ sort: 'n' }), ['1', '2', '3']);
    assert.deepEqual(hosts({ sort: 'n', reversed: true }), ['3', '2', '1']);
  });

  it('keeps rows in place that look the same', () => {
    const backends = [
      backendStats('10.0.0.1:80', { connectionsPerSecond: 100.1 }),
      backendStats('10.0.0.2:80', { connectionsPerSecond: 100.2 }),
    ];
    assert.match(screen({}, { frame: statsFrame({ backends }) })[5] ?? '', /^web\/10\.0\.0\.1/);
  });

  it('shows what the filter lets through, and the filter', () => {
    const lines = screen({ filter: '0.2', typing: true });
    assert.match(lines[3] ?? '', /\[backends 1\].*\/0\.2▏$/);
    assert.match(lines[5] ?? '', /^web\/10\.0\.0\.2/);
    assert.equal(lines[6], '');
    assert.match(screen({ filter: 'unhealthy' })[5] ?? '', /^web\/10\.0\.0\.3/);
  });

  it('scrolls within its rows, and says where it is and what is not there', () => {
    const backends = Array.from({ length: 40 }, (_, index) => backendStats(`10.0.0.${index + 10}:80`));
    const many = { frame: statsFrame({ backends, moreBackends: 9_960 }) };
    assert.match(screen({}, many)[3] ?? '', /^\[backends 1-17 of 40\].*\+9960 quieter ones$/);
    const end = screen({ offset: 1_000 }, many);
    assert.match(end[3] ?? '', /24-40 of 40/);
    assert.match(end[21] ?? '', /^web\/10\.0\.0\.49/);
  });

  it('says before the first frame that it waits, and passes on what there is to say', () => {
    assert.match(screen({}, { frame: null })[1] ?? '', /waiting/);
    assert.equal(screen({}, { notice: 'a:1 is lost: now from b:1' })[3], 'a:1 is lost: now from b:1');
  });

  it('fits any size, with names that are wide or long', () => {
    const backends = [backendStats('負荷分散'.repeat(20)), backendStats('x'.repeat(200))];
    for (const columns of [20, 40, 60, 79, 80, 81, 132, 300]) {
      for (const rows of [4, 5, 8, 24, 60])
        screen({}, { frame: statsFrame({ backends }) }, { columns, rows });
    }
  });

  it('has colours only where they are wanted', () => {
    const plain = screenLines(shown(), FIRST_STATE, { columns: 80, rows: 24 }, styleFor(true, '1')).join('');
    assert.ok(!plain.includes('\u001b'));
    const coloured = screenLines(
      shown(),
      FIRST_STATE,
      { columns: 80, rows: 24 },
      (tone, text) => `<${tone}>${text}`,
    );
    assert.match(coloured[7] ?? '', /<bad>unhealthy/);
    assert.match(coloured[1] ?? '', /^<doubtful>/);
  });
});

describe('samples', () => {
  it('are the newest thirty of each row, and forgotten with it', () => {
    const samples = new Samples();
    for (let index = 1; index <= 40; index += 1) {
      samples.add(
        statsFrame({ backends: [backendStats('10.0.0.1:80', { connectionsPerSecond: index })] }),
        undefined,
      );
    }
    const kept = samples.of('backends', 'web/10.0.0.1:80');
    assert.deepEqual([kept.length, kept[0], kept.at(-1)], [30, 11, 40]);
    samples.add(statsFrame({ backends: [] }), undefined);
    assert.deepEqual(samples.of('backends', 'web/10.0.0.1:80'), []);
    assert.equal(samples.of('pools', 'web').length, 30);
  });
});

describe('a sparkline', () => {
  it('has the newest at the right, beside the highest of them', () => {
    assert.equal(sparkline([9, 0, 1, 2, 4, 8], 5), '▁▁▂▄█');
  });

  it('is flat when nothing happens, and empty without room or samples', () => {
    assert.equal(sparkline([0, 0], 8), '▁▁');
    assert.equal(sparkline([1, 2], 0), '');
    assert.equal(sparkline([], 8), '');
  });
});

describe('a text that fits', () => {
  it('takes as many columns as it was given', () => {
    for (const text of ['', 'web', 'a-long-name', '負荷分散', 'e\u0301te\u0301', 'tab\there', '🙂🙂🙂']) {
      for (const width of [0, 1, 2, 3, 5, 8])
        assert.equal(textWidth(fit(text, width)), width, `${text} in ${width}`);
    }
  });

  it('is cut with an ellipsis, never within a wide character', () => {
    assert.equal(fit('abcdef', 4), 'abc…');
    assert.equal(fit('負荷分散', 4), '負… ');
    assert.equal(fit('ab', 4, 'right'), '  ab');
  });

  it('steers no terminal', () => {
    assert.equal(fit('a\u001b[2Jb', 6), 'a [2Jb');
  });
});
