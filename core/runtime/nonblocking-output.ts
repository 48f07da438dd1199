/**
 * Standard output and standard error as something that takes what it has room for, and says at once when it has none.
 * A write that waits would stop the event loop, or keep a thread of Node's pool, before which the process can't end.
 *
 * The first of these that can be had:
 *  - a file as it is, for it takes everything. A pipe or a terminal opened once more: that is non-blocking for us alone,
 *    and stays so whatever others do to what they share with us. Standard output and error get one each, also when
 *    they are the same;
 *  - the terminal of another user, as after su, by way of /dev/tty, when it is our controlling terminal;
 *  - a socket, which can't be opened once more, made non-blocking for all who have it, until Node sets it back at the
 *    end of the process. So is a pipe that another user made or that nobody reads;
 *  - what is left, such as another user's terminal that does not control us, as it is: there a write may wait.
 *
 * Node itself makes a pipe or a socket non-blocking for all who have it when process.stdout or process.stderr is touched,
 * and node:assert touches it when it is loaded.
 */
import { constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { isatty } from 'node:tty';

type StandardStream = 1 | 2;

export interface Output {
  readonly fd: number;
  /** A write may wait for whoever reads. */
  readonly mayBlock: boolean;
}

export function openNonBlocking(stream: StandardStream): Output {
  for (const open of [openOnceMore, openControllingTerminal, makeNonBlocking]) {
    try {
      return { fd: open(stream), mayBlock: false };
    } catch {
      // The next one may do.
    }
  }
  return { fd: stream, mayBlock: true };
}

function openOnceMore(stream: StandardStream): number {
  return fstatSync(stream).isFile() ? stream : openToWrite(`/proc/self/fd/${stream}`);
}

/** /dev/tty asks for no permission. */
function openControllingTerminal(stream: StandardStream): number {
  const { rdev } = fstatSync(stream);
  if (!isatty(stream) || rdev !== controllingTerminal()) throw new Error('another one');
  return openToWrite('/dev/tty');
}

/** Its device number; 0: there is none. */
function controllingTerminal(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  // After the name of the program, which may hold anything: state, parent, group, session, terminal.
  return Number(stat.slice(stat.lastIndexOf(') ')).split(' ')[5]);
}

/** libuv does it, for pipes and sockets. Nothing is ever sent by way of this object. */
function makeNonBlocking(stream: StandardStream): number {
  new Socket({ fd: stream, readable: false, writable: true }).unref();
  return stream;
}

function openToWrite(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
}
