/** The files of one command, together. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { CliError } from '../../../cli/exit.ts';
import { loadManifests } from '../../../cli/manifest/load.ts';
import { LbError } from '../../../core/runtime/errors.ts';
import { WHOLE } from '../../../harness/whole-manifest.ts';

describe('manifests of several files', () => {
  const folder = (t: TestContext, files: Readonly<Record<string, string>>) => {
    const path = mkdtempSync(join(tmpdir(), 'manifests-'));
    t.after(() => rmSync(path, { recursive: true }));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
    return path;
  };
  const POOL = 'kind: Pool\nname: web\n';

  it('are read from a directory by name, and from standard input', async (t) => {
    const path = folder(t, {
      'b.yaml': 'kind: Pool\nname: b\n',
      'a.json': '{"kind": "Pool", "name": "a"}',
      'c.yml': 'kind: Pool\nname: c\n',
      'README.md': 'not: [a manifest',
    });
    const { drafts } = await loadManifests([path, '-'], () => Readable.from(['kind: Pool\nname: d\n']));
    assert.deepEqual(
      drafts.map(({ value }) => value.name),
      ['a', 'b', 'c', 'd'],
    );
  });

  it('are refused with every problem of every file at once', async (t) => {
    const path = folder(t, { 'a.yaml': POOL, 'b.yaml': `${POOL}---\nkind: Pol\nname: x\n` });
    const empty = folder(t, {});
    await assert.rejects(
      loadManifests([path, join(path, 'none.yaml'), empty], () => Readable.from([])),
      (error) => {
        assert.ok(error instanceof CliError);
        assert.equal(error.exitCode, 1);
        const [missing = '', noFiles = '', twice = '', kind = '', ...more] = error.details;
        assert.match(missing, /none\.yaml: can't be read: ENOENT/);
        assert.match(noFiles, /holds no \*\.yaml, \*\.yml or \*\.json/);
        assert.match(kind, /b\.yaml:4: kind: "Pol" is not a kind \(did you mean "Pool"\?\)/);
        assert.match(twice, /b\.yaml:1: declares Pool web again, which .*a\.yaml:1 declares/);
        assert.deepEqual(more, []);
        return true;
      },
    );
  });

  it('are not refused for what only follows from a type of check that can not be read', async (t) => {
    const path = folder(t, {
      'a.yaml': 'kind: Policy\nname: a\nhealth_check:\n  http: { path: x }\n  type: htp\n',
    });
    await assert.rejects(
      loadManifests([path], () => Readable.from([])),
      (error) => {
        assert.ok(error instanceof CliError);
        assert.match(error.details.join('\n'), /^\S+:4: \S+http\.path: .*\n\S+:5: \S+type: is "htp".*$/);
        return true;
      },
    );
  });

  it('are refused for what a control plane would refuse as well, in the same answer', async (t) => {
    const text = [
      'kind: Policy\nname: Bad_Name\nstrategy: fastest\nconnect: { retries: 99, timeout: 1h }',
      'kind: Pool\nname: web\npolicy: elsewhere\nbackends:\n  - { address: "example.com:80" }\n  - { address: "10.0.0.1:80", weight: 5000 }',
      'kind: Listener\nname: web\naddress: "0.0.0.0"\npool: other',
    ].join('\n---\n');
    const path = folder(t, { 'a.yaml': text, 'b.yaml': 'kind: Pool\nname: -b\nwieght: 1\n' });
    await assert.rejects(
      loadManifests([path], () => Readable.from([])),
      (error) => {
        assert.ok(error instanceof CliError);
        const found = error.details.map((detail) => detail.replace(/^.*\/(\w\.yaml:\d+: \S+): .*$/, '$1'));
        assert.deepEqual(found, [
          'a.yaml:2: policies[Bad_Name].name',
          'a.yaml:3: policies[Bad_Name].strategy',
          'a.yaml:4: policies[Bad_Name].connect.timeout',
          'a.yaml:4: policies[Bad_Name].connect.retries',
          'a.yaml:10: pools[web].backends[example.com:80].address',
          'a.yaml:11: pools[web].backends[10.0.0.1:80].weight',
          'a.yaml:15: listeners[web].address',
          'b.yaml:2: pools[-b].name',
          'b.yaml:3: pools[-b].wieght',
        ]);
        return true;
      },
    );
  });

  it('are read whatever wrote them, or named for what they are, with the line', async () => {
    const POOL_BYTES = Buffer.from('kind: Pool\nname: d\n');
    const wide = Buffer.from('kind: Pool\n', 'utf16le');
    const said = (bytes: Buffer) =>
      loadManifests(['-'], () => Readable.from([bytes])).then(
        ({ drafts }) => `${drafts.length}`,
        (error: CliError) => error.details.join(),
      );
    for (const [bytes, pattern] of [
      [Buffer.concat([Buffer.from('\ufeff'), POOL_BYTES]), /^1$/],
      [
        Buffer.concat([Buffer.from([0xff, 0xfe]), wide]),
        /^\(stdin\):1: is in UTF-16 or UTF-32; save it as UTF-8/,
      ],
      [Buffer.concat([Buffer.from([0xff, 0xfe]), wide]).swap16(), /^\(stdin\):1: is in UTF-16/],
      [wide, /^\(stdin\):1: is in UTF-16/],
      [
        Buffer.concat([POOL_BYTES, Buffer.from('\ufeff---\n'), POOL_BYTES]),
        /^\(stdin\):3: holds a byte order mark/,
      ],
      [
        Buffer.from('kind: Pool\nname: "a\0b"\n'),
        /^\(stdin\):2: holds a control character, U\+0000; delete it$/,
      ],
      [Buffer.from('kind: Pool\nname: "a\u001bb"\n'), /^\(stdin\):2: holds a control character, U\+001B/],
      [Buffer.from('kind: Pool\n# gr\xfc\xdfe\n', 'latin1'), /^\(stdin\):2: holds bytes that are not UTF-8/],
      [Buffer.alloc(17 * 1_048_576, 'a'), /^\(stdin\):1: is larger than 16 MiB/],
    ] as const) {
      assert.match(await said(bytes), pattern);
    }
  });

  it('without a name are not taken for one another', async () => {
    await assert.rejects(
      loadManifests(['-'], () => Readable.from(['kind: Pool\nname: 12\n---\nkind: Pool\nname: 2024\n'])),
      ({ details }: CliError) =>
        details.length === 2 && details.every((each) => each.includes('is the number')),
    );
  });

  it('without any resource are refused: with --prune they would delete everything', async () => {
    await assert.rejects(
      loadManifests(['-'], () => Readable.from(['# nothing\n'])),
      /no resource in \(stdin\)/,
    );
  });

  it('trace what the server objects to back to its line, or to the nearest thing around it', async (t) => {
    const path = join(folder(t, { 'a.yaml': WHOLE }), 'a.yaml');
    const { traced } = await loadManifests([path], () => Readable.from([]));
    const fields: readonly (readonly [string, number | undefined])[] = [
      ['policies[steady].health_check.interval', 4],
      ['pools[web].policy', 12],
      ['pools[web].backends[10.0.0.3:8080].weight', 13],
      ['pools[web].backends[10.0.0.1:8080].weight', 14],
      ['pools[web].backends[10.0.0.2:8080].weight', 15],
      ['listeners[web].address', 19],
      ['policies[primary].health_check.http.status[1]', 27],
      ['policies[redis].health_check.script', 41],
      ['policies[redis].health_check.script[1].send', 43],
      ['listeners[other].pool', undefined],
    ];
    const error = new LbError(
      'INVALID_ARGUMENT',
      'no',
      // A control plane finds them in the order of its rules.
      [...fields.slice(0, -1).reverse(), ...fields.slice(-1)].map(([field]) => ({
        field,
        description: 'is wrong',
      })),
    );
    await assert.rejects(traced(Promise.reject(error)), (result) => {
      assert.ok(result instanceof LbError);
      assert.deepEqual(
        result.violations.map(({ field }) => field),
        fields.map(([field, line]) => (line === undefined ? field : `${path}:${line}: ${field}`)),
      );
      return true;
    });
  });
});
