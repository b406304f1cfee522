import { describe, expect, it } from 'vitest'
import type { Cursor } from '../../src/domain/observation.ts'
import { scrapeSource } from '../../src/metrics/scrape.ts'

const roles = { stable: 'blue', canary: 'green' }
const signal = new AbortController().signal
const URL_OF_PAGE = 'http://one.test/metrics'

const OPTIONS = {
  kind: 'scrape',
  urls: [URL_OF_PAGE],
  requests: { metric: 'requests_total' },
  errors: { metric: 'requests_total', label: 'code', match: { prefix: '5' } },
  events: { orders: { metric: 'app_orders_total' } },
}

/** Looks at each page in turn and gives what the last look saw. `exposedAt` is when the exposure of the last two began. */
async function watch(pages: readonly string[], more: object = {}, exposedAt = 0) {
  let page = ''
  const source = scrapeSource.open(
    { ...OPTIONS, ...more },
    { pools: ['blue', 'green'], fetch: (async () => new Response(page)) as typeof fetch },
  )
  let cursor: Cursor | null = null
  let now = 1_000
  let seen = await source.observe({ roles, since: null, now, notBefore: 0 }, signal)
  for (const [index, text] of pages.entries()) {
    page = text
    now += 1_000
    const notBefore = index >= pages.length - 2 ? exposedAt : 0
    seen = await source.observe({ roles, since: cursor, now, notBefore }, signal)
    cursor = JSON.parse(JSON.stringify(seen.cursor))
  }
  return seen
}

const series = (pool: string, count: number, more = ',code="200"') => `requests_total{pool="${pool}"${more}} ${count}\n`
const both = (count: number, more?: string) => series('blue', 10 * count, more) + series('green', count, more)
const orders = (pool: string, count: number) => `app_orders_total{pool="${pool}"} ${count}\n`

describe('an event that is named in sluice.yaml', () => {
  it('is missing, with the name of its series, while neither pool has reported it', async () => {
    const { stable, canary } = await watch([both(1), both(5)], { events: { orders: { metric: 'app_ordrs_total' } } })
    for (const arm of [stable, canary]) {
      expect(arm).toMatchObject({ kind: 'value', value: { events: {} } })
      expect('value' in arm && arm.value.missing?.events).toEqual({
        orders: 'neither green nor blue has ever reported app_ordrs_total',
      })
    }
  })

  it('is 0 where the other pool reports it', async () => {
    const { canary } = await watch([both(1), both(5) + orders('blue', 4)])
    expect(canary).toMatchObject({ value: { events: { orders: 0 } } })
    expect('value' in canary && canary.value.missing).toBeUndefined()
  })

  it('stays known when its series have gone, over looks and over exposures', async () => {
    const pages = [both(1) + orders('blue', 4), both(2), both(3), both(4)]
    for (const exposedAt of [0, 3_500]) {
      const { stable, canary } = await watch(pages, {}, exposedAt)
      expect([stable, canary]).toMatchObject([
        { value: { requests: 10, events: { orders: 0 } } },
        { value: { requests: 1, events: { orders: 0 } } },
      ])
    }
  })
})

describe('errors', () => {
  it('are 0 where the label is there and no series has failed yet', async () => {
    const { canary } = await watch([both(1), both(5) + orders('blue', 1)])
    expect(canary).toMatchObject({ value: { requests: 4, errors: 0 } })
    expect('value' in canary && canary.value.missing).toBeUndefined()
  })

  it.each([
    ['no series has the label', (count: number) => both(count, ''), 'of green comes without the label code'],
    ['the label is always empty', (count: number) => both(count, ',code=""'), 'of green comes without the label code'],
    [
      'only the other pool has the label',
      (count: number) => series('blue', count) + series('green', count, ''),
      'of green',
    ],
  ])('are missing where %s', async (_, page, reason) => {
    const { canary } = await watch([page(1), page(5)])
    expect(canary).toMatchObject({
      value: { requests: 4, errors: 0, missing: { errors: expect.stringContaining(reason) } },
    })
  })

  const failures = { errors: { metric: 'failures_total', label: 'code', match: { prefix: '5' } } }
  const failed = (pool: string, count: number) => `failures_total{pool="${pool}",code="500"} ${count}\n`

  it('are missing where neither pool has ever reported their metric', async () => {
    const { canary } = await watch([both(1), both(5)], failures)
    expect('value' in canary && canary.value.missing?.errors).toBe(
      'neither green nor blue has ever reported failures_total with the label code',
    )
  })

  it('are 0 of a pool whose metric of failures only the other pool has needed so far', async () => {
    const { stable, canary } = await watch([both(1), both(5) + failed('blue', 3)], failures)
    expect([stable, canary]).toMatchObject([{ value: { errors: 3 } }, { value: { errors: 0 } }])
    expect('value' in canary && canary.value.missing?.errors).toBeUndefined()
  })
})

describe('latency and requests sent', () => {
  const more = { latency: { metric: 'app_seconds' }, started: { metric: 'sent_total' } }

  it('are missing, with the names of their series, while neither pool has reported them', async () => {
    const { canary } = await watch([both(1), both(5) + orders('blue', 1)], more)
    expect('value' in canary && canary.value.missing).toEqual({
      latency: 'neither green nor blue has ever reported app_seconds_bucket',
      started: 'neither green nor blue has ever reported sent_total',
    })
    expect('value' in canary && 'started' in canary.value).toBe(false)
  })

  it('are there as soon as one pool reports them', async () => {
    const { stable, canary } = await watch([both(1), `${both(5)}sent_total{pool="blue"} 50\n`], { ...more })
    expect([stable, canary]).toMatchObject([{ value: { started: 50 } }, { value: { started: 0 } }])
  })
})

describe('a cursor of an older version', () => {
  it('is no place to go on from: what it calls its counters may have another name by now', async () => {
    const source = scrapeSource.open(OPTIONS, {
      pools: ['blue', 'green'],
      fetch: (async () => new Response(both(9))) as typeof fetch,
    })
    const tally = { incarnation: null, counters: {} }
    const since = { at: 1_000, tallies: { [URL_OF_PAGE]: { blue: tally, green: tally } } }
    const seen = await source.observe({ roles, since, now: 2_000, notBefore: 0 }, signal)
    expect(seen).toMatchObject({ canary: { kind: 'noData' }, window: { start: 2_000, end: 2_000 } })
  })
})
