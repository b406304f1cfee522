import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Compiles entry points of `src/embedded/` and what they import into a folder of their own, to run them as processes. */
export async function compileEmbedded(
  entries: readonly string[],
): Promise<{ path: (entry: string) => string; remove: () => Promise<void> }> {
  const { path, remove } = await compileFiles(entries.map((entry) => join('src/embedded', entry)))
  return { path: (entry) => path(join('src/embedded', entry)), remove }
}

/** The same for any files of the project, named from its root. */
export async function compileFiles(
  files: readonly string[],
): Promise<{ path: (file: string) => string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-compiled-'))
  const config = {
    extends: join(root, 'tsconfig.build.json'),
    compilerOptions: {
      outDir: join(folder, 'dist'),
      rootDir: root,
      typeRoots: [join(root, 'node_modules/@types')],
    },
    include: [],
    files: files.map((file) => join(root, file)),
  }
  await mkdir(join(folder, 'dist'))
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  await promisify(execFile)(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder])
  return {
    path: (file) => join(folder, 'dist', file.replace(/\.ts$/, '.js')),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
