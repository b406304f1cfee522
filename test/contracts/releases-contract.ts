import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { card, commandOutcome, page, submission } from '../../src/api/wire/release.ts'
import { lane } from '../../src/api/wire/target.ts'
import { lanePromises, lookPromises, waitingPromises } from './releases-contract-lanes.ts'
import {
  ALICE,
  ALL,
  ASKS,
  AT_ONCE,
  nextKey,
  type ReleasesWorld,
  refusalOf,
  type Tools,
  toolsOf,
} from './releases-world.ts'

/** What every façade to releases promises, the one in memory that tests use as well as the one over Temporal. */
export function describeReleases(name: string, open: () => Promise<ReleasesWorld>): void {
  describe(`releases: ${name}`, () => {
    let world: ReleasesWorld
    beforeEach(async () => {
      world = await open()
    })
    afterEach(() => world.close())
    const tools = toolsOf(() => world)

    describe('starts', () => {
      startPromises(tools)
    })
    describe('commands', () => {
      commandPromises(tools)
    })
    describe('releases that wait', () => {
      waitingPromises(tools)
    })
    describe('lanes', () => {
      lanePromises(tools)
    })
    describe('looks', () => {
      lookPromises(tools)
    })
    describe('answers', () => {
      wirePromises(tools)
    })
  })
}

function wirePromises({ start, send, show, until, world }: Tools): void {
  const goesWhole = (schema: z.ZodType, answer: unknown) => expect(schema.parse(answer)).toEqual(answer)

  it('go over the wire whole', async () => {
    const { releases, target } = world()
    goesWhole(submission, await start({ steps: ASKS }))
    goesWhole(card, await until(1, 'waiting'))
    await start({ whenBusy: 'queue' })
    goesWhole(card, await show(2))
    goesWhole(lane, await releases.freeze(target, { by: 'alice', reason: 'a sale' }))
    goesWhole(page, await releases.list(target, ALL))
    goesWhole(commandOutcome, await send('pause', 1))
    goesWhole(commandOutcome, await send('abort', 1))
    goesWhole(card, await until(1, 'rolled-back'))
    goesWhole(lane, await releases.lane(target))
  })
}

function startPromises({ idOf, nameOf, start, request, show, send, until, untilLane, world }: Tools): void {
  it('give the first number of the target, and a card', async () => {
    expect(await start({ reason: 'faster cart' })).toEqual({ releaseId: idOf(1), placed: 'started', ahead: 0 })
    const card = await until(1, 'baking')
    const { service, environment } = world().target
    expect(card).toMatchObject({ service, environment, releaseId: idOf(1), version: '2.0.0', author: 'alice' })
    expect(card).toMatchObject({ weight: 1_000, step: 2, isEnded: false, endedAt: null, waiting: null, replaces: null })
    expect(card).toMatchObject({ bakeDuration: 3_600_000, reason: null, outcome: 'none', verdicts: [], approval: null })
    expect(card.steps.map(({ mark }) => mark)).toEqual(['✓', '▶', ''])
    expect(card.verbs).toEqual(['pause', 'promote', 'abort', 'extend'])
    expect(card.trail.map(({ text }) => /blue|10%/.exec(text)?.[0])).toEqual(['blue', '10%', '10%'])
    expect(card.asOf).toBeGreaterThanOrEqual(card.startedAt)
  })

  it('with one key are one start, and get the same answer', async () => {
    const wish = request()
    const first = await world().releases.start(wish)
    await start({ whenBusy: 'queue' })
    expect(await world().releases.start(wish)).toEqual(first)
    const waiting = request({ whenBusy: 'queue' })
    const second = await world().releases.start(waiting)
    expect(second).toEqual({ releaseId: idOf(3), placed: 'queued', ahead: 2 })
    await send('abort', 2)
    expect(await world().releases.start(waiting)).toEqual(second)
  })

  it('refuse a key that was used for another version', async () => {
    const key = nextKey()
    await start({ key })
    const refusal = await refusalOf(start({ key, version: '2.0.1' }))
    expect(refusal).toEqual({ code: 'lane.key-reused', message: expect.stringContaining(nameOf(1)) as unknown })
  })

  it('are refused on a busy target, wait, or replace what runs', async () => {
    await start()
    await until(1, 'baking')
    expect(await refusalOf(start())).toMatchObject({
      code: 'lane.busy',
      message: expect.stringContaining(nameOf(1)) as unknown,
    })
    expect(await start({ whenBusy: 'queue' })).toEqual({ releaseId: idOf(2), placed: 'queued', ahead: 1 })
    expect(await start({ whenBusy: 'replace' })).toEqual({ releaseId: idOf(3), placed: 'queued', ahead: 1 })
    const replaced = await until(1, 'rolled-back')
    expect(replaced).toMatchObject({ isEnded: true, weight: 0, verbs: [] })
    expect(replaced.reason).toContain(`replaced by ${nameOf(3)} (2.0.0)`)
    await untilLane(({ running }) => running === idOf(3))
    await until(3, 'baking')
  })

  it('are refused when twenty wait already', async () => {
    await start()
    for (let waiting = 1; waiting <= 20; waiting += 1) {
      expect(await start({ whenBusy: 'queue' })).toMatchObject({ placed: 'queued', ahead: waiting })
    }
    const refusal = await refusalOf(start({ whenBusy: 'queue' }))
    expect(refusal).toMatchObject({
      code: 'lane.busy',
      message: expect.stringContaining('20 releases already wait on this target') as unknown,
    })
  })

  it('know the version that was promoted before', async () => {
    await start({ steps: AT_ONCE, version: '1.9.0' })
    expect(await until(1, 'promoted')).toMatchObject({ isEnded: true, weight: 10_000, verbs: [] })
    await untilLane(({ running }) => running === null)
    await start()
    expect((await until(2, 'baking')).replaces).toBe('1.9.0')
    expect((await show(1)).phase).toBe('promoted')
  })
}

