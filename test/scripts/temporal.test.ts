import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checksumFor } from '../../scripts/lib/download.mjs'
import { archiveName, findTemporal } from '../../scripts/lib/temporal.mjs'

const silent = { tell() {}, progress() {}, done() {}, skip() {}, fail() {} }
const archive = archiveName(process.platform, process.arch) ?? ''

let root = ''
let releases: { readonly url: string; readonly server: Server } | null = null
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sluice-temporal-test-'))
})
afterEach(async () => {
  releases?.server.closeAllConnections()
  releases?.server.close()
  releases = null
  await rm(root, { recursive: true, force: true })
})

/** A stand-in for the command-line tool that answers `--version`. */
async function fakeTool(folder: string, says: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, 'temporal')
  await writeFile(path, `#!/bin/sh\necho '${says}'\n`)
  await chmod(path, 0o755)
  return path
}

/** A stand-in for the download site. `files` by the last part of the address. */
async function serve(files: Readonly<Record<string, Buffer | string>>): Promise<string> {
  const server = createServer((request, response) => {
    const body = files[request.url?.split('/').at(-1) ?? '']
    response.writeHead(body === undefined ? 404 : 200).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  releases = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
  return releases.url
}

/** An address where nobody listens. */
async function closedSite(): Promise<string> {
  const url = await serve({})
  releases?.server.close()
  return url
}

async function officialArchive(): Promise<Buffer> {
  const folder = join(root, 'official')
  await fakeTool(folder, 'temporal version 1.8.2 (Server 1.31.2)')
  await promisify(execFile)('tar', ['-czf', join(root, 'a.tar.gz'), '-C', folder, 'temporal'])
  return readFile(join(root, 'a.tar.gz'))
}

const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex')

/** Only the tools of /bin, so that no Temporal and no Go of this machine is found. */
function bareMachine(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { PATH: join(root, 'bin'), SLUICE_CACHE: join(root, 'cache'), ...more }
}

describe.skipIf(process.platform === 'win32')('findTemporal', () => {
  it('takes the one that TEMPORAL_CLI names, even a development build', async () => {
    const path = await fakeTool(join(root, 'mine'), 'temporal version 0.0.0-DEV (Server 1.31.2)')
    const found = await findTemporal({ env: bareMachine({ TEMPORAL_CLI: path }), step: silent })
    expect(found).toEqual({ path, from: 'TEMPORAL_CLI' })
  })

  it('does not look further when the one that TEMPORAL_CLI names is too old or does not run', async () => {
    const old = await fakeTool(join(root, 'old'), 'temporal version 1.4.1 (Server 1.28.0)')
    await expect(findTemporal({ env: bareMachine({ TEMPORAL_CLI: old }), step: silent })).rejects.toThrow(
      '1.5.0 or newer',
    )
    const absent = join(root, 'absent')
    await expect(findTemporal({ env: bareMachine({ TEMPORAL_CLI: absent }), step: silent })).rejects.toThrow(
      'does not run',
    )
  })

  it('takes one on PATH that is new enough', async () => {
    const path = await fakeTool(join(root, 'bin'), 'temporal version 1.5.0 (Server 1.29.1)')
    expect(await findTemporal({ env: bareMachine(), step: silent })).toEqual({ path, from: 'PATH, 1.5.0' })
  })

  it('passes by a development build on PATH and takes the cached one', async () => {
    await fakeTool(join(root, 'bin'), 'temporal version 0.0.0-DEV (Server 1.29.1)')
    const path = await fakeTool(join(root, 'cache', 'temporal', '1.5.1'), 'temporal version 0.0.0-DEV (Server 1.29.1)')
    const notes: string[] = []
    const found = await findTemporal({ env: bareMachine(), step: silent, note: (text) => notes.push(text) })
    expect(found).toEqual({ path, from: 'cache, 1.5.1' })
    expect(notes.join()).toContain('0.0.0-DEV')
  })

  it('downloads the official one, checks it, and finds it in the cache the next time', async () => {
    const data = await officialArchive()
    const url = await serve({ 'checksums.txt': `${sha256(data)}  ${archive}\n`, [archive]: data })
    const env = bareMachine({ PATH: `${join(root, 'bin')}:/usr/bin:/bin` })
    const first = await findTemporal({ env, step: silent, releases: url })
    expect(first.from).toBe('official download, 1.8.2')
    const second = await findTemporal({ env, step: silent, releases: await closedSite() })
    expect(second).toEqual({ path: first.path, from: 'cache, 1.8.2' })
    expect(await readdir(join(root, 'cache', 'temporal', '1.8.2'))).toEqual(['temporal'])
  })

  it('makes a broken cache entry again', async () => {
    const folder = join(root, 'cache', 'temporal', '1.8.2')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'temporal'), 'half of a binary')
    await chmod(join(folder, 'temporal'), 0o755)
    const data = await officialArchive()
    const url = await serve({ 'checksums.txt': `${sha256(data)}  ${archive}\n`, [archive]: data })
    const notes: string[] = []
    const found = await findTemporal({
      env: bareMachine(),
      step: silent,
      releases: url,
      note: (text) => notes.push(text),
    })
    expect(found.from).toBe('official download, 1.8.2')
    expect(notes.join()).toContain('is broken and will be made again')
  })

  it('does not take a download that is not what the checksum file says', async () => {
    const url = await serve({ 'checksums.txt': `${'0'.repeat(64)}  ${archive}\n`, [archive]: await officialArchive() })
    const notes: string[] = []
    const go = await fakeGo('exit 1')
    await expect(
      findTemporal({ env: go, step: silent, releases: url, note: (text) => notes.push(text) }),
    ).rejects.toThrow('Ways out')
    expect(notes.join()).toContain('has SHA-256')
    expect((await readdir(join(root, 'cache', 'temporal'))).filter((name) => !name.startsWith('.'))).toEqual([])
  })

  it('builds it with Go when there is no way to the download', async () => {
    const go = await fakeGo(
      `printf '#!/bin/sh\\necho temporal version 1.5.1\\n' > "$GOBIN/temporal"; /bin/chmod 755 "$GOBIN/temporal"`,
    )
    const found = await findTemporal({ env: go, step: silent, releases: await closedSite() })
    expect(found).toEqual({ path: join(root, 'cache', 'temporal', '1.5.1', 'temporal'), from: 'built with Go, 1.5.1' })
  })

  it('says what was tried and the ways out when nothing works', async () => {
    const go = await fakeGo('echo "go: no route to host" >&2; exit 1')
    const search = findTemporal({ env: go, step: silent, releases: await closedSite() })
    await expect(search).rejects.toThrow(/Tried:[^]*ECONNREFUSED[^]*no route to host[^]*Ways out:[^]*TEMPORAL_CLI=/)
  })

  async function fakeGo(script: string): Promise<NodeJS.ProcessEnv> {
    const folder = join(root, 'bin')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'go'), `#!/bin/sh\n${script}\n`)
    await chmod(join(folder, 'go'), 0o755)
    return bareMachine()
  }
})

describe('checksumFor', () => {
  const hex = 'a'.repeat(64)

  it('reads the line of a file, with the star of a binary too', () => {
    expect(checksumFor(`${'b'.repeat(64)}  other.tar.gz\n${hex}  a.tar.gz\n`, 'a.tar.gz')).toBe(hex)
    expect(checksumFor(`${hex.toUpperCase()} *a.tar.gz\r\n`, 'a.tar.gz')).toBe(hex)
  })

  it('finds nothing for a file that is not named, or named with a short hash', () => {
    expect(checksumFor(`${hex}  a.tar.gz.sig`, 'a.tar.gz')).toBeNull()
    expect(checksumFor('abc  a.tar.gz', 'a.tar.gz')).toBeNull()
  })
})

describe('archiveName', () => {
  it('names the archives as the release page does', () => {
    expect(archiveName('linux', 'x64')).toBe('temporal_cli_1.8.2_linux_amd64.tar.gz')
    expect(archiveName('darwin', 'arm64')).toBe('temporal_cli_1.8.2_darwin_arm64.tar.gz')
    expect(archiveName('linux', 'riscv64')).toBeNull()
  })
})
