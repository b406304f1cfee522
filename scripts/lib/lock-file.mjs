/**
 * One entry of package-lock.json version 3.
 * @typedef {{
 *   name?: string,
 *   version?: string,
 *   resolved?: string,
 *   integrity?: string,
 *   optional?: boolean,
 *   dev?: boolean,
 *   os?: readonly string[],
 *   cpu?: readonly string[],
 *   libc?: readonly string[],
 *   optionalDependencies?: Readonly<Record<string, string>>,
 * }} LockEntry
 *
 * @typedef {{ packages: Readonly<Record<string, LockEntry>> }} LockFile
 */

const SYSTEMS = ['darwin', 'win32', 'linux', 'android', 'freebsd', 'openbsd', 'netbsd', 'sunos', 'aix', 'openharmony']
const PROCESSORS = [
  'x64',
  'arm64',
  'arm',
  'ia32',
  'ppc64',
  'ppc64le',
  's390x',
  'riscv64',
  'loong64',
  'mips64el',
  'wasm32',
]
const C_LIBRARIES = { gnu: 'glibc', gnueabihf: 'glibc', musl: 'musl', musleabihf: 'musl' }

/**
 * Adds the binary packages of other platforms that npm left out of a lock file because the registry did not have them at
 * hand. Without these entries `npm ci` refuses the lock file, and other platforms would not get their binaries
 * (https://github.com/npm/cli/issues/4828). They carry no integrity yet: {@link withIntegrity} asks for it.
 * @template {LockFile} T
 * @param {T} lock
 * @returns {{ lock: T, added: readonly string[] }} the names that were added, as `name@version`
 */
export function completeLock(lock) {
  const packages = { ...lock.packages }
  const added = []
  for (const [place, entry] of Object.entries(lock.packages)) {
    for (const [name, wanted] of Object.entries(entry.optionalDependencies ?? {})) {
      const found = resolve(packages, place, name)
      if (found !== null && !isOutdated(packages[found], wanted)) continue
      if (!/^\d+\.\d+\.\d+[\w.+-]*$/.test(wanted)) {
        throw new Error(`${place} wants ${name}@${wanted}, which is missing in the lock and names no exact version`)
      }
      packages[found ?? freePlace(packages, place, name)] = platformEntry(name, wanted, entry.dev === true)
      added.push(`${name}@${wanted}`)
    }
  }
  const fsevents = packages['node_modules/fsevents']
  if (fsevents !== undefined && fsevents.os === undefined) {
    packages['node_modules/fsevents'] = { ...fsevents, os: ['darwin'] }
    added.push('fsevents os')
  }
  const sorted = Object.entries(packages).toSorted(([a], [b]) => a.localeCompare(b, 'en'))
  return { lock: { ...lock, packages: Object.fromEntries(sorted) }, added }
}

/**
 * Asks for the integrity of every package that has none. Without it `npm ci` would take whatever it is given.
 * @template {LockFile} T
 * @param {T} lock
 * @param {(name: string, version: string) => Promise<string>} ask
 * @returns {Promise<{ lock: T, found: readonly string[] }>} the names that were asked for, as `name@version`; rejects when
 * the answer is no SHA-512
 */
export async function withIntegrity(lock, ask) {
  const packages = { ...lock.packages }
  const found = []
  for (const [place, entry] of Object.entries(lock.packages)) {
    if (place === '' || entry.integrity !== undefined) continue
    const name = entry.name ?? place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)
    const { version = '' } = entry
    const integrity = await ask(name, version)
    if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity)) {
      throw new Error(`"${integrity}" is no integrity of ${name}@${version}`)
    }
    packages[place] = { version, integrity, ...entry }
    found.push(`${name}@${version}`)
  }
  return { lock: { ...lock, packages }, found }
}

/**
 * Where Node would find `name` from the package at `place`.
 * @param {Readonly<Record<string, LockEntry>>} packages @param {string} place @param {string} name
 */
function resolve(packages, place, name) {
  for (let from = place; ; from = parentOf(from)) {
    const candidate = from === '' ? `node_modules/${name}` : `${from}/node_modules/${name}`
    if (packages[candidate] !== undefined) return candidate
    if (from === '') return null
  }
}

/** @param {string} place */
function parentOf(place) {
  const end = place.lastIndexOf('/node_modules/')
  return end < 0 ? '' : place.slice(0, end)
}

/**
 * Only an entry of ours can be outdated: npm wrote the others itself.
 * @param {LockEntry | undefined} entry @param {string} wanted
 */
function isOutdated(entry, wanted) {
  return entry !== undefined && entry.integrity === undefined && entry.optional === true && entry.version !== wanted
}

/** @param {Readonly<Record<string, LockEntry>>} packages @param {string} place @param {string} name */
function freePlace(packages, place, name) {
  const top = `node_modules/${name}`
  return packages[top] === undefined ? top : `${place}/node_modules/${name}`
}

/** @param {string} name @param {string} version @param {boolean} dev @returns {LockEntry} */
function platformEntry(name, version, dev) {
  const { os, cpu, libc } = platformOf(name)
  return {
    version,
    ...(cpu === null ? {} : { cpu: [cpu] }),
    ...(dev ? { dev } : {}),
    ...(libc === null ? {} : { libc: [libc] }),
    optional: true,
    ...(os === null ? {} : { os: [os] }),
  }
}

/**
 * What the name of a binary package says about its platform, e.g. `@swc/core-linux-arm-gnueabihf`.
 * @param {string} name
 */
export function platformOf(name) {
  const words = name.split(/[/_-]/)
  const os = words.find((word) => SYSTEMS.includes(word)) ?? null
  const cpu = words.find((word) => PROCESSORS.includes(word)) ?? null
  const libc = Object.entries(C_LIBRARIES).find(([word]) => words.includes(word))?.[1] ?? null
  if (os === null && cpu === null) throw new Error(`${name} is missing in the lock and its name tells no platform`)
  return { os, cpu, libc: os === 'linux' ? libc : null }
}
