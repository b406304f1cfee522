import { afterEach, describe, expect, it } from 'vitest'
import type { ReleaseCard } from '../../src/domain/release/release-card.ts'
import { createDemoClient } from '../../src/embedded/demo-client.ts'
import { listen, sendJson } from '../../src/embedded/loopback-server.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean()
})

const card = { releaseId: 'release/checkout/production/3', step: 6 } as ReleaseCard

/** The demo before an API that refuses every command with this, of a release that takes these. */
async function refusedWith(status: number, body: unknown, verbs: ReleaseCard['verbs']) {
  const server = await listen((request, response) => {
    if (request.method === 'GET') sendJson(response, 200, { ...card, verbs })
    else sendJson(response, status, body)
  }, 0)
  cleanups.push(() => server.close(0))
  const ports = { temporal: 0, temporalUi: 0, api: server.port, proxy: 0, admin: 0, load: 0, blue: 0, green: 0 }
  return createDemoClient(ports, 'no-secret')
}

describe('the approval that the demo gives', () => {
  it.each([
    ['rolled back', { code: 'release.ended', detail: 'checkout/production/3 has ended' }, []],
    ['begun to roll back', { code: 'command.refused', detail: 'no approval is asked for' }, ['abort']],
  ] as const)('is not needed any more by a release that its guard has %s meanwhile', async (_, refusal, verbs) => {
    const client = await refusedWith(409, refusal, verbs)
    await expect(client.approve(card)).resolves.toBeUndefined()
  })

  it.each([
    ['another refusal', 403, { code: 'authority.denied', detail: 'not you' }],
    ['a refusal that says no code', 409, 'no'],
  ])('fails with %s', async (_, status, body) => {
    const client = await refusedWith(status, body, ['approve', 'reject', 'abort'])
    await expect(client.approve(card)).rejects.toThrow(/commands: /)
  })
})
