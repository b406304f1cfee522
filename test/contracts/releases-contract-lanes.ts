import { expect, it } from 'vitest'
import type { ReleasePage } from '../../src/releases/releases.ts'
import { ALL, ASKS, AT_ONCE, nextKey, refusalOf, type Tools } from './releases-world.ts'

export function waitingPromises({
  idOf,
  nameOf,
  start,
  command,
  send,
  show,
  until,
  lane,
  untilLane,
  untilListed,
  world,
}: Tools): void {
  it('have a card that says whom they wait for', async () => {
    await start()
    await start({ whenBusy: 'queue', version: '2.0.1' })
    await start({ whenBusy: 'queue', version: '2.0.2' })
    const card = await show(3)
    expect(card).toMatchObject({ releaseId: idOf(3), version: '2.0.2', author: 'alice', phase: 'queued', weight: 0 })
    expect(card).toMatchObject({ isEnded: false, verbs: ['abort'], steps: [], trail: [], latest: null, verdicts: [] })
    expect(card.waiting).toMatchObject({ behind: idOf(2), ahead: 2, isFrozen: false })
    expect(card.waiting?.since).toBe(card.startedAt)
  })

  it('are taken out of the queue by an abort, and refuse everything else', async () => {
    await start()
    await start({ whenBusy: 'queue' })
    expect(await refusalOf(send('pause', 2))).toMatchObject({
      code: 'release.waiting',
      message: expect.stringContaining(
        `${nameOf(2)} has not started: it waits for its turn behind ${nameOf(1)}`,
      ) as unknown,
    })
    const abort = command('abort', 2)
    const withdrawn = await world().releases.command(abort)
    expect(withdrawn).toMatchObject({ releaseId: idOf(2), phase: 'withdrawn', isSettled: true })
    expect(await world().releases.command(abort)).toEqual(withdrawn)
    expect((await refusalOf(send('abort', 2))).code).toBe('release.unknown')
    expect((await refusalOf(show(2))).code).toBe('release.unknown')
    expect(await start({ whenBusy: 'queue' })).toMatchObject({ releaseId: idOf(3), ahead: 1 })
  })

  it('are withdrawn from their lane once', async () => {
    const { releases, target } = world()
    const wish = { releaseId: idOf(2), by: 'bob', reason: 'not today', key: nextKey() }
    expect((await refusalOf(releases.withdraw(target, wish))).code).toBe('release.unknown')
    await start()
    expect((await refusalOf(releases.withdraw(target, { ...wish, key: nextKey() }))).code).toBe('request.invalid')
    await start({ whenBusy: 'queue' })
    const again = { ...wish, key: nextKey() }
    const answer = await releases.withdraw(target, again)
    expect(answer).toMatchObject({ running: idOf(1), queue: [] })
    expect((await releases.withdraw(target, again)).queue).toEqual([])
    expect((await refusalOf(releases.withdraw(target, { ...wish, key: nextKey() }))).code).toBe('request.invalid')
  })

  it('start in their order as soon as the target is free', async () => {
    await start({ steps: ASKS })
    await until(1, 'waiting')
    await start({ whenBusy: 'queue', version: '2.0.1' })
    await start({ whenBusy: 'queue', version: '2.0.2' })
    await send('approve', 1, { step: 2 })
    await until(1, 'promoted')
    await untilLane(({ running }) => running === idOf(2))
    expect((await lane()).queue.map(({ releaseId }) => releaseId)).toEqual([idOf(3)])
    expect((await until(2, 'baking')).replaces).toBe('2.0.0')
  })

  it('are listed first where their service is named, and until they start', async () => {
    const { releases, target } = world()
    await start()
    await until(1, 'baking')
    await start({ whenBusy: 'queue', version: '2.0.1' })
    await start({ whenBusy: 'queue', version: '2.0.2' })
    const [last, first, running] = (await untilListed(undefined, (page) => page.releases.length === 3)).releases
    expect([last?.releaseId, first?.releaseId, running?.releaseId]).toEqual([idOf(3), idOf(2), idOf(1)])
    expect(last).toMatchObject({ phase: 'queued', version: '2.0.2', weight: 0, verdict: 'none', endedAt: null })
    expect(last).toMatchObject(target)
    for (const [phase, ids] of [
      ['open', [idOf(3), idOf(2), idOf(1)]],
      ['queued', [idOf(3), idOf(2)]],
      ['baking', [idOf(1)]],
      ['closed', []],
    ] as const) {
      const idsIn = (page: ReleasePage) => page.releases.map(({ releaseId }) => releaseId)
      expect(idsIn(await untilListed(phase, (page) => page.releases.length === ids.length))).toEqual(ids)
    }
    const ofService = (phase: string) => releases.list({ service: target.service, phase }, ALL)
    const seen = await world().until(
      () => ofService('queued'),
      (page) => page.releases.length === 2,
    )
    expect(seen.next).toBeNull()
    expect((await refusalOf(releases.list({ phase: 'queued' }, ALL))).code).toBe('request.invalid')
  })
}

