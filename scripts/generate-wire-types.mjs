// Generates the TypeScript types of proto/ into core/wire/generated, which git ignores. The build runs this first; it
// does nothing when the types there are those that the same version of the tool made from the same .proto files.
// The options must equal LOADER_OPTIONS in core/wire/definitions.ts: a mismatch is not detected at run time.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OUT = 'core/wire/generated';
const STAMP = '.made-from';
const NEW = `core/wire/.generated-${process.pid}`;
const OLD = `${NEW}-old`;

const protos = filesIn('proto').filter((file) => file.endsWith('.proto'));
const inputs = hashOf([
  'node_modules/@grpc/proto-loader/package.json',
  fileURLToPath(import.meta.url),
  ...protos.map((proto) => join('proto', proto)),
]);

if (!isCurrent()) {
  generate();
  // Another build may have made them at the same time.
  if (!isCurrent()) putInPlace();
  for (const folder of [NEW, OLD]) rmSync(folder, { recursive: true, force: true });
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => statSync(join(folder, file)).isFile())
    .sort();
}

function hashOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(`\n${basename(path)}\n`).update(readFileSync(path));
  return hash.digest('hex');
}

/** What the stamp in a folder of types says when they are complete and nobody has edited them. */
function stampOf(folder) {
  const outputs = filesIn(folder).filter((file) => file !== STAMP);
  return `${inputs} ${hashOf(outputs.map((file) => join(folder, file)))}\n`;
}

function isCurrent() {
  try {
    return readFileSync(join(OUT, STAMP), 'utf8') === stampOf(OUT);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return false;
  }
}

function generate() {
  execFileSync(
    'node_modules/.bin/proto-loader-gen-types',
    [
      '--longs=String',
      '--enums=String',
      '--defaults',
      '--oneofs',
      '--grpcLib=@grpc/grpc-js',
      '--importFileExtension=.ts',
      '--includeComments',
      '--includeDirs=proto',
      `--outDir=${NEW}`,
      ...protos,
    ],
    { stdio: 'inherit' },
  );
  // The tool also writes one file per proto, which is only useful (and only compiles) where the proto has a service.
  for (const proto of protos) {
    if (!/^service /m.test(readFileSync(join('proto', proto), 'utf8'))) {
      rmSync(join(NEW, `${basename(proto, '.proto')}.ts`), { force: true });
    }
  }
  writeFileSync(join(NEW, STAMP), stampOf(NEW));
}

/** Renames whole folders, so that two builds at once never mix or delete each other's files. */
function putInPlace() {
  const moves = [
    [OUT, OLD],
    [NEW, OUT],
  ];
  for (const [from, to] of moves) {
    try {
      renameSync(from, to);
    } catch (error) {
      // There was no old folder, or another build was faster.
      if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error;
    }
  }
}
