import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';

const FLAGS = new URL('../../../../core/runtime/flags.js', import.meta.url).href;

/** A small program of its own, since wrong usage ends the process. */
function run(args: string[], env: Record<string, string> = {}) {
  const program = `
    import { Command } from 'commander';
    import { duration, flag, formatHostPort, hostPort, hostPortList, integer, parseProgram, switchFlag } from '${FLAGS}';
    const options = parseProgram(new Command('demo')
      .addOption(flag('--grpc-address <HOST:PORT>', 'address', hostPort, hostPort('127.0.0.1:7000'), '127.0.0.1:7000'))
      .addOption(flag('--control-plane <LIST>', 'addresses', hostPortList))
      .addOption(flag('--drain-timeout <DURATION>', 'time', duration, 30_000, '30s'))
      .addOption(flag('--workers <N>', 'number', integer(1, 64)))
      .addOption(switchFlag('--share-listeners', 'switch')));
    console.log(JSON.stringify({ ...options, text: formatHostPort(options.grpcAddress) }));`;
  const result = spawnSync(process.execPath, ['--input-type=module', '-e', program, '--', ...args], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  return { ...result, options: () => JSON.parse(result.stdout) };
}

describe('flags', () => {
  it('have defaults', () => {
    assert.deepEqual(run([]).options(), {
      grpcAddress: { host: '127.0.0.1', port: 7000 },
      drainTimeout: 30_000,
      shareListeners: false,
      text: '127.0.0.1:7000',
    });
  });

  it('take the environment variable, and the flag over it', () => {
    const env = { LB_GRPC_ADDRESS: '[::1]:1', LB_DRAIN_TIMEOUT: '1m30s', LB_SHARE_LISTENERS: 'true' };
    const fromEnvironment = run([], env).options();
    assert.equal(fromEnvironment.text, '[::1]:1');
    assert.equal(fromEnvironment.drainTimeout, 90_000);
    assert.equal(fromEnvironment.shareListeners, true);
    assert.equal(run(['--grpc-address', 'lb:2'], env).options().text, 'lb:2');
    assert.equal(run([], { LB_SHARE_LISTENERS: 'false' }).options().shareListeners, false);
    assert.equal(run(['--share-listeners']).options().shareListeners, true);
  });

  for (const [args, env, message] of [
    [['--grpc-address', 'nowhere'], {}, /--grpc-address.*'nowhere'.*HOST:PORT/],
    [['--grpc-address', '1.2.3.4:70000'], {}, /--grpc-address.*0 to 65535/],
    [['--control-plane', 'a:1,b'], {}, /--control-plane.*HOST:PORT/],
    [['--control-plane', 'a:1,a:1'], {}, /given twice/],
    [['--drain-timeout', '5'], {}, /--drain-timeout.*'5'/],
    [['--workers', '0'], {}, /--workers.*1 to 64/],
    [['--workers', '2.5'], {}, /--workers.*1 to 64/],
    [['--nonsense'], {}, /--nonsense/],
    [['leftover'], {}, /too many arguments/],
    [[], { LB_WORKERS: 'many' }, /LB_WORKERS.*1 to 64/],
    [[], { LB_SHARE_LISTENERS: 'perhaps' }, /LB_SHARE_LISTENERS.*true, false/],
  ] as [string[], Record<string, string>, RegExp][]) {
    it(`refuse ${JSON.stringify(args)} ${JSON.stringify(env)} with exit code 2, naming flag, value and what is allowed`, () => {
      const { status, stderr, stdout } = run(args, env);
      assert.equal(status, 2);
      assert.match(stderr, message);
      assert.equal(stdout, '');
    });
  }
});
