import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { descriptionOf } from '../../src/flags/launchdarkly/flag.ts'
import { launchdarklyStore } from '../../src/flags/launchdarkly.ts'
import { describeFlagStoreContract } from '../contracts/flag-store-contract.ts'
import { open } from '../support/calls.ts'
import { type FakeLaunchdarkly, type Flag, startFakeLaunchdarkly } from '../support/fake-launchdarkly.ts'

const TOKEN = 'SLUICE_TEST_LAUNCHDARKLY_TOKEN'
const pools = ['blue', 'green'] as const

function storeFor({ url, project, environment, token }: FakeLaunchdarkly) {
  process.env[TOKEN] = token
  const options = { kind: 'launchdarkly', url, project, environment, token: { env: TOKEN }, deadline: '2s' }
  return launchdarklyStore.open(options, { pools })
}

describeFlagStoreContract('launchdarkly', async () => {
  const fake = await startFakeLaunchdarkly()
  const flags = ['new-checkout', 'new-search'] as const
  for (const flag of flags) fake.addFlag(flag)
  return {
    flags,
    connect: () => storeFor(fake),
    async meddle(key, { weight }) {
      const { environments, variations } = fake.flag(key)
      const config = environments[fake.environment]
      if (config === undefined) throw new Error('no such environment')
      const on = variations.findIndex(({ value }) => value === true)
      const parts = [
        { variation: on, weight: weight * 10 },
        { variation: 1 - on, weight: 100_000 - weight * 10 },
      ]
      config.fallthrough = { rollout: { contextKind: 'user', variations: parts } }
      config.version += 1
    },
    freeze: () => fake.freeze(),
    thaw: () => fake.thaw(),
    evaluate: async (flag, who) => fake.evaluate(flag, who),
    teardown: () => fake.close(),
  }
})

describe('the launchdarkly flag store', () => {
  let fake: FakeLaunchdarkly
  beforeEach(async () => {
    fake = await startFakeLaunchdarkly()
    fake.addFlag('new-checkout')
  })
  afterEach(() => fake.close())

  const half = { flags: { 'new-checkout': { weight: 5_000, cohorts: [] } }, fence: { release: 1, epoch: 2 } }
  const off = { flags: { 'new-checkout': { weight: 0, cohorts: [] } }, fence: { release: 1, epoch: 3 } }
  const configOf = () => fake.flag('new-checkout').environments[fake.environment] as Flag['environments'][string]

  it.each<readonly [string, () => void]>([
    [
      'a rule of another hand',
      () => configOf().rules.push({ ...{ _id: 'r', variation: 0, clauses: [], trackEvents: false } }),
    ],
    ['a target', () => configOf().targets.push({ values: ['carol'], variation: 0 })],
    ['a prerequisite', () => configOf().prerequisites.push({ key: 'other', variation: 0 })],
  ])('does not take a flag with %s for what it is without it, and a change removes it', async (_, meddle) => {
    configOf().on = true
    meddle()
    await expect(storeFor(fake).read(['new-checkout'], open())).rejects.toMatchObject({ code: 'flag.misconfigured' })
    await storeFor(fake).apply(half, open())
    await expect(storeFor(fake).read(['new-checkout'], open())).resolves.toMatchObject({ flags: half.flags })
  })

  it('does not take off for off where applications would use the default in their code', async () => {
    delete configOf().offVariation
    await expect(storeFor(fake).read(['new-checkout'], open())).rejects.toMatchObject({ code: 'flag.misconfigured' })
    await storeFor(fake).apply(off, open())
    expect(configOf()).toMatchObject({ on: false, offVariation: 1 })
  })

  it('refuses a flag that is more than on or off', async () => {
    fake.addFlag('colour', {
      variations: [
        { _id: 'a', value: 'red' },
        { _id: 'b', value: 'blue' },
      ],
    })
    await expect(storeFor(fake).read(['colour'], open())).rejects.toMatchObject({ code: 'flag.misconfigured' })
  })

  it('says what LaunchDarkly says when it refuses a change, and changes nothing', async () => {
    fake.addFlag('new-checkout', { needsApproval: true })
    const before = structuredClone(configOf())
    await expect(storeFor(fake).apply(half, open())).rejects.toMatchObject({
      code: 'flag.refused',
      received: 'status 405: approvals are required for this flag in this environment',
    })
    expect(configOf()).toEqual(before)
  })

  it('is refused once another one has replaced the rule that it read, and looks again', async () => {
    const store = storeFor(fake)
    await store.apply(half, open())
    const slow = storeFor({ ...fake })
    let isFirst = true
    const permit = () => {
      if (!isFirst) return
      isFirst = false
      const config = configOf()
      config.rules = config.rules.map((rule) => ({
        ...rule,
        _id: 'new',
        description: descriptionOf({ release: 2, epoch: 1 }),
      }))
      config.version += 1
    }
    await expect(slow.apply({ ...half, fence: { release: 1, epoch: 9 } }, open(), permit)).rejects.toMatchObject({
      code: 'flag.fenced',
    })
    expect(configOf().rules[0]?.description).toBe(descriptionOf({ release: 2, epoch: 1 }))
  })

  it.each([
    [429, { 'retry-after': '7' }, 'flag.unreachable', 'status 429, again after 7 s'],
    [503, {}, 'flag.unreachable', 'status 503'],
    [302, { location: 'http://127.0.0.1:1/' }, 'flag.unreachable', 'a redirect, which is not followed'],
    [401, {}, 'flag.misconfigured', 'does not let the worker in'],
    [200, {}, 'flag.unreachable', 'is not a flag'],
  ])('tells the answer %i for what it is', async (status, headers, code, said) => {
    const store = storeFor(fake)
    fake.answerWith({ status, headers })
    const failure = await store.apply(half, open()).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code, message: expect.stringContaining(said) as string })
    expect(JSON.stringify(failure)).not.toContain(fake.token)
  })

  it('does not begin without its token, and does not show one that is wrong', () => {
    process.env[TOKEN] = 'line one\nline two'
    const open = () =>
      launchdarklyStore.open(
        { kind: 'launchdarkly', project: 'shop', environment: 'production', token: { env: TOKEN } },
        { pools },
      )
    expect(open).toThrow(expect.objectContaining({ code: 'flag.misconfigured' }) as Error)
    expect(open).not.toThrow(/line one/)
  })
})
