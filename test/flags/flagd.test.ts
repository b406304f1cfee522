import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FULL_WEIGHT } from '../../src/domain/units.ts'
import {
  definitionOf,
  fenceOfDefinition,
  parseFlagSet,
  reachOf,
  writeFlagSet,
} from '../../src/flags/flagd/definitions.ts'
import { createEvaluator } from '../../src/flags/flagd/evaluation.ts'
import { readNewest, writeVersion } from '../../src/flags/flagd/folder.ts'
import { probesOf } from '../../src/flags/flagd/probes.ts'
import { flagdStore } from '../../src/flags/flagd.ts'
import { describeFlagStoreContract } from '../contracts/flag-store-contract.ts'
import { open } from '../support/calls.ts'

const pools = ['blue', 'green'] as const
const flags = ['new-checkout', 'new-search'] as const
let folder = ''

const storeFor = (more: object = {}, send?: typeof fetch) =>
  flagdStore.open({ kind: 'flagd', folder, flags, ...more }, { pools, ...(send !== undefined && { fetch: send }) })

async function write(definitions: Readonly<Record<string, unknown>>): Promise<void> {
  const { number, text } = await readNewest(folder)
  const next = writeFlagSet({ ...parseFlagSet(text), ...definitions }, number + 1)
  await writeVersion(folder, { number: number + 1, text: next }, () => undefined)
}

