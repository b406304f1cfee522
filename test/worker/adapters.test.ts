import { describe, expect, it } from 'vitest'
import { ADAPTERS } from '../../src/catalog.ts'
import { readInstallation } from '../../src/config/installation.ts'
import { createAdapterPool } from '../../src/worker/adapters.ts'

const signal = new AbortController().signal
const target = { service: 'shop', environment: 'production' }
const roles = { stable: 'blue', canary: 'green' }

function installationWith(metrics: object) {
  const config = { ...target, pools: ['blue', 'green'], router: { kind: 'memory', world: 'adapters' }, metrics }
  const read = readInstallation(JSON.stringify({ targets: [config] }), 'sluice.yaml', ADAPTERS)
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.installation
}

const prometheus = {
  ...{ kind: 'prometheus', url: 'http://127.0.0.1:1', poolLabel: 'pool', scrapeInterval: '5s' },
  ...{ requests: { metric: 'requests_total' }, errors: { label: 'code', regex: '5..' } },
}

describe('the adapters of a target one of whose metric sources lacks its secret', () => {
  const metrics = {
    main: { ...prometheus, bearer: { env: 'SLUICE_TEST_NOT_SET' } },
    other: { kind: 'memory', world: 'w' },
  }
  const pool = createAdapterPool(installationWith(metrics), ADAPTERS)

  it('have a router and the other sources all the same', async () => {
    const { router, metrics: sources } = pool.adaptersOf(target)
    expect((await router.read(signal)).split).toEqual({ blue: 10_000, green: 0 })
    expect(await sources['other']?.query({ query: 'up', now: 0 }, signal)).toMatchObject({ kind: 'noData' })
  })

  it('say of that source what it lacks, at every look and query, and leave the cursor where it was', async () => {
    const source = pool.adaptersOf(target).metrics['main']
    const since = { end: 1 }
    const fault = { kind: 'error', fault: 'unavailable', reason: expect.stringContaining('SLUICE_TEST_NOT_SET') }
    const seen = await source?.observe({ roles, since, now: 5, notBefore: 0 }, signal)
    expect(seen).toMatchObject({ stable: fault, canary: fault, cursor: since })
    expect(await source?.query({ query: 'up', now: 5 }, signal)).toMatchObject(fault)
    await expect(source?.query({ query: 'up', now: 5 }, AbortSignal.abort(new Error('over')))).rejects.toThrow('over')
    await pool.close()
  })
})
