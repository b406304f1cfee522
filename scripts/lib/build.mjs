import { createHash } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { withLock } from './cache.mjs'
import { run } from './run.mjs'

const COMPILE_MS = 10 * 60_000

/**
 * Compiles `src` to `dist` and bundles the workflows, unless `dist` is already made from the very same sources.
 * @param {{ root: string, step: import('./report.mjs').Step }} options
 * @returns {Promise<'built' | 'up to date'>} rejects with the compiler's messages
 */
export async function build({ root, step }) {
  return withLock(
    join(root, '.sluice', 'build.lock'),
    async () => {
      const hash = await hashOf(root, [
        'src',
        'package.json',
        'package-lock.json',
        'tsconfig.json',
        'tsconfig.build.json',
      ])
      const stamp = join(root, 'dist', '.stamp')
      if ((await readFile(stamp, 'utf8').catch(() => '')) === hash) return 'up to date'
      await rm(join(root, 'dist'), { recursive: true, force: true })
      step.tell('compiling')
      await compile(root, 'tsconfig.build.json')
      await copyAssets(join(root, 'src'), join(root, 'dist'))
      step.tell('bundling the workflows')
      await bundleWorkflows(root)
      await writeFile(stamp, hash)
      return 'built'
    },
    { onWait: () => step.tell('another process is building, waiting') },
  )
}

/**
 * Runs the TypeScript compiler.
 * @param {string} root
 * @param {string} project
 */
export async function compile(root, project) {
  const compiler = join(
    dirname(createRequire(join(root, 'package.json')).resolve('typescript/package.json')),
    'bin',
    'tsc',
  )
  const ending = await run(process.execPath, [compiler, '-p', project], { cwd: root, timeoutMs: COMPILE_MS })
  if (ending.code !== 0) throw new Error(`tsc -p ${project} failed:\n${ending.output || ending.problem}`)
}

/**
 * Workers of a built Sluice load this one file instead of bundling at every start.
 * @param {string} root
 */
async function bundleWorkflows(root) {
  const workflowsPath = join(root, 'dist', 'workflows', 'index.js')
  if (!(await exists(workflowsPath)))
    throw new Error('src/workflows/index.ts is missing: there is no workflow to bundle')
  const worker = createRequire(join(root, 'package.json')).resolve('@temporalio/worker')
  const { bundleWorkflowCode, DefaultLogger } = (await import(pathToFileURL(worker).href)).default
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: [join(root, 'dist', 'workflows', 'interceptors.js')],
    logger: new DefaultLogger('WARN'),
  })
  await writeFile(join(root, 'dist', 'workflow-bundle.js'), code)
}

/**
 * Pages, styles and the like, which the compiler leaves where they are.
 * @param {string} from
 * @param {string} to
 */
async function copyAssets(from, to) {
  for (const file of await filesUnder(from)) {
    if (/\.(ts|tsx|mts|cts|json)$/.test(file)) continue
    const target = join(to, relative(from, file))
    await mkdir(dirname(target), { recursive: true })
    await cp(file, target)
  }
}

/**
 * A hash over the names and contents of files and of everything in folders.
 * @param {string} root
 * @param {readonly string[]} names
 */
export async function hashOf(root, names) {
  const hash = createHash('sha256')
  for (const name of names) {
    const path = join(root, name)
    if (!(await exists(path))) continue
    const files = (await stat(path)).isDirectory() ? await filesUnder(path) : [path]
    for (const file of files)
      hash
        .update(`${relative(root, file)}\0`)
        .update(await readFile(file))
        .update('\0')
  }
  return hash.digest('hex')
}

/** @param {string} folder @returns {Promise<readonly string[]>} */
async function filesUnder(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .toSorted()
}

/** @param {string} path */
function exists(path) {
  return stat(path).then(
    () => true,
    () => false,
  )
}
