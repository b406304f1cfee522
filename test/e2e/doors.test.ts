import { once } from 'node:events'
import { createServer, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { SluiceError } from '../../src/domain/errors.ts'
import { connectTemporal } from '../../src/releases/connection.ts'
import type { CommandRequest } from '../../src/releases/releases.ts'
import { createReleases } from '../../src/releases/temporal-releases.ts'
import { viewQuery } from '../../src/workflows/messages.ts'
import { AUTHOR, ERRORS, nextKey, planFor, type Stage, stagePerTest } from './harness.ts'

let stage: Stage
stagePerTest((opened) => {
  stage = opened
})

const SLOW = { steps: [{ weight: '10%' }, { bake: '1h' }, { weight: '100%' }] }
const AT_ZERO = { blue: 10_000, green: 0 }

/** The façade as an API process has it: its own connection, no tries but its own, looks shared. */
function asApi(options: { address?: string; patience?: number } = {}) {
  const client = connectTemporal(options.address ?? stage.env.address, stage.env.namespace ?? 'default')
  const patience = options.patience === undefined ? {} : { patience: options.patience }
  return { client, releases: createReleases({ client, taskQueue: stage.taskQueue, ...patience }) }
}

function commandOf(releaseId: string, more: Partial<CommandRequest> = {}): CommandRequest {
  const actor = { person: 'bob', entrance: 'cli' } as const
  return { verb: 'abort', releaseId, step: null, key: nextKey(), actor, reason: '', ...more }
}

function wish(version: string, more: object = {}) {
  return {
    plan: planFor(stage, SLOW),
    version,
    author: AUTHOR,
    reason: '',
    key: nextKey(),
    whenBusy: 'reject',
    ...more,
  } as const
}

async function baking(): Promise<string> {
  const id = await stage.start(planFor(stage, SLOW))
  await stage.untilCard(id, ({ phase }) => phase === 'baking')
  return id
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'taken',
    (error: unknown) => (error instanceof SluiceError ? error.code : String(error)),
  )
}

describe('an abort', () => {
  it('is taken while two hundred readers look at the release', async () => {
    const id = await baking()
    const { releases } = asApi()
    let isOver = false
    const readers = Array.from({ length: 200 }, async () => {
      while (!isOver) expect((await releases.show(id)).releaseId).toBe(id)
    })
    await expect(releases.command(commandOf(id))).resolves.toMatchObject({ isSettled: true })
    isOver = true
    await Promise.all(readers)
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
  })

  it('is taken while others ask the release itself without pause, and its queries are in the way', async () => {
    const id = await baking()
    const { releases } = asApi()
    let isOver = false
    const readers = Array.from({ length: 30 }, async () => {
      while (!isOver)
        await stage.env.client.workflow
          .getHandle(id)
          .query(viewQuery)
          .catch(() => undefined)
    })
    await expect(releases.command(commandOf(id))).resolves.toMatchObject({ releaseId: id })
    isOver = true
    await Promise.all(readers)
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
  })

  it('that no worker can answer is kept by Temporal, said to be, and carried out once there is one', async () => {
    const id = await baking()
    await stage.stopWorkers()
    const { releases } = asApi()
    const command = commandOf(id)
    await expect(releases.command(command)).resolves.toMatchObject({
      isSettled: false,
      phase: null,
      text: expect.stringContaining('not carried out yet'),
    })
    await stage.startWorker()
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
    expect(stage.router.observe().split).toEqual(AT_ZERO)
  })

  it('is said not to be taken when nobody answers at the address of Temporal', async () => {
    const { releases } = asApi({ address: '127.0.0.1:1', patience: 1_000 })
    await expect(releases.command(commandOf('release/shop/production/1'))).rejects.toMatchObject({
      code: 'request.not-taken',
      message: expect.stringContaining('Temporal cannot be reached'),
    })
  })

  it('is said to be possible still when Temporal has taken the bytes and does not answer', async () => {
    // It speaks the protocol, takes every request, and answers none.
    const frozen = createServer().on('stream', () => undefined)
    const sessions: ServerHttp2Session[] = []
    frozen.on('session', (session) => void sessions.push(session))
    frozen.listen(0, '127.0.0.1')
    await once(frozen, 'listening')
    const address = `127.0.0.1:${(frozen.address() as AddressInfo).port}`
    try {
      const { releases } = asApi({ address, patience: 1_000 })
      expect(await codeOf(releases.command(commandOf('release/shop/production/1')))).toBe('request.unsettled')
      expect(await codeOf(releases.show('release/shop/production/1'))).toBe('temporal.unavailable')
    } finally {
      for (const session of sessions) session.destroy()
      frozen.close()
    }
  })
})

