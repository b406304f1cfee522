import { createServer } from 'node:net'
import { z } from 'zod'
import { parseJson } from '../domain/json.ts'
import { readStateFile, writeStateFile } from './state-file.ts'

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

/** Where what is kept is damaged, the usual ports are as good; `note` gets a sentence that says so. */
type Note = (text: string) => void

/** Ports that are free now, for what is over in minutes: the usual ones stay free for whoever wants to stay. */
export async function anyPorts(): Promise<Pick<Ports, 'temporal' | 'temporalUi'>> {
  const temporal = await firstFree([0], new Set())
  return { temporal, temporalUi: await firstFree([0], new Set([temporal])) }
}

/**
 * The ports of the last start where they are still free, else the usual ones, else any that are free. Kept in `file`, so
 * that a release that goes on finds everything where it was.
 */
export async function choosePorts(file: string, note: Note): Promise<Ports> {
  const known = await readPorts(file, note)
  const taken = new Set<number>()
  const chosen: Partial<Record<keyof Ports, number>> = {}
  for (const name of Object.keys(WISHED) as (keyof Ports)[]) {
    const port = await firstFree([known[name], WISHED[name], 0], taken)
    taken.add(port)
    chosen[name] = port
  }
  const ports = portsSchema.parse(chosen)
  await writeStateFile(file, JSON.stringify(ports))
  return ports
}

async function readPorts(file: string, note: Note): Promise<Ports> {
  const kept = await readStateFile(file, (text) => {
    const parsed = portsSchema.safeParse(parseJson(text))
    return parsed.success ? { ok: true, value: parsed.data } : { ok: false, problem: 'it holds no ports' }
  })
  if (kept.kind === 'damaged') note(kept.notice)
  return kept.kind === 'kept' ? kept.value : WISHED
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
