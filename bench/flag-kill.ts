import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createServer } from '../src/api/server.ts'
import type { FlagStore } from '../src/flags/flag-store.ts'
import { flagdStore } from '../src/flags/flagd.ts'
import { unleashStore } from '../src/flags/unleash.ts'
import { apiParts } from '../test/support/api-parts.ts'
import { startUnleash } from '../test/support/unleash-server.ts'
import { type FlagClient, listenToOfrep, listenToUnleash } from './support/flag-clients.ts'
import { percentile } from './support/stage.ts'

/**
 * How long from the command that switches a flag off to the first evaluation that says so, at each of many clients. The
 * clock starts when the store is asked; workers, API process and clients are on one machine.
 */
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    clients: { type: 'string', default: '20' },
    store: { type: 'string', default: 'both' },
    serve: { type: 'string' },
  },
})
const FLAG = 'new-checkout'
const TOKEN = 'UNLEASH_TOKEN_OF_THE_BENCH'
const pools = ['blue', 'green'] as const

if (values.serve === undefined) await measure()
else await serve(values.serve)

/** The API process, apart from the clients. */
async function serve(folder: string): Promise<void> {
  const served = flagdStore.serveWith({ kind: 'flagd', folder, flags: [FLAG] })
  if (served === null) throw new Error('flagd serves its flags')
  const server = createServer(apiParts({ servedFlags: new Map([['checkout/production', served]]) }))
  const address = await server.listen({ host: '127.0.0.1', port: 0 })
  process.send?.(address)
  process.once('disconnect', () => process.exit(0))
}

async function measure(): Promise<void> {
  console.log('flag switched off → evaluated off at a client, ms')
  console.log('')
  console.log('                                    samples     p50     p90     p99     max   goal')
  if (values.store !== 'unleash') await measureFlagd(Number(values.kills), Number(values.clients))
  if (values.store !== 'flagd') await measureUnleash(Math.ceil(Number(values.kills) / 5), Number(values.clients))
}

async function measureFlagd(kills: number, count: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-flag-kill-'))
  const api = fork(fileURLToPath(import.meta.url), ['--serve', folder])
  const [address] = (await once(api, 'message')) as [string]
  const base = `${address}/flags/checkout/production`
  const store = flagdStore.open({ kind: 'flagd', folder, flags: [FLAG], ofrep: [base] }, { pools })
  const clients = await Promise.all(
    Array.from({ length: count }, (_, index) => listenToOfrep(base, FLAG, `user-${index}`)),
  )
  const samples = await kill(store, FLAG, clients, kills)
  print(`flagd, OFREP event stream`, samples, 'p99 ≤ 300')
  for (const client of clients) client.close()
  api.disconnect()
  await once(api, 'exit')
  await rm(folder, { recursive: true, force: true })
}

async function measureUnleash(kills: number, count: number): Promise<void> {
  const unleash = await startUnleash()
  await unleash.admin('POST', '/projects/default/features', { name: FLAG, type: 'release' })
  process.env[TOKEN] = unleash.adminToken
  const options = {
    kind: 'unleash',
    url: unleash.url,
    environment: 'development',
    token: { env: TOKEN },
  }
  const store = unleashStore.open(options, { pools })
  const clients = await Promise.all(
    Array.from({ length: count }, (_, index) => listenToUnleash(unleash, FLAG, `user-${index}`)),
  )
  print('Unleash, its SDK, refreshed each 1 s', await kill(store, FLAG, clients, kills), '≤ 2,000')
  for (const client of clients) client.close()
  await unleash.stop()
}

/** Switches the flag on, waits until every client has seen it, switches it off, and notes when each one has seen that. */
async function kill(
  store: FlagStore,
  flag: string,
  clients: readonly FlagClient[],
  times: number,
): Promise<readonly number[]> {
  const samples: number[] = []
  const signal = new AbortController().signal
  for (let index = 1; index <= times; index += 1) {
    const wish = (weight: number, epoch: number) => ({
      flags: { [flag]: { weight, cohorts: [] } },
      fence: { release: index, epoch },
    })
    await store.apply(wish(10_000, 1), signal)
    await Promise.all(clients.map((client) => client.becomes(true)))
    // Pollers are met at any moment of their interval.
    await new Promise((done) => setTimeout(done, (index * 37) % 200))
    const began = performance.now()
    const seen = clients.map(async (client) => {
      await client.becomes(false)
      return performance.now() - began
    })
    await store.apply(wish(0, 2), signal)
    samples.push(...(await Promise.all(seen)))
  }
  return samples
}

function print(name: string, samples: readonly number[], goal: string): void {
  const sorted = samples.toSorted((left, right) => left - right)
  const figures = [0.5, 0.9, 0.99, 1].map((share) => percentile(sorted, share).toFixed(1).padStart(8))
  console.log(`${name.padEnd(36)}${String(samples.length).padStart(7)}${figures.join('')}   ${goal}`)
}
