import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDataPlane } from '../../src/embedded/data-plane/data-plane.ts'
import { startDemoBackend } from './demo-backend.ts'

/** Two backends with the data plane of Sluice in front of them. */
export async function startEmbeddedPath() {
  const backends = { blue: await startDemoBackend('blue'), green: await startDemoBackend('green') }
  const folder = await mkdtemp(join(tmpdir(), 'sluice-embedded-'))
  const plane = await startDataPlane({
    ...{ proxyPort: 0, adminPort: 0, stateFile: join(folder, 'routing.json') },
    pools: {
      blue: `http://127.0.0.1:${backends.blue.port}`,
      green: `http://127.0.0.1:${backends.green.port}`,
    },
  })
  return {
    port: plane.ports.proxy,
    admin: `http://127.0.0.1:${plane.ports.admin}`,
    stop: async () => {
      await plane.close()
      await Promise.all([backends.blue.close(), backends.green.close()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}