describe('many starts at once', () => {
  it('each learn what became of them: one started, some were refused, the others were too many', async () => {
    const { releases } = asApi()
    const starts = Array.from({ length: 500 }, (_, index) => codeOf(releases.start(wish(`9.${index}`))))
    const codes = await Promise.all(starts)
    expect([...new Set(codes)].sort()).toEqual(['lane.busy', 'request.too-many', 'taken'])
    expect(codes.filter((code) => code === 'taken')).toHaveLength(1)
    await endRunning()
  })

  it('with one key are one start', async () => {
    const { releases } = asApi()
    const key = nextKey()
    const answers = await Promise.all(Array.from({ length: 100 }, () => releases.start(wish('9.0', { key }))))
    expect(new Set(answers.map(({ releaseId }) => releaseId)).size).toBe(1)
    expect(await releases.start(wish('9.0', { key }))).toEqual(answers[0])
    await endRunning()
  })

  it('leave the abort its own way', async () => {
    const id = await baking()
    const { releases } = asApi()
    const starts = Array.from({ length: 200 }, (_, index) => codeOf(releases.start(wish(`9.${index}`))))
    const pauses = Array.from({ length: 100 }, () => codeOf(releases.command(commandOf(id, { verb: 'pause' }))))
    await expect(releases.command(commandOf(id))).resolves.toMatchObject({ releaseId: id })
    await Promise.all([...starts, ...pauses])
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
    await endRunning()
  })
})

describe('a release that waits for its turn', () => {
  it('is shown with whom it waits for and since when, and takes nothing but an abort', async () => {
    const first = await baking()
    const { releaseId: second } = await stage.releases.start(wish('2.5.0', { whenBusy: 'queue' }))
    const { releaseId: third } = await stage.releases.start(wish('2.6.0', { whenBusy: 'queue' }))
    expect(await stage.releases.show(third)).toMatchObject({
      ...{ phase: 'queued', version: '2.6.0', author: 'alice', isEnded: false, weight: 0, verbs: ['abort'] },
      waiting: { behind: second, ahead: 2, since: expect.any(Number) },
      reason: expect.stringMatching(/^waits for its turn behind shop-\d+\/production\/2, 2 before it$/),
    })
    await expect(stage.releases.command(commandOf(third, { verb: 'pause' }))).rejects.toMatchObject({
      code: 'release.waiting',
      message: expect.stringContaining(`behind ${second.replace('release/', '')}`),
    })
    const abort = commandOf(third)
    const answer = await stage.releases.command(abort)
    expect(answer).toMatchObject({ phase: 'withdrawn', isSettled: true })
    expect((await stage.releases.lane(targetOf())).queue.map(({ releaseId }) => releaseId)).toEqual([second])
    expect(await stage.releases.command(abort)).toEqual(answer)
    expect(await codeOf(stage.releases.command(commandOf(third)))).toBe('release.unknown')
    expect(await codeOf(stage.releases.show(third))).toBe('release.unknown')
    await stage.releases.command(commandOf(second))
    await stage.command(first, 'abort')
    await stage.result(first)
  })

  it('can be aborted in the moment in which it starts', async () => {
    const first = await baking()
    const { releaseId: second } = await stage.releases.start(wish('2.5.0', { whenBusy: 'queue' }))
    await stage.command(first, 'abort')
    const outcome = await stage.releases.command(commandOf(second))
    if (outcome.phase !== 'withdrawn') await stage.result(second)
    const lane = await stage.untilLane(({ running, queue }) => running === null && queue.length === 0)
    expect(lane.nextNumber).toBe(3)
  })
})

describe('a list', () => {
  it('shows the verdict of a release that is being watched', async () => {
    const id = await stage.start(planFor(stage, { ...SLOW, checks: ERRORS, warmUp: '0s' }))
    const verdictOf = async () => {
      const { releases } = await stage.releases.list({ service: stage.service }, { size: 10, next: null })
      return releases.find(({ releaseId }) => releaseId === id)?.verdict
    }
    await expect.poll(verdictOf).toBe('pass')
    await stage.command(id, 'abort')
    await stage.result(id)
  })

  it('refuses a token that no page was given, with words', async () => {
    const next = ['abc', 'abcdefghijkl.eyJhIjoxfQ', '.', '…']
    for (const token of next) {
      const page = asApi().releases.list({}, { size: 10, next: token })
      await expect(page).rejects.toMatchObject({ code: 'request.invalid', message: expect.stringContaining('page') })
    }
  })

  it('goes on where the page before ended, and not under another filter', async () => {
    const filter = { service: stage.service }
    const pageOf = (next: string | null) => stage.releases.list(filter, { size: 1, next })
    for (const _ of [1, 2]) {
      const id = await baking()
      await stage.command(id, 'abort')
      await stage.result(id)
      await stage.untilLane(({ running }) => running === null)
    }
    // What has closed only just is listed as open for a moment, and so in another place.
    const closed = () => stage.releases.list({ ...filter, phase: 'closed' }, { size: 9, next: null })
    await expect.poll(async () => (await closed()).releases.length).toBe(2)
    const first = await pageOf(null)
    const second = await pageOf(first.next)
    expect([...first.releases, ...second.releases].map(({ releaseId }) => releaseId)).toEqual([
      `release/${stage.service}/production/2`,
      `release/${stage.service}/production/1`,
    ])
    expect(await codeOf(stage.releases.list({}, { size: 1, next: first.next }))).toBe('request.invalid')
  })
})

function targetOf() {
  return { service: stage.service, environment: 'production' }
}

async function endRunning(): Promise<void> {
  const { running } = await stage.releases.lane(targetOf())
  if (running === null) return
  await stage.command(running, 'abort')
  await stage.result(running)
}
