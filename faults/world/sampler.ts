import { connect } from 'node:net'
import { type MapReading, readMaps } from './map-reading.ts'

/**
 * Watches the true weights, as a process of its own, so that nothing else that goes on delays it:
 * `node sampler.js '<settings>'`. It reads the maps of all services past every proxy, in one connection per sample, and
 * hands each sample to its parent.
 */
export interface SamplerSettings {
  readonly socket: string
  readonly maps: readonly { readonly path: string; readonly secondPool: string }[]
  readonly hertz: number
}

/** One look at all maps. `readings` is null when HAProxy did not answer. */
export interface Sample {
  /** When the answer was there, by the machine's clock. */
  readonly at: number
  /** How much later than it should it was begun: what the machine took from the sampler itself. */
  readonly late: number
  readonly readings: readonly MapReading[] | null
}

const PATIENCE_MS = 1_000
/** Between two samples while somebody wants to know exactly. */
const BURST_MS = 5

async function run({ socket, maps, hertz }: SamplerSettings): Promise<void> {
  let burstUntil = 0
  process.on('message', (message: { burst: number }) => {
    burstUntil = Math.max(burstUntil, Date.now() + message.burst)
  })
  process.on('disconnect', () => process.exit(0))
  const command = `${maps.map(({ path }) => `show map ${path}`).join(';')}\n`
  let due = performance.now()
  for (;;) {
    const began = performance.now()
    const text = await ask(socket, command)
    const readings = text === null ? null : readMaps(text, maps)
    process.send?.({ at: Date.now(), late: began - due, readings } satisfies Sample)
    const period = Date.now() < burstUntil ? BURST_MS : 1_000 / hertz
    const pause = Math.max(1, period - (performance.now() - began))
    due = performance.now() + pause
    await new Promise((done) => setTimeout(done, pause))
  }
}

/** The whole answer, or null when there is none. */
function ask(socket: string, command: string): Promise<string | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const connection = connect(socket)
    connection.setTimeout(PATIENCE_MS, () => connection.destroy())
    connection.on('data', (chunk) => chunks.push(chunk))
    connection.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
    connection.on('error', () => resolve(null))
    connection.on('close', () => resolve(null))
    connection.write(command)
  })
}

const settings = process.argv[2]
if (settings !== undefined && process.send !== undefined) await run(JSON.parse(settings) as SamplerSettings)