export function lanePromises({ idOf, nameOf, start, send, until, lane, untilLane, world }: Tools): void {
  it('are empty ones before anybody has used them', async () => {
    expect(await lane()).toMatchObject({
      ...{ target: world().target, running: null, queue: [], freeze: null, promotedVersion: null, nextNumber: 1 },
      ...{ stable: null, keeper: { state: 'idle' } },
    })
  })

  it('say who holds the router while a release runs and after it', async () => {
    await start({ steps: ASKS })
    await until(1, 'waiting')
    expect(await untilLane(({ stable }) => stable !== null)).toMatchObject({
      ...{
        running: idOf(1),
        nextNumber: 2,
        stable: { pool: 'blue', version: null },
        keeper: { state: 'release', text: `${nameOf(1)} controls the router` },
      },
    })
    await send('approve', 1, { step: 2 })
    await until(1, 'promoted')
    expect(await untilLane(({ running }) => running === null)).toMatchObject({
      ...{ promotedVersion: '2.0.0', stable: { pool: 'green', version: '2.0.0' }, keeper: { state: 'holding' } },
    })
    await start({ version: '2.0.1' })
    await until(2, 'baking')
    await send('abort', 2)
    await until(2, 'rolled-back')
    expect(await untilLane(({ running }) => running === null)).toMatchObject({
      ...{ promotedVersion: '2.0.0', stable: { pool: 'green', version: '2.0.0' } },
    })
  })

  it('start nothing while they are frozen, and what waits once they are not', async () => {
    const { releases, target } = world()
    const frozen = await releases.freeze(target, { by: 'carol', reason: 'black friday' })
    expect(frozen.freeze).toMatchObject({ by: 'carol', reason: 'black friday' })
    const refusal = await refusalOf(start())
    expect(refusal).toEqual({ code: 'lane.frozen', message: 'frozen by carol: black friday' })
    expect(await releases.unfreeze(target, { by: 'bob' })).toMatchObject({ freeze: null })
    await start()
    await until(1, 'baking')
    await start({ whenBusy: 'queue' })
    await releases.freeze(target, { by: 'carol', reason: 'audit' })
    expect((await world().releases.show(idOf(2))).waiting).toMatchObject({ isFrozen: true })
    await send('abort', 1)
    await until(1, 'rolled-back')
    await untilLane(({ running }) => running === null)
    await releases.unfreeze(target, { by: 'carol' })
    await untilLane(({ running }) => running === idOf(2))
  })

  it('are pinned to what they have, by whom and why, until they are unpinned', async () => {
    const { releases, target } = world()
    const pinned = await releases.pin(target, { by: 'carol', reason: 'holidays', version: '1.9.0', key: nextKey() })
    expect(pinned.pin).toMatchObject({ version: '1.9.0', by: 'carol', reason: 'holidays' })
    expect(await refusalOf(start())).toEqual({
      code: 'lane.pinned',
      message: 'this target is pinned to 1.9.0 by carol: holidays',
    })
    expect(await releases.unpin(target, { by: 'bob' })).toMatchObject({ pin: null })
    await start()
    await until(1, 'baking')
    expect((await refusalOf(releases.pin(target, { by: 'carol', reason: 'holidays' }))).code).toBe('command.refused')
  })

  it('allow only what they keep away', async () => {
    const { releases, target } = world()
    const refusal = await refusalOf(releases.allow(target, { by: 'carol', reason: 'repaired', version: '2.0.0' }))
    expect(refusal).toEqual({ code: 'command.refused', message: 'nothing keeps 2.0.0 from this target' })
  })

  it('are frozen and thawed once by one key, and by one key for both', async () => {
    const { releases, target } = world()
    const freeze = { by: 'carol', reason: 'audit', key: nextKey() }
    const first = await releases.freeze(target, freeze)
    const thawed = await releases.unfreeze(target, { by: 'bob', key: freeze.key })
    expect(thawed.freeze).toBeNull()
    expect(await releases.freeze(target, freeze)).toEqual(first)
    expect((await lane()).freeze).toBeNull()
    await releases.freeze(target, { ...freeze, key: nextKey() })
    expect(await releases.unfreeze(target, { by: 'bob', key: freeze.key })).toEqual(thawed)
    expect((await lane()).freeze).not.toBeNull()
  })

  it('bring the router back once by one key, whoever has it', async () => {
    const { releases, target } = world()
    const wish = (more: object = {}) => ({ by: 'bob', reason: 'odd figures', key: nextKey(), ...more })
    expect((await refusalOf(releases.recover(target, wish()))).code).toBe('request.invalid')
    await start()
    await until(1, 'baking')
    expect((await refusalOf(releases.recover(target, wish({ stable: 'red' })))).code).toBe('request.invalid')
    const key = nextKey()
    const answer = await releases.recover(target, wish({ key }))
    expect(answer).toMatchObject({ running: null, keeper: { state: 'recovering' } })
    expect(answer.keeper.text).toContain('recover by bob: odd figures')
    expect(await untilLane(({ keeper }) => keeper.state === 'holding')).toMatchObject({ stable: { pool: 'blue' } })
    expect(await world().releases.show(idOf(1))).toMatchObject({ phase: 'rolled-back', isEnded: true })
    await start()
    await until(2, 'baking')
    await releases.recover(target, wish({ key }))
    expect((await lane()).running).toBe(idOf(2))
  })

  it('put everybody on the pool that is named', async () => {
    const { releases, target } = world()
    await start({ steps: AT_ONCE })
    await until(1, 'promoted')
    await untilLane(({ keeper }) => keeper.state === 'holding')
    await releases.recover(target, { by: 'bob', reason: 'back', stable: 'blue', key: nextKey() })
    const back = await untilLane(({ keeper, stable }) => keeper.state === 'holding' && stable?.pool === 'blue')
    expect(back.running).toBeNull()
  })
}

