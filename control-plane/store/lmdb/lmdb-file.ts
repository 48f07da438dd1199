/** Checks a file before the native library opens it: given anything but an LMDB file, the library ends the process. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Where the first page has LMDB's mark and its page size. Little endian, as on every machine that we support. */
const MAGIC_OFFSET = 24;
const MAGIC = 0xbeefc0de;
const PAGE_SIZE_OFFSET = 48;
const HEADER_BYTES = 64;

/** Why `path` can't be opened; undefined when it is an LMDB file, is empty or does not exist yet. */
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
    if (size === 0) return undefined;
    const header = Buffer.alloc(HEADER_BYTES);
    const isCut = readSync(file, header, 0, HEADER_BYTES, 0) < HEADER_BYTES;
    const isLmdb = !isCut && header.readUInt32LE(MAGIC_OFFSET) === MAGIC;
    // LMDB writes the first two pages together when it makes the file.
    if (isLmdb && size >= 2 * header.readUInt32LE(PAGE_SIZE_OFFSET)) return undefined;
    return `${path} is not an LMDB file, or was cut short; restore a backup, or move it away to start with an empty store`;
  } finally {
    closeSync(file);
  }
}
