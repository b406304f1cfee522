import { afterEach, describe, expect, it } from 'vitest'
import { startLoad } from '../../src/embedded/load/load-generator.ts'
import { runPlane, serve } from './running.ts'

type LoadSettings = Parameters<typeof startLoad>[0]

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

async function load(settings: Omit<LoadSettings, 'statsPort'>) {
  const generator = await startLoad({ statsPort: 0, ...settings })
  cleanups.push(() => generator.close())
  return generator
}

describe('the load generator', () => {
  it('counts requests, errors and users by the pool that answered', async () => {
    const plane = await runPlane({ green: (_, response) => response.writeHead(503).end() })
    cleanups.push(plane.stop)
    await plane.put({ split: { blue: 5_000, green: 5_000 }, cohorts: {}, fence: { release: 1, epoch: 1 } })
    const { stats } = await load({ target: plane.url(), rate: 400, users: 50 })
    await expect.poll(() => stats().total).toBeGreaterThan(200)
    const { byPool, total, errors, byStatus } = stats()
    expect(Object.keys(byPool).sort()).toEqual(['blue', 'green'])
    expect(byPool['blue']).toMatchObject({ errors: 0 })
    expect(byPool['green']?.errors).toBe(byPool['green']?.requests)
    expect(errors).toBe(byPool['green']?.errors)
    expect((byStatus['200'] ?? 0) + (byStatus['503'] ?? 0)).toBe(total)
    expect((byPool['blue']?.users ?? 0) + (byPool['green']?.users ?? 0)).toBeLessThanOrEqual(50)
  })

  it('sends one user in a hundred as internal and one as beta', async () => {
    const cohorts = new Map<string, Set<string>>()
    const server = await serve((request, response) => {
      const cohort = String(request.headers['x-cohort'] ?? 'none')
      cohorts.set(cohort, (cohorts.get(cohort) ?? new Set()).add(String(request.headers['x-user'])))
      response.end()
    })
    cleanups.push(server.stop)
    const { stats } = await load({ target: server.url, rate: 1_000, users: 100 })
    await expect.poll(() => stats().total).toBeGreaterThan(2_000)
    expect([...(cohorts.get('internal') ?? [])]).toEqual(['user-0'])
    expect([...(cohorts.get('beta') ?? [])]).toEqual(['user-1'])
  })

  it('counts requests without an answer as errors of no pool', async () => {
    const server = await serve((request) => request.socket.destroy())
    cleanups.push(server.stop)
    const { stats } = await load({ target: server.url, rate: 200 })
    await expect.poll(() => stats().total).toBeGreaterThan(20)
    const seen = stats()
    expect(seen.byPool['none']?.errors).toBe(seen.total)
    expect(seen.byStatus).toEqual({ none: seen.total })
  })

  it('drops requests instead of piling them up when nothing answers', async () => {
    const server = await serve(() => undefined)
    cleanups.push(server.stop)
    let open = 0
    const { stats } = await load({ target: server.url, rate: 500, mostInFlight: 20 })
    await expect.poll(() => (open = stats().dropped)).toBeGreaterThan(50)
    expect(open).toBeGreaterThan(50)
    expect(stats().total).toBe(0)
  })

  it('shows its figures at /stats', async () => {
    const server = await serve((_, response) => response.end())
    cleanups.push(server.stop)
    const { ports } = await load({ target: server.url, rate: 100 })
    const address = `http://127.0.0.1:${ports.stats}`
    const total = async () => ((await (await fetch(`${address}/stats`)).json()) as { total: number }).total
    await expect.poll(total).toBeGreaterThan(5)
    expect((await fetch(address)).status).toBe(404)
  })
})
