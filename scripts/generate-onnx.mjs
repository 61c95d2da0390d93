// Regenerates src/onnx/gen/onnx_pb.ts from src/onnx/onnx.proto. Needs two packages that the project does not
// otherwise use, so they are fetched for the occasion: @bufbuild/buf and @bufbuild/protoc-gen-es.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tools = mkdtempSync(join(tmpdir(), 'antidote-buf-'));
try {
  writeFileSync(join(tools, 'package.json'), '{"private":true}');
  execFileSync('npm', ['install', '--ignore-scripts', '--silent', '@bufbuild/buf@1', '@bufbuild/protoc-gen-es@2.10.0'], {
    cwd: tools,
    stdio: 'inherit',
  });
  const plugin = join(tools, 'node_modules/.bin/protoc-gen-es');
  const template = {
    version: 'v2',
    plugins: [{ local: plugin, out: join(root, 'src/onnx/gen'), opt: ['target=ts', 'import_extension=js'] }],
  };
  execFileSync(join(tools, 'node_modules/.bin/buf'), ['generate', join(root, 'src/onnx'), '--template', JSON.stringify(template)], {
    cwd: tools,
    stdio: 'inherit',
  });
} finally {
  rmSync(tools, { recursive: true, force: true });
}
