import { afterEach, describe, expect, it } from 'vitest'
import { createServer } from '../../src/api/server.ts'
import { configurationHash } from '../../src/config/fingerprint.ts'
import type { ReadinessAnswers } from '../../src/domain/readiness/answers.ts'
import { apiParts } from '../support/api-parts.ts'
import { PLAN } from '../support/demo-installation.ts'
import { createFakeReleases } from '../support/fake-releases.ts'
import { fetchFrom, runServed, runSluice } from '../support/program.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const READY: ReadinessAnswers['lines'] = [
  { item: 'metrics', outcome: 'pass', text: 'errors answer now' },
  { item: 'automatic', outcome: 'pass', text: 'nobody has to be there' },
]
const OPEN: ReadinessAnswers['lines'] = [
  ...READY,
  {
    ...{ item: 'way-back', outcome: 'fail', fix: 'send everybody to the stable pool, then ask again' },
    text: 'the router shows 5% and internal instead of nobody at all, so nothing was written, which is a long sentence',
  },
  { item: 'rehearsal', outcome: 'unknown', text: '\u001b[31mnobody knows', fix: 'rehearse it' },
]

async function ready(lines: ReadinessAnswers['lines'], ...more: string[]) {
  const releases = createFakeReleases()
  releases.answerReady(lines)
  const server = createServer(apiParts({ releases }))
  closers.push(() => server.close())
  return runSluice(['ready', 'plan.yaml', ...more], {
    fetch: fetchFrom(server),
    readFile: async () => JSON.stringify(PLAN),
  })
}

describe('sluice ready', () => {
  it('ends with 0 only when every answer is a yes', async () => {
    const { code, out } = await ready(READY, '--version', '2.4.0')
    expect(code).toBe(0)
    expect(out).toMatch(/^checkout 2\.4\.0 in production is ready\n/)
    expect((await ready(OPEN)).code).toBe(1)
  })

  it('says what to do about each no, within 80 columns and without anything that a terminal obeys', async () => {
    const { out } = await ready(OPEN)
    expect(out).toContain('checkout in production is not ready: 2 of 4 questions are open')
    expect(out).toContain('fix: send everybody to the stable pool, then ask again')
    expect(out).not.toContain('\u001b')
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })

  it('prints the answers for programs', async () => {
    const { out, code } = await ready(OPEN, '--output', 'json')
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ isReady: false, version: null, planHash: 'a plan', lines: OPEN })
  })
})

describe('answers that a release has kept', () => {
  it.each([
    ['are shown as they are under the configuration that they are about', (hash: string) => hash, false],
    ['are stale once sluice.yaml says something else of the target', () => 'before', true],
  ])('%s', async (_, hashOf, isOutdated) => {
    const releases = createFakeReleases()
    const parts = apiParts({ releases })
    const server = createServer(parts)
    closers.push(() => server.close())
    const { releaseId } = (
      await server.inject({ method: 'POST', url: '/api/v1/releases', payload: { plan: PLAN, version: 'v1' } })
    ).json()
    const card = await releases.show(releaseId)
    const target = { service: 'checkout', environment: 'production' }
    const configHash = hashOf(configurationHash(parts.installation, target))
    const answers = { at: parts.now(), version: 'v1', planHash: 'a plan', configHash, lines: READY }
    const kept = createServer({
      ...parts,
      releases: { ...releases, show: async () => ({ ...card, readiness: answers }) },
    })
    closers.push(() => kept.close())
    const url = `/api/v1/releases/${releaseId.replace('release/', '')}`
    expect((await kept.inject({ url })).json()).toMatchObject({ readiness: { configHash, isOutdated } })
    const { out } = await runServed(kept, ['status', releaseId.replace('release/', '')], { now: parts.now() })
    expect(out.includes('stale: sluice.yaml has changed since these answers')).toBe(isOutdated)
  })
})
