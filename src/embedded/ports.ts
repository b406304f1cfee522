import { createServer } from 'node:net'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { z } from 'zod'

const portsSchema = z.strictObject({
  temporal: z.int(),
  temporalUi: z.int(),
  api: z.int(),
  proxy: z.int(),
  admin: z.int(),
  blue: z.int(),
  green: z.int(),
  load: z.int(),
})

/** The ports of the tree, all on loopback. */
export type Ports = z.infer<typeof portsSchema>

const WISHED: Ports = {
  ...{ temporal: 7233, temporalUi: 8233, api: 8230, proxy: 8231, admin: 8232 },
  ...{ blue: 8241, green: 8242, load: 8243 },
}

/**
 * The ports of the last start where they are still free, else the usual ones, else any that are free. Kept in `file`, so
 * that a release that goes on finds everything where it was.
 */
export async function choosePorts(file: string): Promise<Ports> {
  const known = await readPorts(file)
  const taken = new Set<number>()
  const chosen: Partial<Record<keyof Ports, number>> = {}
  for (const name of Object.keys(WISHED) as (keyof Ports)[]) {
    const port = await firstFree([known[name], WISHED[name], 0], taken)
    taken.add(port)
    chosen[name] = port
  }
  const ports = portsSchema.parse(chosen)
  await writeFile(`${file}.new`, JSON.stringify(ports))
  await rename(`${file}.new`, file)
  return ports
}

async function readPorts(file: string): Promise<Ports> {
  try {
    return portsSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    return WISHED
  }
}

async function firstFree(candidates: readonly number[], taken: ReadonlySet<number>): Promise<number> {
  for (const candidate of candidates) {
    if (taken.has(candidate)) continue
    const port = await tryPort(candidate)
    if (port !== null && !taken.has(port)) return port
  }
  return firstFree([0], taken)
}

/** Listens for a moment: the port when it was free, else null. Port 0 asks the system for any. */
function tryPort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(null))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : null))
    })
  })
}
