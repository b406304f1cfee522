import { chmod, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheRoot, fillFolder, removeFolder, withLock } from './cache.mjs'
import { checksumFor, download, downloadText } from './download.mjs'
import { findProgram, lastLines, run } from './run.mjs'
import { isAtLeast, parseVersion } from './versions.mjs'

/** Oldest command-line tool whose server has everything the workflows use. */
const OLDEST = '1.5.0'
/** The official binary that is downloaded; server 1.31.2. */
const RELEASE = '1.8.2'
/** The last version that `go install` takes: later ones have a `replace` directive. Server 1.29.1. */
const SOURCE = '1.5.1'
const RELEASES = 'https://github.com/temporalio/cli/releases/download'
const VERSION_MS = 60_000
const BUILD_MS = 20 * 60_000

/**
 * @typedef {{
 *   env: NodeJS.ProcessEnv,
 *   step: import('./report.mjs').Step,
 *   note?: (text: string) => void,
 *   releases?: string,
 * }} Search
 */

/**
 * The path of a Temporal command-line tool that runs: `TEMPORAL_CLI`, else one on PATH, else from the cache, else
 * downloaded, else built with Go. Rejects with what was tried and the ways out.
 * @param {Search} search `releases`: where to download from
 * @returns {Promise<{ path: string, from: string }>}
 */
export async function findTemporal({ env, step, note = () => {}, releases = RELEASES }) {
  if (env['TEMPORAL_CLI']) return fromSetting(env['TEMPORAL_CLI'])
  const tried = /** @type {string[]} */ ([])
  /** @param {string} text */
  const failed = (text) => {
    tried.push(text)
    note(text)
  }
  const onPath = await fromPath(env, failed)
  if (onPath !== null) return onPath

  const root = join(cacheRoot(env), 'temporal')
  const cached = await fromCache(root, async () => {})
  if (cached !== null) return cached
  return withLock(
    join(root, '.lock'),
    async () => {
      const other = await fromCache(root, async (folder, problem) => {
        note(`${folder} is broken and will be made again: ${problem.trim()}`)
        await removeFolder(folder)
      })
      if (other !== null) return other
      const made = (await fromDownload(root, releases, step, failed)) ?? (await fromGo(root, env, step, failed))
      if (made !== null) return made
      throw new Error(waysOut(tried, root))
    },
    { onWait: () => step.tell('another process is getting it, waiting') },
  )
}

/** @param {string} path */
async function fromSetting(path) {
  const version = await versionOf(path)
  if (version.text === null) throw new Error(`TEMPORAL_CLI=${path} does not run:\n${version.problem}`)
  if (!isDevelopment(version.text) && !isAtLeast(version.text, OLDEST)) {
    throw new Error(`TEMPORAL_CLI=${path} is ${version.text}; ${OLDEST} or newer is needed`)
  }
  return { path, from: 'TEMPORAL_CLI' }
}

/** @param {NodeJS.ProcessEnv} env @param {(text: string) => void} failed */
async function fromPath(env, failed) {
  const path = findProgram('temporal', env)
  if (path === null) return null
  const { text } = await versionOf(path)
  if (text !== null && isAtLeast(text, OLDEST)) return { path, from: `PATH, ${shortVersion(text)}` }
  failed(
    `PATH: ${path} is ${text ?? 'not runnable'}; ${OLDEST} or newer is needed (TEMPORAL_CLI=${path} takes it anyway)`,
  )
  return null
}

/** @param {string} root @param {(folder: string, problem: string) => Promise<void>} onBroken */
async function fromCache(root, onBroken) {
  for (const version of [RELEASE, SOURCE]) {
    const folder = join(root, version)
    const path = join(folder, fileName())
    if (findProgram('temporal', { PATH: folder }) === null) continue
    const { text, problem } = await versionOf(path)
    if (text !== null) return { path, from: `cache, ${version}` }
    await onBroken(folder, problem)
  }
  return null
}

/**
 * @param {string} root @param {string} releases
 * @param {import('./report.mjs').Step} step @param {(text: string) => void} failed
 */
async function fromDownload(root, releases, step, failed) {
  const archive = archiveName(process.platform, process.arch)
  if (archive === null) {
    failed(`download: there is none for ${process.platform} on ${process.arch}`)
    return null
  }
  const base = `${releases}/v${RELEASE}`
  step.tell(`downloading ${RELEASE}`)
  try {
    const expected = checksumFor(await downloadText(`${base}/checksums.txt`), archive)
    if (expected === null) throw new Error(`${base}/checksums.txt does not name ${archive}`)
    const folder = join(root, RELEASE)
    await fillFolder(folder, (empty) => unpack(`${base}/${archive}`, expected, empty, step), checkFolder)
    return { path: join(folder, fileName()), from: `official download, ${RELEASE}` }
  } catch (error) {
    failed(`download: ${messageOf(error)}`)
    return null
  }
}

