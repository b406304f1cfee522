import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { unleashStore } from '../../src/flags/unleash.ts'
import { describeFlagStoreContract } from '../contracts/flag-store-contract.ts'
import { open } from '../support/calls.ts'
import { requireUnleash } from '../support/require-server.ts'
import { startUnleash, type UnleashServer } from '../support/unleash-server.ts'

const TOKEN = 'SLUICE_TEST_UNLEASH_TOKEN'
const pools = ['blue', 'green'] as const

describe.skipIf(!requireUnleash())('with a real Unleash', () => {
  let unleash: UnleashServer
  beforeAll(async () => {
    unleash = await startUnleash()
    process.env[TOKEN] = unleash.adminToken
  }, 90_000)
  afterAll(() => unleash?.stop())

  const storeFor = (more: object = {}, send: typeof fetch = fetch) => {
    const options = { kind: 'unleash', url: unleash.url, environment: 'development', token: { env: TOKEN } }
    return unleashStore.open({ ...options, deadline: '5s', ...more }, { pools, fetch: send })
  }
  const newFlag = async () => {
    const name = `flag-${randomUUID()}`
    await unleash.admin('POST', '/projects/default/features', { name, type: 'release' })
    return name
  }
  const place = (flag: string) => `/projects/default/features/${flag}/environments/development`

  describeFlagStoreContract('unleash', async () => ({
    flags: [await newFlag(), await newFlag()],
    connect: () => storeFor(),
    async meddle(flag, { weight }) {
      const strategies = (await unleash.admin('GET', `${place(flag)}/strategies`)) as { id: string; title: string }[]
      const share = strategies.find(({ title }) => title.includes('share'))
      await unleash.admin('PATCH', `${place(flag)}/strategies/${share?.id}`, [
        { op: 'replace', path: '/parameters/rollout', value: String(weight / 100) },
      ])
    },
    users: 60,
    freeze: unleash.freeze,
    thaw: unleash.thaw,
    async evaluate(flag, { user, cohort }) {
      const context = { appName: 'test', userId: user, ...(cohort !== undefined && { properties: { cohort } }) }
      const body = { environment: 'development', projects: ['default'], context }
      const played = (await unleash.admin('POST', '/playground', body)) as {
        features: { name: string; isEnabled: boolean }[]
      }
      return played.features.find(({ name }) => name === flag)?.isEnabled === true
    },
    async teardown() {},
  }))

  describe('the unleash flag store', () => {
    it('shows what a person had set up by hand', async () => {
      const flag = await newFlag()
      await unleash.admin('POST', `${place(flag)}/strategies`, {
        name: 'flexibleRollout',
        parameters: { rollout: '25', stickiness: 'default', groupId: flag },
      })
      const shown = () => storeFor().read([flag], open())
      expect((await shown()).flags[flag]).toEqual({ weight: 0, cohorts: [] })
      await unleash.admin('POST', `${place(flag)}/on`)
      expect(await shown()).toEqual({ flags: { [flag]: { weight: 2_500, cohorts: [] } }, fence: null })
    })

    it('does not guess what a strategy of another kind lets in, and sets it aside with a change', async () => {
      const flag = await newFlag()
      await unleash.admin('POST', `${place(flag)}/strategies`, {
        ...{
          name: 'flexibleRollout',
          title: 'Carol',
          parameters: { rollout: '100', stickiness: 'default', groupId: flag },
        },
        constraints: [{ contextName: 'userId', operator: 'IN', values: ['carol'] }],
      })
      await unleash.admin('POST', `${place(flag)}/on`)
      await expect(storeFor().read([flag], open())).rejects.toMatchObject({ code: 'flag.misconfigured' })
      const wish = { flags: { [flag]: { weight: 1_000, cohorts: ['beta'] } }, fence: { release: 1, epoch: 1 } }
      await storeFor().apply(wish, open())
      expect(await storeFor().read([flag], open())).toEqual(wish)
      const left = (await unleash.admin('GET', `${place(flag)}/strategies`)) as { title: string; disabled: boolean }[]
      expect(left.filter(({ title }) => title === 'Carol')).toMatchObject([{ disabled: true }])
    })

    it('is off at once whatever strategies there are', async () => {
      const flag = await newFlag()
      await unleash.admin('POST', `${place(flag)}/strategies`, { name: 'default' })
      await unleash.admin('POST', `${place(flag)}/on`)
      await storeFor().apply({ flags: { [flag]: { weight: 0, cohorts: [] } }, fence: { release: 1, epoch: 1 } }, open())
      expect((await storeFor().read([flag], open())).flags[flag]).toEqual({ weight: 0, cohorts: [] })
    })

    it('does not carry out a change that was overtaken between its look and its command', async () => {
      const flag = await newFlag()
      const wish = (weight: number, epoch: number) => ({
        flags: { [flag]: { weight, cohorts: [] } },
        fence: { release: 1, epoch },
      })
      await storeFor().apply(wish(1_000, 1), open())
      // Another address is another turn: so two workers on two machines come together.
      const elsewhere = { url: unleash.url.replace('127.0.0.1', 'localhost') }
      let overtakes = true
      const slow: typeof fetch = async (url, request) => {
        if (overtakes && request?.method === 'PATCH') {
          overtakes = false
          await storeFor(elsewhere).apply(wish(2_000, 3), open())
        }
        return fetch(url, request)
      }
      const late = storeFor({}, slow).apply(wish(9_000, 2), open())
      await expect(late).rejects.toMatchObject({ code: 'flag.fenced' })
      expect(await storeFor().read([flag], open())).toEqual(wish(2_000, 3))
    })

    it('says who is not let in, without the token', async () => {
      process.env['SLUICE_TEST_WRONG_TOKEN'] = '*:*.nobody'
      const store = storeFor({ token: { env: 'SLUICE_TEST_WRONG_TOKEN' } })
      const failure = await store.read(['any'], open()).catch((error: unknown) => error)
      expect(failure).toMatchObject({ code: 'flag.misconfigured', message: 'Unleash does not let the worker in' })
      expect(JSON.stringify(failure)).not.toContain('nobody')
    })
  })
})
