import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { expectedAt } from '../../../cli/completion/position.ts';
import { buildProgram } from '../../../cli/program.ts';

const program = buildProgram(async () => undefined);

describe('what is completed', () => {
  const names = (kind: string, pool?: string) => ({ type: 'names', kind, ...(pool && { pool }) });
  const CASES: readonly (readonly [line: string, wanted: object | string])[] = [
    [
      '',
      'get describe health wait top events history show apply diff export create set delete backend host rollback store register completion',
    ],
    ['get ', 'listeners pools policies backends proxies revisions'],
    ['delete ', 'listener pool policy backend proxy'],
    ['backend ', 'add remove set drain disable enable'],
    ['completion ', 'bash zsh fish'],
    ['-o ', 'table wide json yaml name'],
    [
      'set policy a --strategy ',
      'round_robin least_connections power_of_two_choices random source_hash peak_ewma',
    ],
    ['create pool ', ''],
    ['backend add web ', ''],
    ['get pools ', names('pools')],
    ['get -o json pool ', names('pools')],
    ['describe proxy ', names('proxies')],
    ['set listener ', names('listeners')],
    ['set listener web --pool ', names('pools')],
    ['create pool web --policy ', names('policies')],
    ['backend drain ', names('pools')],
    ['backend drain --wait web ', names('backends', 'web')],
    ['--timeout 5s wait ', names('revisions')],
    ['diff 4 ', names('revisions')],
    ['rollback ', names('revisions')],
    ['health ', names('pools')],
    ['apply -f ', { type: 'files' }],
  ];
  for (const [line, wanted] of CASES) {
    it(`after "lbctl ${line}"`, () => {
      const found = expectedAt(program, line.split(' '));
      const expected =
        typeof wanted === 'string'
          ? { type: 'words', words: wanted === '' ? [] : wanted.split(' ') }
          : wanted;
      assert.deepEqual(found, expected);
    });
  }

  it('are the options of the command and the global ones after a dash', () => {
    const found = expectedAt(program, ['backend', 'set', 'web', '--']);
    assert.ok(found.type === 'words');
    for (const option of ['--weight', '--wait', '--dry-run', '--server', '--output']) {
      assert.ok(found.words.includes(option), option);
    }
    assert.ok(!found.words.includes('--strategy'));
  });
});