/**
 * @param {string} url @param {string} expected SHA-256 in hex
 * @param {string} folder @param {import('./report.mjs').Step} step
 */
async function unpack(url, expected, folder, step) {
  const archive = join(folder, 'archive.tar.gz')
  const seen = await download(url, archive, {
    onBytes: (bytes) => step.progress(`downloading ${RELEASE}, ${Math.round(bytes / 1e6)} MB`),
  })
  if (seen !== expected) throw new Error(`${url} has SHA-256 ${seen}, its checksum file says ${expected}`)
  const tar = await run('tar', ['-xzf', archive, '-C', folder, fileName()], { timeoutMs: VERSION_MS })
  if (tar.code !== 0) throw new Error(`tar could not unpack it:\n${lastLines(tar)}`)
  await rm(archive)
  await chmod(join(folder, fileName()), 0o755)
}

/**
 * @param {string} root @param {NodeJS.ProcessEnv} env
 * @param {import('./report.mjs').Step} step @param {(text: string) => void} failed
 */
async function fromGo(root, env, step, failed) {
  const go = findProgram('go', env, ['/usr/local/go/bin'])
  if (go === null) {
    failed('build: Go is not installed')
    return null
  }
  step.tell(`building ${SOURCE} with Go, one to four minutes`)
  const folder = join(root, SOURCE)
  const args = ['install', '-ldflags', linkerFlags(), `github.com/temporalio/cli/cmd/temporal@v${SOURCE}`]
  try {
    await fillFolder(
      folder,
      async (empty) => {
        const build = await run(go, args, { env: { ...env, GOBIN: empty, CGO_ENABLED: '0' }, timeoutMs: BUILD_MS })
        if (build.code !== 0) throw new Error(lastLines(build))
      },
      checkFolder,
    )
    return { path: join(folder, fileName()), from: `built with Go, ${SOURCE}` }
  } catch (error) {
    failed(`build: \`go ${args.join(' ')}\` failed:\n${messageOf(error)}`)
    return null
  }
}

/** Smaller, and with its version in it, as the official binaries are. */
function linkerFlags() {
  return `-s -w -X github.com/temporalio/cli/temporalcli.Version=${SOURCE}`
}

/** @param {string} folder @returns {Promise<string | null>} */
async function checkFolder(folder) {
  const { text, problem } = await versionOf(join(folder, fileName()))
  return text === null ? `it does not run:\n${problem}` : null
}

/**
 * What `temporal --version` says.
 * @param {string} path
 * @returns {Promise<{ text: string | null, problem: string }>} no text when it does not run or says something else
 */
async function versionOf(path) {
  const ending = await run(path, ['--version'], { timeoutMs: VERSION_MS })
  const text = ending.output.trim()
  if (ending.code === 0 && text.startsWith('temporal version ')) return { text, problem: '' }
  return { text: null, problem: lastLines(ending) || '  it is no Temporal command-line tool' }
}

/** @param {string} text */
function isDevelopment(text) {
  return text.includes('0.0.0')
}

/** @param {string} text */
function shortVersion(text) {
  return (parseVersion(text) ?? []).join('.')
}

/**
 * The name of the official archive.
 * @param {string} platform as `process.platform`
 * @param {string} arch as `process.arch`
 * @returns {string | null} null when there is none
 */
export function archiveName(platform, arch) {
  const os = { linux: 'linux', darwin: 'darwin', win32: 'windows' }[platform]
  const cpu = { x64: 'amd64', arm64: 'arm64' }[arch]
  return os === undefined || cpu === undefined ? null : `temporal_cli_${RELEASE}_${os}_${cpu}.tar.gz`
}

function fileName() {
  return process.platform === 'win32' ? 'temporal.exe' : 'temporal'
}

/** @param {readonly string[]} tried @param {string} root */
function waysOut(tried, root) {
  return [
    'no Temporal command-line tool could be found or made. Tried:',
    ...tried.map((text) => `  - ${text}`),
    'Ways out:',
    `  - install it (https://docs.temporal.io/cli, ${OLDEST} or newer) so that \`temporal\` is on PATH`,
    '  - or name one: TEMPORAL_CLI=/path/to/temporal',
    '  - or install Go 1.25 or newer, so that it can be built from its module',
    `  - or put the binary where the cache expects it: ${join(root, RELEASE, fileName())}`,
  ].join('\n')
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error)
}
