/** Every kind of check: its type says who makes it. Those that only connect take the system calls of the engine. */
import type { HealthCheck } from '../../core/model/resources.ts';
import type { Libc } from '../kernel/libc.ts';
import type { Checker, CheckTarget } from './checker.ts';
import { ConnectionCheck, type ConnectionInputs } from './connection-check.ts';
import { epollChecker } from './epoll-checker.ts';
import { ask } from './http-conversation.ts';
import { runScript } from './script-conversation.ts';
import { Secrets } from './secrets.ts';
import { tcpChecker } from './tcp-checker.ts';

export interface CheckerInputs extends ConnectionInputs {
  readonly engine: 'epoll' | 'portable';
  readonly libc: Libc | null;
  /** The directory of the secrets that scripts send; undefined: there are none. */
  readonly secrets?: string | undefined;
}

export function checkerByType(inputs: CheckerInputs): Checker {
  const { clock, engine, libc, sourceAddresses } = inputs;
  const tcp =
    engine === 'epoll' ? epollChecker(clock, sourceAddresses) : tcpChecker(clock, sourceAddresses, libc);
  const secrets = new Secrets(inputs.secrets, clock);
  return {
    check(target, check, done) {
      if (check.type === 'tcp') return tcp.check(target, check, done);
      const running = new ConnectionCheck(inputs, target, check, done);
      begin(running, target, check, secrets);
      return running;
    },
  };
}

function begin(running: ConnectionCheck, target: CheckTarget, check: HealthCheck, secrets: Secrets): void {
  const { http, script, tls, type } = check;
  if (script) runScript(running, script, secrets);
  else if (http) running.start((socket) => ask(socket, running, target, http));
  else if (tls) running.start(() => running.finish({ type: 'passed' }));
  else running.start(() => running.fail(`this proxy can't make ${type} checks`));
}
