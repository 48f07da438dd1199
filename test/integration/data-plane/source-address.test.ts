/** A real proxy process that is told where its connections to backends come from. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startBuilt, temporaryFolder } from '../../../harness/programs/processes.ts';
import { startProxyProcess } from '../../../harness/programs/proxy-process.ts';

const NOBODY_THERE = '127.0.0.1:1';

describe('--source-address', () => {
  it('of another host keeps a proxy from starting, in words, with all such addresses at once', async (t) => {
    const flags = {
      'admin-address': '127.0.0.1:0',
      'control-plane': NOBODY_THERE,
      'state-dir': temporaryFolder(t),
      'source-address': '192.0.2.1,127.0.0.2,2001:db8::1',
    };
    const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
    const running = startBuilt(t, 'data-plane/main.js', args);
    const said = await running.line((line) => (line.includes('cannot start') ? line : undefined), 'refusal');
    for (const part of [
      '--source-address',
      '192.0.2.1',
      '2001:db8::1',
      'an address of this host',
      '`ip address`',
    ])
      assert.ok(said.includes(part), `${part} in ${said}`);
    assert.ok(!said.includes('127.0.0.2'), said);
    assert.equal((await running.ended).code, 1);
  });

  it('of this host lets it start', async (t) => {
    const flags = { 'source-address': '127.0.0.2,127.0.0.3' };
    assert.ok((await startProxyProcess(t, [NOBODY_THERE], temporaryFolder(t), flags)).admin);
  });
});
