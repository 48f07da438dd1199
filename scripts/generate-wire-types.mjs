// Generates the TypeScript types of proto/lb/v1 into core/wire/generated.
// The options must equal LOADER_OPTIONS in core/wire/definitions.ts: a mismatch is not detected at run time.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';

const protos = readdirSync('proto', { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.proto'),
);
rmSync('core/wire/generated', { recursive: true, force: true });
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
    '--outDir=core/wire/generated',
    ...protos,
  ],
  { stdio: 'inherit' },
);

// The tool writes one more file a proto, which is of use (and compiles without unused names) only where it has a service.
for (const proto of protos) {
  if (!/^service /m.test(readFileSync(join('proto', proto), 'utf8'))) {
    rmSync(join('core/wire/generated', `${basename(proto, '.proto')}.ts`));
  }
}