function commandPromises({ idOf, nameOf, start, command, send, show, until, world }: Tools): void {
  it('take effect, and say where the release is then', async () => {
    await start()
    await until(1, 'baking')
    const pause = await send('pause', 1, { reason: 'lunch' })
    expect(pause).toMatchObject({ releaseId: idOf(1), phase: 'baking', isSettled: true })
    expect(pause.text).toContain('paused (baking)')
    const paused = await show(1)
    expect(paused).toMatchObject({
      phase: 'paused (baking)',
      reason: 'lunch',
      verbs: expect.arrayContaining(['resume']),
    })
    await send('resume', 1)
    expect(await until(1, 'baking')).toMatchObject({ reason: null })
  })

  it('with one key take effect once, and get the same answer', async () => {
    await start()
    await until(1, 'baking')
    const pause = command('pause', 1)
    const first = await world().releases.command(pause)
    await send('resume', 1)
    expect(await world().releases.command(pause)).toEqual(first)
    expect((await show(1)).phase).toBe('baking')
  })

  it('are refused for another step than the one that runs, and leave nothing behind', async () => {
    await start()
    await until(1, 'baking')
    const { trail } = await show(1)
    const refusal = await refusalOf(send('promote', 1, { step: 1 }))
    expect(refusal).toMatchObject({ code: 'command.stale', message: expect.stringContaining('step 2') as unknown })
    expect(await refusalOf(send('resume', 1))).toMatchObject({ code: 'command.refused' })
    expect(await show(1)).toMatchObject({ trail, phase: 'baking' })
  })

  it('approve only for those who are asked, and not for the author', async () => {
    await start({ steps: ASKS })
    const asked = await until(1, 'waiting')
    expect(asked.approval).toMatchObject({ by: 'owners', need: 1, given: [] })
    expect(await refusalOf(send('approve', 1, { step: 2, actor: ALICE }))).toMatchObject({ code: 'command.forbidden' })
    const dave = { person: 'dave', entrance: 'http' } as const
    const refusal = await refusalOf(send('approve', 1, { step: 2, actor: dave }))
    expect(refusal).toMatchObject({ code: 'command.forbidden', message: expect.stringContaining('dave') as unknown })
    await send('approve', 1, { step: 2 })
    const promoted = await until(1, 'promoted')
    expect(promoted.trail.filter(({ text }) => text.includes('bob'))).toHaveLength(1)
  })

  it('roll back by an abort, which may come twice, and refuse everything once the release has ended', async () => {
    await start()
    await until(1, 'baking')
    const abort = await send('abort', 1, { reason: 'too slow' })
    expect(abort).toMatchObject({ releaseId: idOf(1), isSettled: true })
    expect(abort.text).toContain('rolling back')
    const ended = await until(1, 'rolled-back')
    expect(ended.reason).toBe('abort by bob: too slow')
    for (const verb of ['abort', 'pause'] as const) {
      const refusal = await world().until(
        () => refusalOf(send(verb, 1)),
        ({ message }) => message.includes('completed'),
      )
      expect(refusal).toEqual({ code: 'release.ended', message: `${nameOf(1)} has ended (completed)` })
    }
  })

  it('reach no release that never was', async () => {
    for (const number of [1, 2]) {
      if (number === 2) await start()
      const refusal = await refusalOf(send('pause', number))
      expect(refusal).toMatchObject({
        code: 'release.unknown',
        message: expect.stringContaining(nameOf(number)) as unknown,
      })
      expect((await refusalOf(show(number))).code).toBe('release.unknown')
    }
    const nonsense = { ...command('pause', 1), releaseId: 'no/release' }
    expect((await refusalOf(world().releases.command(nonsense))).code).toBe('release.unknown')
    expect((await refusalOf(world().releases.show('no/release'))).code).toBe('release.unknown')
  })
}
