// Generates the TypeScript types of proto/lb/v1 into core/wire/generated.
// The options must equal LOADER_OPTIONS in core/wire/definitions.ts: a mismatch is not detected at run time.
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';

const protos = readdirSync('proto', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.proto'));
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
