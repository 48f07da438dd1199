// Generates the TypeScript types of proto/ into core/wire/generated, which git ignores. The build runs this first; it
// does nothing when the types were already made from the same .proto files by the same version of the tool.
// The options must equal LOADER_OPTIONS in core/wire/definitions.ts: a mismatch is not detected at run time.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OUT = 'core/wire/generated';
const STAMP = join(OUT, '.made-from');

const protos = readdirSync('proto', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.proto'))
  .sort();
const inputs = createHash('sha256');
const tool = ['node_modules/@grpc/proto-loader/package.json', fileURLToPath(import.meta.url)];
for (const file of tool) inputs.update(readFileSync(file));
for (const proto of protos) inputs.update(`\n${proto}\n`).update(readFileSync(join('proto', proto)));
const stamp = `${inputs.digest('hex')}\n`;

if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== stamp) {
  rmSync(OUT, { recursive: true, force: true });
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
      `--outDir=${OUT}`,
      ...protos,
    ],
    { stdio: 'inherit' },
  );
  // The tool also writes one file per proto, which is only useful (and only compiles) where the proto has a service.
  for (const proto of protos) {
    if (!/^service /m.test(readFileSync(join('proto', proto), 'utf8'))) {
      rmSync(join(OUT, `${basename(proto, '.proto')}.ts`));
    }
  }
  // Written last: a run that was interrupted starts over.
  writeFileSync(STAMP, stamp);
}
