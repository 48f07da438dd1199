/** A look at an LMDB file before the native library has it: given anything else, it ends the process. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Where the first page has LMDB's mark, and its page size. Little endian, as on every machine we run on. */
const MAGIC_OFFSET = 24;
const MAGIC = 0xbeefc0de;
const PAGE_SIZE_OFFSET = 48;
const HEADER_BYTES = 64;

/** Why `path` can't be opened; undefined when it is an LMDB file, empty or not there yet. */
export function whyNotLmdb(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { size } = fstatSync(file);
    const header = Buffer.alloc(HEADER_BYTES);
    const isCut = size > 0 && readSync(file, header, 0, HEADER_BYTES, 0) < HEADER_BYTES;
    const isOurs = !isCut && header.readUInt32LE(MAGIC_OFFSET) === MAGIC;
    // The two pages at the start are written together when the file is made.
    if (size === 0 || (isOurs && size >= 2 * header.readUInt32LE(PAGE_SIZE_OFFSET))) return undefined;
    return `${path} is no LMDB file, or was cut short; restore a backup, or move it away to start anew`;
  } finally {
    closeSync(file);
  }
}
