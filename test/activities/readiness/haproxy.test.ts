import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { askThroughRouter, writeWhatIsThere } from '../../../src/activities/readiness/write-what-is-there.ts'
import { type Exposure, NO_EXPOSURE } from '../../../src/domain/exposure.ts'
import { routingAnswer, wayBackAnswer } from '../../../src/domain/readiness/rules.ts'
import { createOutside } from '../../../src/hooks/create-outside.ts'
import { createAddressPolicy } from '../../../src/outbound/address-policy.ts'
import { haproxyRouter } from '../../../src/routers/haproxy.ts'
import { createCleanups, POOLS, ROLES } from '../../routers/haproxy/harness.ts'
import { open } from '../../support/calls.ts'
import { demoInstallation } from '../../support/demo-installation.ts'
import { startDataPath } from '../../support/haproxy-server.ts'
import { requireServer } from '../../support/require-server.ts'

const SECRET = 'a-secret-of-more-than-32-characters'
const TARGET = { service: 'checkout', environment: 'production' }
const FENCE = { release: 4, epoch: 2 }
/** A backend of the test says its pool, where one of a team says its version. */
const VERSION = 'green'

const cleanups = createCleanups()
afterEach(cleanups.run)

describe.skipIf(!requireServer('haproxy'))('a question about readiness before a real HAProxy', () => {
  let path: Awaited<ReturnType<typeof startDataPath>>
  beforeEach(async () => {
    path = await startDataPath(2)
    cleanups.add(path.stop)
  })

  function setUp() {
    const { servers } = path
    const options = { kind: 'haproxy', sockets: servers.map(({ socket }) => socket), map: servers[0]?.map }
    const router = haproxyRouter.open({ ...options, deadline: '1s' }, { pools: POOLS, ticketSecret: () => SECRET })
    const through = `http://127.0.0.1:${servers[0]?.port}/version`
    const found = { ...demoInstallation().targets[0], version: { url: through, through } }
    const outside = createOutside({
      installation: { find: () => found, ticketSecret: () => SECRET } as never,
      variables: {},
      now: Date.now,
      policy: createAddressPolicy(['127.0.0.0/8']),
    })
    const holder = { releaseId: 'lane/checkout/production', exposure: NO_EXPOSURE, fence: FENCE }
    const asked = {
      input: { target: TARGET, holder },
      ...{ adapters: { router }, outside, roles: async () => ROLES, holder, version: VERSION },
      permit: { confirm: async () => undefined, check: () => undefined },
    } as unknown as Parameters<typeof askThroughRouter>[0]
    const expose = (exposure: Exposure, fence: typeof FENCE) =>
      router.apply({ roles: ROLES, exposure, fence, releaseId: 'release/checkout/production/5' }, open())
    return { router, asked, expose }
  }

  it('writes what is there and reads it back on each node, and the version is reached with a ticket alone', async () => {
    const { router, asked } = setUp()
    expect(wayBackAnswer(await writeWhatIsThere(asked, open()))).toMatchObject({ outcome: 'pass' })
    expect(await router.read(open())).toMatchObject({ split: { green: 0 }, fence: FENCE })
    const sight = await askThroughRouter(asked, ROLES, open())
    expect(sight && routingAnswer(VERSION, sight)).toEqual({
      outcome: 'pass',
      text: 'a request with a try-it ticket reached green, one without blue',
    })
    expect(path.backends.green.served()).toBe(1)
    expect(await router.read(open())).toMatchObject({ split: { green: 0 }, tickets: null, fence: FENCE })
  })

  it('closes the door behind it where the version does not answer', async () => {
    const { router, asked } = setUp()
    await path.backends.green.close()
    const sight = await askThroughRouter(asked, ROLES, open())
    expect(sight && routingAnswer(VERSION, sight).outcome).not.toBe('pass')
    expect(await router.read(open())).toMatchObject({ split: { green: 0 }, tickets: null })
  })

  it('writes nothing where the router is not at rest, nor where a release was faster', async () => {
    const { router, asked, expose } = setUp()
    await expose({ weight: 2_500, cohorts: [] }, { release: 3, epoch: 1 })
    expect(await writeWhatIsThere(asked, open())).toMatchObject({ kind: 'not-at-rest' })
    expect(await router.read(open())).toMatchObject({ split: { green: 2_500 }, fence: { release: 3, epoch: 1 } })
    await expose(NO_EXPOSURE, { release: 5, epoch: 1 })
    expect(await writeWhatIsThere(asked, open())).toMatchObject({ kind: 'taken' })
    expect(await router.read(open())).toMatchObject({ split: { green: 0 }, fence: { release: 5, epoch: 1 } })
  })
})
