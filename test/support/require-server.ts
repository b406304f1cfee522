import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * Tells whether the tests of a real server can run. Throws when its program is missing, so that nobody takes an empty
 * run for a pass; with `SLUICE_TEST_SERVERS=skip` it prints why and answers false instead.
 */
export function requireServer(program: 'haproxy' | 'prometheus'): boolean {
  if (findProgram(program) !== null) return true
  const reason = `The program \`${program}\` is not installed (Debian: apt-get install ${program}).`
  if (process.env['SLUICE_TEST_SERVERS'] !== 'skip') {
    throw new Error(`${reason} Set SLUICE_TEST_SERVERS=skip to leave its tests out.`)
  }
  console.warn(`SKIPPED: ${reason}`)
  return false
}

/** The same for Unleash, which the set-up installs into the cache, and the PostgreSQL that it needs. */
export function requireUnleash(): boolean {
  if (process.env['SLUICE_UNLEASH'] !== undefined && findPostgres('postgres') !== null) return true
  const reason = 'Unleash or PostgreSQL is not installed (`npm test` installs both).'
  if (process.env['SLUICE_TEST_SERVERS'] !== 'skip') {
    throw new Error(`${reason} Set SLUICE_TEST_SERVERS=skip to leave its tests out.`)
  }
  console.warn(`SKIPPED: ${reason}`)
  return false
}

/** Path of a program on PATH or in the system folders, or null. */
export function findProgram(program: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/bin']
  return folders.map((folder) => join(folder, program)).find(isExecutable) ?? null
}

/** Path of a program of PostgreSQL, which Debian keeps in a folder per version, or null. */
export function findPostgres(program: string): string | null {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((left, right) => Number(right) - Number(left)) : []
  const paths = versions.map((version) => join(debian, version, 'bin', program))
  return findProgram(program) ?? paths.find(isExecutable) ?? null
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