describeFlagStoreContract('flagd', async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-flagd-'))
  const served = flagdStore.serveWith({ kind: 'flagd', folder, flags })
  return {
    flags,
    connect: () => storeFor(),
    meddle: (flag, reach) => write({ [flag]: definitionOf(reach, { release: 1, epoch: 1 }, 'cohort') }),
    async evaluate(flag, { user, cohort }) {
      const answer = await served?.evaluate(flag, { targetingKey: user, ...(cohort !== undefined && { cohort }) })
      return answer !== null && answer !== undefined && 'value' in answer && answer.value === true
    },
    async teardown() {
      served?.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
})

describe('the flagd flag store', () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-flagd-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const wish = (weight: number, epoch = 1) => ({
    flags: { 'new-checkout': { weight, cohorts: ['beta'] } },
    fence: { release: 1, epoch },
  })

  it('makes its folder, keeps the last twenty versions and leaves no drafts', async () => {
    const store = storeFor({ folder: join(folder, 'deep', 'flags') })
    for (let epoch = 1; epoch <= 25; epoch += 1) await store.apply(wish(epoch, epoch), open())
    const names = await readdir(join(folder, 'deep', 'flags'))
    expect(names.toSorted()).toEqual(
      Array.from({ length: 20 }, (_, index) => `0000000000${String(index + 6).padStart(2, '0')}.json`),
    )
  })

  it('changes nothing for a writer that comes back when another one has written its number', async () => {
    await storeFor().apply(wish(100), open())
    const slow = await readNewest(folder)
    await storeFor().apply(wish(200, 2), open())
    const text = writeFlagSet({}, slow.number + 1)
    expect(await writeVersion(folder, { number: slow.number + 1, text }, () => undefined)).toBe(false)
    expect(await storeFor().read(['new-checkout'], open())).toEqual(wish(200, 2))
  })

  it('keeps what other flags are, whoever defined them', async () => {
    const odd = { state: 'ENABLED', variants: { red: 'red', blue: 'blue' }, defaultVariant: 'red' }
    await write({ colour: odd })
    await storeFor().apply(wish(100), open())
    expect(parseFlagSet((await readNewest(folder)).text)?.['colour']).toEqual(odd)
    await expect(storeFor().read(['colour'], open())).rejects.toMatchObject({ code: 'flag.misconfigured' })
  })

  it('is the same at once for every process that serves it, and each is told of a change', async () => {
    const processes = [1, 2, 3].map(() => flagdStore.serveWith({ kind: 'flagd', folder, flags }))
    const told = processes.map(
      (served) =>
        new Promise<number>((resolve) => {
          served?.watch(resolve)
        }),
    )
    const values = async () => {
      const answers = await Promise.all(
        processes.map(async (served) => (await served?.evaluate('new-search', { targetingKey: 'carol' })) ?? null),
      )
      return answers.map((answer) => answer !== null && 'value' in answer && answer.value)
    }
    expect(await values()).toEqual([false, false, false])
    const on = { flags: { 'new-search': { weight: FULL_WEIGHT, cohorts: [] } }, fence: { release: 1, epoch: 1 } }
    await storeFor().apply(on, open())
    expect(await values()).toEqual([true, true, true])
    expect(await Promise.all(told)).toEqual([1, 1, 1])
    for (const served of processes) served?.close()
  })

  it('gives each number to one writer however many there are', async () => {
    const writers = Array.from({ length: 40 }, (_, index) =>
      writeVersion(folder, { number: 1, text: writeFlagSet({ [`flag-${index}`]: {} }, 1) }, () => undefined),
    )
    expect((await Promise.all(writers)).filter(Boolean)).toHaveLength(1)
    expect(await readdir(folder)).toEqual(['000000000001.json'])
  })

  it('goes on being evaluated beside a definition that flagd cannot read', async () => {
    await write({ broken: { state: 'ENABLED', variants: { on: true }, defaultVariant: 'nowhere' } })
    const served = flagdStore.serveWith({ kind: 'flagd', folder, flags })
    const value = async () => await served?.evaluate('new-checkout', { targetingKey: 'carol', cohort: 'beta' })
    await storeFor().apply(wish(0), open())
    expect(await value()).toMatchObject({ value: true })
    await storeFor().apply(
      { flags: { 'new-checkout': { weight: 0, cohorts: [] } }, fence: { release: 1, epoch: 2 } },
      open(),
    )
    expect(await value()).toMatchObject({ value: false })
    expect(await served?.evaluate('broken', {})).toBeNull()
    served?.close()
  })

  it('is written although its newest version cannot be read, which a read says', async () => {
    await storeFor().apply(wish(100), open())
    await writeFile(join(folder, '000000000002.json'), '{"flags":')
    await expect(storeFor().read(['new-checkout'], open())).rejects.toMatchObject({ code: 'flag.misconfigured' })
    await storeFor().apply(wish(0, 2), open())
    expect(await storeFor().read(['new-checkout'], open())).toEqual(wish(0, 2))
  })

  it('calls a folder that it may not use unreachable', async () => {
    await writeFile(join(folder, 'file'), '')
    const store = storeFor({ folder: join(folder, 'file', 'flags') })
    await expect(store.read(['new-checkout'], open())).rejects.toMatchObject({ code: 'flag.unreachable' })
    await expect(store.apply(wish(1), open())).rejects.toMatchObject({ code: 'flag.unreachable' })
  })

  it('takes the word of no definition: an API process that evaluates otherwise is shown as what it does', async () => {
    const evaluating = (value: (targetingKey: string | undefined) => boolean): typeof fetch => {
      return async (url, request) => {
        const { context } = (await new Request(url, request).json()) as { context: { targetingKey?: string } }
        return Response.json({
          key: 'new-checkout',
          value: value(context.targetingKey),
          reason: 'STATIC',
          variant: 'on',
        })
      }
    }
    await storeFor().apply({ ...wish(2_500), flags: { 'new-checkout': { weight: 2_500, cohorts: [] } } }, open())
    const ofrep = ['http://api-1:8230/flags/checkout/production']
    const shown = async (send: typeof fetch) => (await storeFor({ ofrep }, send).read(['new-checkout'], open())).flags
    expect(await shown(evaluating(() => true))).toEqual({ 'new-checkout': { weight: FULL_WEIGHT, cohorts: [] } })
    expect(await shown(evaluating(() => false))).toEqual({ 'new-checkout': { weight: 0, cohorts: [] } })
    const stale = await createEvaluator({
      'new-checkout': definitionOf({ weight: 2_501, cohorts: [] }, null, 'cohort'),
    })
    const isOnThere = (targetingKey: string | undefined) => {
      const answer = stale.one('new-checkout', targetingKey === undefined ? {} : { targetingKey })
      return answer !== null && 'value' in answer && answer.value === true
    }
    expect(await shown(evaluating(isOnThere))).toEqual({ 'new-checkout': { weight: FULL_WEIGHT, cohorts: [] } })
  })

  it('says which API process gives no evaluation', async () => {
    const ofrep = ['http://127.0.0.1:1/flags/checkout/production']
    await expect(storeFor({ ofrep }).read(['new-checkout'], open())).rejects.toMatchObject({
      code: 'flag.unreachable',
      message: expect.stringContaining('http://127.0.0.1:1') as string,
    })
  })

  it('writes what the schema of flagd takes', async () => {
    await storeFor().apply(wish(2_500), open())
    const { text, number } = await readNewest(folder)
    expect(number).toBe(1)
    expect(JSON.parse(text)).toMatchObject({
      $schema: 'https://flagd.dev/schema/v0/flags.json',
      flags: {
        'new-checkout': { state: 'ENABLED', metadata: { fence: '1:1' } },
        'new-search': { defaultVariant: 'off' },
      },
      metadata: { version: 1 },
    })
    expect(await readFile(join(folder, '000000000001.json'), 'utf8')).toBe(text)
  })
})

