/** Every kind of check: the type of a check chooses who makes it. */
import type { HealthCheck } from '../../core/model/resources.ts';
import type { Checker, CheckTarget } from './checker.ts';
import { ConnectionCheck, type ConnectionInputs } from './connection-check.ts';
import { ask } from './http-conversation.ts';
import { play } from './script-conversation.ts';
import { Secrets } from './secrets.ts';

export interface CheckerInputs extends ConnectionInputs {
  /** For checks that only connect. */
  readonly tcp: Checker;
  /** The directory of the secrets that scripts send; undefined: there are none. */
  readonly secrets?: string | undefined;
}

export function checkerByType(inputs: CheckerInputs): Checker {
  const secrets = new Secrets(inputs.secrets, inputs.clock);
  return {
    check(target, check, done) {
      if (check.type === 'tcp') return inputs.tcp.check(target, check, done);
      const running = new ConnectionCheck(inputs, target, check, done);
      begin(running, target, check, secrets);
      return running;
    },
  };
}

function begin(running: ConnectionCheck, target: CheckTarget, check: HealthCheck, secrets: Secrets): void {
  const { http, script, tls, type } = check;
  if (script) play(running, script, secrets);
  else if (http) running.start((socket) => ask(socket, running, target, http));
  else if (tls) running.start(() => running.finish({ type: 'passed' }));
  else running.start(() => running.fail(`this proxy can't make ${type} checks`));
}
