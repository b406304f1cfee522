import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheRoot, fillFolder, removeFolder, withLock } from './cache.mjs'
import { findProgram, lastLines, run } from './run.mjs'

const VERSION = '1.38.0'
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
const FETCH_MS = 10 * 60_000
const START_MS = 60_000
const FILE = 'temporal-test-server'

/**
 * The path of a script that starts Temporal's time-skipping test server (`<script> <port> [--enable-time-skipping]`).
 * Taken from the cache, else made from Maven's `io.temporal:temporal-test-server`.
 * @param {{ env: NodeJS.ProcessEnv, step: import('./report.mjs').Step }} options
 * @returns {Promise<{ path: string, from: string } | { reason: string }>} a reason when this machine cannot have it
 */
export async function findTestServer({ env, step }) {
  if (process.platform === 'win32') return { reason: 'its start script needs a POSIX shell' }
  if (findProgram('java', env) === null) return { reason: 'Java 11 or newer is not installed' }
  const folder = join(cacheRoot(env), 'temporal-test-server', VERSION)
  const path = join(folder, FILE)
  if ((await problemOf(folder)) === null) return { path, from: `cache, ${VERSION}` }
  const maven = findProgram('mvn', env)
  if (maven === null) return { reason: 'Maven is not installed' }
  return withLock(`${folder}.lock`, () => make(folder, maven, step), {
    onWait: () => step.tell('another process is getting it, waiting'),
  })
}

/**
 * @param {string} folder @param {string} maven @param {import('./report.mjs').Step} step
 * @returns {Promise<{ path: string, from: string } | { reason: string }>}
 */
async function make(folder, maven, step) {
  const path = join(folder, FILE)
  if ((await problemOf(folder)) === null) return { path, from: `cache, ${VERSION}` }
  await removeFolder(folder)
  step.tell(`getting ${VERSION} with Maven`)
  try {
    await fillFolder(folder, (empty) => fetchJars(empty, maven), problemOf)
    return { path, from: `Maven, ${VERSION}` }
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) }
  }
}

/** @param {string} folder @param {string} maven */
async function fetchJars(folder, maven) {
  await mkdir(join(folder, 'lib'))
  await writeFile(join(folder, 'pom.xml'), POM)
  const args = ['-q', '-B', COPY, '-DincludeScope=runtime', '-DoutputDirectory=lib']
  const ending = await run(maven, args, { cwd: folder, timeoutMs: FETCH_MS })
  if (ending.code !== 0) throw new Error(`\`mvn ${args.join(' ')}\` failed:\n${lastLines(ending)}`)
  await writeFile(join(folder, FILE), START_SCRIPT)
  await chmod(join(folder, FILE), 0o755)
}

/**
 * Without arguments the server prints its usage and ends.
 * @param {string} folder
 */
async function problemOf(folder) {
  const ending = await run(join(folder, FILE), [], { timeoutMs: START_MS })
  if (ending.code === 0 && ending.output.includes('--enable-time-skipping')) return null
  return `the test server does not start:\n${lastLines(ending)}`
}

const POM = `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>sluice</groupId>
  <artifactId>test-server</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.temporal</groupId>
      <artifactId>temporal-test-server</artifactId>
      <version>${VERSION}</version>
    </dependency>
  </dependencies>
</project>
`

/** `exec`, because whoever starts the server ends it by killing this very process. */
const START_SCRIPT = `#!/bin/sh
folder=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
exec java -Xmx512m -cp "$folder/lib/*" io.temporal.testserver.TestServer "$@"
`