describe('a definition', () => {
  const reaches = fc.record({
    weight: fc.integer({ min: 0, max: FULL_WEIGHT }),
    cohorts: fc.uniqueArray(fc.constantFrom('beta', 'internal', 'eu-west')).map((names) => names.toSorted()),
  })

  it('says the reach and the fence that it was made from', () => {
    fc.assert(
      fc.property(reaches, fc.nat(), fc.nat(), (reach, release, epoch) => {
        const definition = JSON.parse(JSON.stringify(definitionOf(reach, { release, epoch }, 'cohort')))
        expect(reachOf(definition, 'cohort')).toEqual(reach)
        expect(fenceOfDefinition(definition)).toEqual({ release, epoch })
      }),
    )
  })

  it('is told from the next one above and below by the users who are asked for', async () => {
    for (const weight of [0, 1, 2, 4_999, 9_999, FULL_WEIGHT]) {
      const flag = `flag-${randomUUID()}`
      for (const other of [weight - 1, weight, weight + 1].filter((one) => one >= 0 && one <= FULL_WEIGHT)) {
        const evaluator = await createEvaluator({
          [flag]: definitionOf({ weight: other, cohorts: [] }, null, 'cohort'),
        })
        const probes = await probesOf(flag, { weight, cohorts: [] })
        const isProven = probes.every(({ user, isOn }) => {
          const answer = evaluator.one(flag, user === null ? {} : { targetingKey: user })
          return answer !== null && 'value' in answer && answer.value === isOn
        })
        expect([weight, other, isProven]).toEqual([weight, other, weight === other])
      }
    }
  })

  it.each([
    [
      'another share of other words',
      {
        targeting: {
          fractional: [
            ['on', 1],
            ['off', 1],
            ['on', 1],
          ],
        },
      },
    ],
    ['a disabled flag', { state: 'DISABLED' }],
    ['variants the other way round', { variants: { on: false, off: true } }],
    ['targeting by another attribute', { targeting: { if: [{ in: [{ var: 'country' }, ['de']] }, 'on', 'off'] } }],
    [
      'a default that is on beside a share',
      {
        defaultVariant: 'on',
        targeting: {
          fractional: [
            ['on', 1],
            ['off', 1],
          ],
        },
      },
    ],
  ])('is not taken for ours when it is %s', (_, change) => {
    const ours = definitionOf({ weight: 0, cohorts: [] }, null, 'cohort')
    expect(reachOf({ ...ours, ...change }, 'cohort')).toBeNull()
  })
})
