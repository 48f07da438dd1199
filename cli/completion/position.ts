/** What can follow at the end of a half-typed command line: fixed words, or names that the control plane has. */
import type { Argument, Command, Option } from 'commander';
import { type Kind, KIND_NAMES, kindOf, KINDS } from '../kinds/kind-names.ts';

export type Expected =
  | { readonly type: 'words'; readonly words: readonly string[] }
  | { readonly type: 'names'; readonly kind: Kind; readonly pool?: string }
  /** The shell completes file names by itself. */
  | { readonly type: 'files' };

const NOTHING: Expected = { type: 'words', words: [] };

/** Options whose value names something. */
const OPTION_KINDS: Readonly<Record<string, Kind>> = { '--pool': 'pools', '--policy': 'policies' };

/** `words` is what was typed after `lbctl`; the last of it, maybe empty, is being completed. */
export function expectedAt(program: Command, words: readonly string[]): Expected {
  const current = words.at(-1) ?? '';
  let command = program;
  let pending: Option | undefined;
  const operands: string[] = [];
  for (const word of words.slice(0, -1)) {
    if (pending) {
      pending = undefined;
    } else if (word.startsWith('-')) {
      const option = optionsOf(command, program).find(({ short, long }) => word === short || word === long);
      pending = option?.required ? option : undefined;
    } else {
      const next =
        operands.length === 0 ? command.commands.find((below) => below.name() === word) : undefined;
      if (next) command = next;
      else operands.push(word);
    }
  }
  if (pending) return valueOf(pending);
  if (current.startsWith('-')) {
    return {
      type: 'words',
      words: optionsOf(command, program).map(({ long, short }) => long ?? short ?? ''),
    };
  }
  if (command.commands.length > 0) return { type: 'words', words: namesUnder(command) };
  const argument = command.registeredArguments[operands.length];
  return argument ? argumentAt(argument, command, operands) : NOTHING;
}

/** The commands that help shows, without commander's own `help`. */
function namesUnder(command: Command): readonly string[] {
  const visible = command.createHelp().visibleCommands(command);
  return visible.filter((one) => command.commands.includes(one)).map((one) => one.name());
}

function optionsOf(command: Command, program: Command): readonly Option[] {
  return command === program ? program.options : [...command.options, ...program.options];
}

function valueOf(option: Option): Expected {
  if (option.argChoices) return { type: 'words', words: option.argChoices };
  const kind = OPTION_KINDS[option.long ?? ''];
  if (kind) return { type: 'names', kind };
  return option.long === '--file' ? { type: 'files' } : NOTHING;
}

function argumentAt(argument: Argument, command: Command, operands: readonly string[]): Expected {
  if (argument.argChoices) return { type: 'words', words: argument.argChoices };
  const parent = command.parent?.name();
  switch (argument.name()) {
    case 'kind':
      return { type: 'words', words: kindWords(command.name()) };
    case 'pool':
      return { type: 'names', kind: 'pools' };
    case 'address':
      // A backend that is to be added does not exist yet.
      return command.name() === 'add'
        ? NOTHING
        : { type: 'names', kind: 'backends', pool: operands[0] ?? '' };
    case 'revision':
      return { type: 'names', kind: 'revisions' };
    case 'name': {
      if (parent === 'create') return NOTHING;
      const kind = kindOf(parent === 'set' ? command.name() : (operands[0] ?? ''));
      return kind ? { type: 'names', kind } : NOTHING;
    }
    default:
      return NOTHING;
  }
}

function kindWords(command: string): readonly string[] {
  if (command === 'get') return KINDS;
  const singular = Object.values(KIND_NAMES);
  return command === 'delete' ? singular.filter((kind) => kind !== 'revision') : singular;
}