export function lookPromises({ idOf, start, send, until, untilLane, untilListed, world }: Tools): void {
  async function two(): Promise<void> {
    await start({ steps: AT_ONCE })
    await until(1, 'promoted')
    await untilLane(({ running }) => running === null)
    await start({ version: '2.0.1' })
    await until(2, 'baking')
    await send('pause', 2)
  }

  it('list the newest first, page by page, and by phase', async () => {
    const { releases, target } = world()
    await two()
    const isPaused = ({ releases: [row] }: ReleasePage) => row?.phase === 'paused'
    const { releases: rows } = await untilListed(undefined, isPaused)
    expect(rows).toMatchObject([
      { releaseId: idOf(2), ...target, version: '2.0.1', phase: 'paused', weight: 1_000, endedAt: null },
      { releaseId: idOf(1), ...target, version: '2.0.0', phase: 'promoted', weight: 10_000 },
    ])
    expect(rows[1]?.endedAt).toBeGreaterThanOrEqual(rows[1]?.startedAt ?? Number.NaN)
    for (const [phase, number] of [
      ['open', 2],
      ['paused', 2],
      ['closed', 1],
      ['promoted', 1],
    ] as const) {
      const page = await untilListed(phase, ({ releases: found }) => found.length === 1)
      expect(page.releases.map(({ releaseId }) => releaseId)).toEqual([idOf(number)])
    }
    const first = await releases.list(target, { size: 1, next: null })
    const second = await releases.list(target, { size: 1, next: first.next })
    expect([...first.releases, ...second.releases].map(({ releaseId }) => releaseId)).toEqual([idOf(2), idOf(1)])
    const last = second.next === null ? second : await releases.list(target, { size: 1, next: second.next })
    expect(last.next).toBeNull()
  })

  it('refuse a page that no list has named, and a filter that is no name', async () => {
    const { releases, target } = world()
    expect((await refusalOf(releases.list(target, { size: 1, next: 'page-two' }))).code).toBe('request.invalid')
    expect((await refusalOf(releases.list({ service: "a' OR 1" }, ALL))).code).toBe('request.invalid')
  })

  it('find the releases that have ended since, the newest first', async () => {
    const { releases, target } = world()
    await two()
    await send('abort', 2, { reason: 'slow' })
    await until(2, 'rolled-back')
    const past = await world().until(
      () => releases.past(target, 0, 10),
      ({ releases: found }) => found.length === 2,
    )
    expect(past).toMatchObject({
      unread: 0,
      releases: [
        { releaseId: idOf(2), version: '2.0.1', replaces: '2.0.0', outcome: 'rolled-back', abandoned: { by: 'bob' } },
        { releaseId: idOf(1), version: '2.0.0', replaces: null, outcome: 'promoted', abandoned: null },
      ],
    })
    expect(await releases.past(target, 0, 1)).toMatchObject({ unread: 1, releases: [{ releaseId: idOf(2) }] })
    expect(await releases.past(target, Date.now() + 60_000, 10)).toEqual({ unread: 0, releases: [] })
  })

  it('find out whether anybody is there', async () => {
    await expect(world().releases.ping()).resolves.toBeUndefined()
  })
}
