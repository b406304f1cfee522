import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { missingServers, prepareServers, SERVERS } from '../../scripts/lib/servers.mjs'

const silent = { tell() {}, progress() {}, done() {}, skip() {}, fail() {} }
const server = {
  name: 'someserver',
  binary: 'sluice-test-server-binary',
  package: 'some-package',
  minimum: '2.6.0',
  versionArgs: ['-v'],
  services: [],
  suites: 'some tests',
}

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-servers-test-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function install(says: string): Promise<void> {
  const path = join(folder, server.binary)
  await writeFile(path, `#!/bin/sh\necho '${says}' >&2\n`)
  await chmod(path, 0o755)
}

describe.skipIf(process.platform === 'win32')('missingServers', () => {
  it('misses a server that is not installed', async () => {
    const missing = await missingServers([server], { PATH: folder })
    expect(missing).toEqual([{ server, reason: 'sluice-test-server-binary is not installed' }])
  })

  it('misses a server that is too old, and says what there is', async () => {
    await install('some server 2.4.22')
    const [missing] = await missingServers([server], { PATH: folder })
    expect(missing?.reason).toContain('some server 2.4.22; 2.6.0 or newer is needed')
  })

  it('is content with a newer one', async () => {
    await install('some server version 3.0.11-1')
    expect(await missingServers([server], { PATH: folder })).toEqual([])
  })
})

describe('prepareServers', () => {
  it('installs nothing when told so, and gives that as the reason', async () => {
    const env = { PATH: folder, SLUICE_INSTALL: 'never' }
    const [missing] = await prepareServers({ env, step: silent, servers: [server] })
    expect(missing?.reason).toBe('sluice-test-server-binary is not installed (not installed: SLUICE_INSTALL=never)')
  })

  it('installs nothing where there is no apt-get', async () => {
    const [missing] = await prepareServers({ env: { PATH: folder }, step: silent, servers: [server] })
    expect(missing?.reason).toContain('this is no Debian')
  })
})

it('names every server once', () => {
  const names = SERVERS.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})
