/** Options that several commands have, and the texts that they take. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { MAX_WEIGHT } from '../../core/model/defaults.ts';
import type { BackendDraft } from '../../core/model/draft.ts';
import { HEALTH_CHECK_TYPES, STRATEGIES } from '../../core/model/resources.ts';
import { allowedRange } from '../../core/model/validate-policy.ts';
import { duration, hostPortList, integer, type Parse, tokenFile } from '../../core/runtime/flags.ts';
import { FORMATS } from '../context.ts';

const weight = integer(0, MAX_WEIGHT);

/** A whole number that a field of a policy may be. */
function count(field: string): Parse<number> {
  const { min, max } = allowedRange(field);
  return integer(min, max);
}

/** Options of every command, accepted before and after its name. */
export function addGlobalOptions(program: Command): Command {
  return program
    .addOption(
      new Option('--server <HOST:PORT,...>', 'control planes, tried in this order')
        .env('LBCTL_SERVER')
        .argParser(hostPortList)
        .default(['127.0.0.1:7000'], '127.0.0.1:7000'),
    )
    .addOption(
      new Option('--token-file <FILE>', 'the first token in it goes with every call')
        .env('LBCTL_TOKEN_FILE')
        .argParser(tokenFile),
    )
    .addOption(new Option('-o, --output <FORMAT>', 'how to print it').choices(FORMATS).default('table'))
    .addOption(
      new Option('--timeout <DURATION>', 'how long to try and to wait, such as 5s or 1m30s')
        .argParser(positiveDuration)
        .default(30_000, '30s'),
    );
}

/** Options of every command that changes something. */
export function addChangeOptions(command: Command): Command {
  return command
    .option('--wait', 'until every proxy runs the new revision')
    .option('--dry-run', 'check it and say what would change, but change nothing')
    .option('--message <TEXT>', 'why, for the history')
    .option('--force', 'overrule a guard that refused it');
}

/** Every field of a policy. */
export function addPolicyOptions(command: Command): Command {
  const add = <T>(spec: string, description: string, parse: Parse<T>) =>
    command.addOption(new Option(spec, description).argParser(parse));
  command.addOption(new Option('--strategy <STRATEGY>', 'how a backend is picked').choices(STRATEGIES));
  command.addOption(
    new Option('--health-check <TYPE>', 'how a backend is checked').choices(HEALTH_CHECK_TYPES),
  );
  add('--interval <DURATION>', 'between two health checks of a backend', duration);
  add('--check-timeout <DURATION>', 'how long a health check may take', duration);
  add(
    '--healthy-threshold <N>',
    'passes in a row that make a backend healthy again',
    count('health_check.healthy_threshold'),
  );
  add(
    '--unhealthy-threshold <N>',
    'failures in a row that make it unhealthy',
    count('health_check.unhealthy_threshold'),
  );
  add('--connect-timeout <DURATION>', 'how long connecting to a backend may take', duration);
  add('--retries <N>', 'further attempts, each on another backend', count('connect.retries'));
  add('--idle-timeout <DURATION>', 'ends a connection without a byte for so long; 0s: never', duration);
  add('--half-closed-timeout <DURATION>', 'the same once one side has ended; 0s: never', duration);
  add(
    '--drain-timeout <DURATION>',
    'how long connections to a draining backend may live; 0s: for ever',
    duration,
  );
  add('--log-one-in <N>', 'one connection in so many is logged; 0: none', count('connection_log.one_in'));
  return command;
}

export function addWeight(command: Command): Command {
  return command.addOption(
    new Option('--weight <N>', 'share of the connections, 0 to 1000; 0 takes no new ones').argParser(weight),
  );
}

/** For an option that may be given several times. */
export function collect<T>(
  parse: Parse<T>,
): (text: string, previous: readonly T[] | undefined) => readonly T[] {
  return (text, previous) => [...(previous ?? []), parse(text)];
}

/** `10.0.0.1:80` or `10.0.0.1:80,weight=2`. */
export const backendSpec: Parse<BackendDraft> = (text) => {
  const [address = '', ...rest] = text.split(',');
  if (rest.length === 0) return { address };
  const share = /^weight=(\d+)$/.exec(rest.join(','))?.[1];
  if (share === undefined) throw new InvalidArgumentError('Use IP:PORT or IP:PORT,weight=N.');
  return { address, weight: weight(share) };
};

export const revisionNumber: Parse<string> = (text) => {
  if (!/^\d{1,18}$/.test(text)) throw new InvalidArgumentError('Use the number of a revision, such as 42.');
  return text;
};

const positiveDuration: Parse<number> = (text) => {
  const ms = duration(text);
  if (ms <= 0) throw new InvalidArgumentError('Use more than 0s.');
  return ms;
};

/** Examples at the end of a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}
