import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SluiceError } from '../../src/domain/errors.ts'
import { emptyLane } from '../../src/domain/lane/lane-state.ts'
import { laneView } from '../../src/domain/lane/lane-view.ts'
import type { Releases, ShownCard } from '../../src/releases/releases.ts'
import { answerCommand, answerSlash, refusalText } from '../../src/slack/answers.ts'
import { laneText, releaseBlocks, releaseText } from '../../src/slack/blocks.ts'
import { parseSlashCommand } from '../../src/slack/command-text.ts'
import { textBlocks } from '../../src/slack/elements.ts'
import { untilTaken } from '../../src/slack/patience.ts'
import { readSlackRequest } from '../../src/slack/requests.ts'
import { escape } from '../../src/slack/text.ts'
import { readDemoPipeline, readDemoPlan } from '../support/api-parts.ts'
import { demoInstallation, PLAN, TEAM, validPlan } from '../support/demo-installation.ts'
import { createFakePipelines } from '../support/fake-pipelines.ts'
import { createFakeReleases } from '../support/fake-releases.ts'
import { FORBIDDEN, HOSTILE } from '../support/hostile-text.ts'

const TARGET = { service: 'checkout', environment: 'production' }
const ID = 'release/checkout/production/1'
const CARD: ShownCard = {
  ...{
    releaseId: ID,
    ...TARGET,
    version: '2.4.0',
    replaces: null,
    author: 'alice',
    trail: [],
    repairs: 0,
    latest: null,
  },
  ...{ phase: 'rolling-back', isEnded: false, weight: 1_000, cohorts: [], step: 1, reason: null, outcome: 'none' },
  ...{ steps: [], verdicts: [], approval: null, verbs: [], bakeRemaining: null, bakeDuration: null },
  ...{ startedAt: 0, endedAt: null },
}

/** Every text of the blocks with the kind of its object. */
function textsOf(
  value: unknown,
): readonly { readonly type: unknown; readonly text: string; readonly verbatim: unknown }[] {
  if (typeof value !== 'object' || value === null) return []
  const own =
    'text' in value && typeof value.text === 'string'
      ? [
          {
            type: 'type' in value ? value.type : null,
            text: value.text,
            verbatim: 'verbatim' in value ? value.verbatim : null,
          },
        ]
      : []
  return [...own, ...Object.values(value).flatMap(textsOf)]
}

/** Our own times are the only thing in angle brackets. */
const withoutTimes = (text: string) => text.replace(/<!date\^\d+\^\{date_short_pretty\} \{time\}\|[\d:TZ-]+>/g, '')

describe('what reaches Slack', () => {
  it('mentions nobody, links nowhere and hides nothing, whatever a release is called', () => {
    const words = fc.record({ a: HOSTILE, b: HOSTILE, c: HOSTILE, d: HOSTILE })
    fc.assert(
      fc.property(words, ({ a, b, c, d }) => {
        const card: ShownCard = {
          ...CARD,
          ...{ version: a, author: b, reason: c, replaces: d, phase: a, cohorts: [b, c], service: d, environment: a },
          steps: [{ number: 1, label: b, mark: '▶' }],
          notices: [a, d],
          verdicts: [{ check: c, outcome: 'fail', reason: d }],
          approval: { by: a, need: 2, given: [b], deadline: 1 },
          trail: [{ at: 1, text: c }],
          rollback: { tries: 1, lastError: d, since: 1, live: a },
        }
        const lane = laneView(
          { service: a, environment: b },
          { ...emptyLane<never>(), promotedVersion: c, freeze: { by: d, reason: a, at: 1 } },
        )
        const refusal = refusalText(new SluiceError('lane.frozen', { message: b, fix: c }))
        const blocks = [...releaseBlocks(card), ...textBlocks(laneText(lane)), ...textBlocks(refusal)]
        for (const { type, text, verbatim } of textsOf(blocks)) {
          expect(withoutTimes(text).replaceAll('\n', '')).not.toMatch(FORBIDDEN)
          if (type !== 'mrkdwn') continue
          expect(verbatim).toBe(true)
          expect(withoutTimes(text)).not.toMatch(/[<>]/)
        }
        expect(releaseText(card)).not.toMatch(/[<>]|\p{Cc}|\p{Cf}/u)
      }),
    )
  })

  it('holds no markup of others', () => {
    fc.assert(
      fc.property(HOSTILE, (text) => {
        const shown = escape(text)
        expect(shown).not.toMatch(/[*~`<>]/)
        expect(shown).not.toMatch(/:[\w+-]+:/)
        expect(shown).not.toMatch(/(?:^|\s)_|_(?:\s|$)/)
      }),
    )
    expect(escape('a_b_c 5% & 2.4.0')).toBe('a_b_c 5% &amp; 2.4.0')
  })
})

describe('a card in Slack', () => {
  const text = (card: Partial<ShownCard>) => JSON.stringify(releaseBlocks({ ...CARD, ...card }))

  it('shows notices, and errors that nobody knows as unknown', () => {
    const canary = { requests: 1_240, errors: null, p95Seconds: null, p99Seconds: null }
    const card = { ...CARD, notices: ['2.4.0 gets 31% of the requests'], latest: { at: 0, canary, stable: null } }
    const texts = textsOf(releaseBlocks(card)).map(({ text }) => text)
    expect(texts).toContain('🟡 2.4.0 gets 31% of the requests')
    expect(texts.join('\n')).toContain('*canary*  1,240 requests · errors unknown')
  })

  it('says what an end means, and why a rollback is not over', () => {
    expect(text({ phase: 'refused' })).toContain('🔴 *refused: nobody was exposed*')
    expect(text({ phase: 'superseded' })).toContain('another release owns the router')
    expect(text({ rollback: { tries: 3, lastError: 'no answer', since: 1_000, live: '10%' } })).toMatch(
      /Rollback:\* since <!date\^1\^.*?> it cannot reach the router: tried 3 times, last: no answer; 10% on canary/,
    )
  })
})

function setUp() {
  const releases = createFakeReleases()
  const told: string[] = []
  let time = 0
  const patience = {
    now: () => time,
    sleep: async (pause: number) => void (time += pause),
    onWait: async ({ message }: SluiceError) => void told.push(message),
  }
  const deps = {
    releases,
    pipelines: createFakePipelines(),
    say: async () => undefined,
    installation: demoInstallation(),
    readPlan: readDemoPlan,
    readPipeline: readDemoPipeline,
    foresee: async () => [],
    learnWarmUp: async () => ({ notes: [] }),
    plans: async () => PLAN,
    patience,
  }
  const author = { person: 'carol', entrance: 'demo' } as const
  const start = (version: string) =>
    releases.start({ plan: validPlan(), version, author, reason: '', key: version, whenBusy: 'queue' })
  return { releases, deps, told, start, time: () => time }
}

const ALICE = { team: TEAM, user: 'UALICE' }
const AWAY = new SluiceError('request.not-taken', { message: 'Temporal cannot be reached' })

describe('a command by Slack', () => {
  const abort = { verb: 'abort', releaseId: ID, step: 1, reason: '' } as const

  it('is sent again with the same key until it is taken, and the person knows', async () => {
    const { deps, told, start, releases } = setUp()
    await start('v1')
    const command: Releases['command'] = (request) => releases.command(request)
    const keys: string[] = []
    const flaky: typeof command = async (request) => {
      keys.push(request.key)
      if (keys.length < 4) throw AWAY
      return command(request)
    }
    const answer = await answerCommand(abort, ALICE, 'd1', { ...deps, releases: { ...releases, command: flaky } })
    expect(answer.card).toMatchObject({ reason: 'abort by alice' })
    expect([keys.length, new Set(keys).size, told]).toEqual([4, 1, ['Temporal cannot be reached']])
  })

  it('is given up after a minute', async () => {
    const { deps, time } = setUp()
    await expect(untilTaken(() => Promise.reject(AWAY), deps.patience)).rejects.toBe(AWAY)
    expect(time()).toBe(58_000)
  })

  it('to a release that waits takes it out of the queue, and says so', async () => {
    const { deps, start } = setUp()
    await start('v1')
    await start('v2')
    const second = { ...abort, releaseId: 'release/checkout/production/2' }
    const waiting = await answerSlash({ kind: 'status', releaseId: second.releaseId }, ALICE, 'd0', deps)
    expect(waiting.card).toMatchObject({
      phase: 'queued',
      reason: expect.stringContaining('behind checkout/production/1'),
    })
    expect(await answerCommand(second, ALICE, 'd1', deps)).toEqual({
      text: 'abort accepted: removed from the queue before it started',
      card: null,
    })
  })

  it('that aborts asks nothing before', async () => {
    const { deps, start, releases } = setUp()
    await start('v1')
    let looks = 0
    const show: Releases['show'] = (id) => releases.show(id)
    const counting: typeof show = (id) => {
      looks += 1
      return show(id)
    }
    const seen = { ...deps, releases: { ...releases, show: counting } }
    await answerSlash({ kind: 'command', verb: 'abort', releaseId: ID, reason: '' }, ALICE, 'd1', seen)
    expect(looks).toBe(1)
  })
})

describe('a target by Slack', () => {
  it('is shown with what runs, what waits and who holds the router', async () => {
    const { deps, start } = setUp()
    await start('v1')
    await start('v2')
    const { text } = await answerSlash({ kind: 'lane', target: TARGET }, ALICE, 'd1', deps)
    expect(text).toContain('*Running:* `checkout/production/1`')
    expect(text).toContain('1. `checkout/production/2` v2, by carol, since <!date^')
    expect(text).toMatch(/\*Router:\* checkout\/production\/1 controls the router/)
  })

  it('is brought back by people who are known, with a reason', async () => {
    const { deps, releases } = setUp()
    const author = { person: 'alice', entrance: 'http' } as const
    await releases.start({ plan: validPlan(), version: 'v1', author, reason: '', key: 'k', whenBusy: 'reject' })
    const command = { kind: 'recover', target: TARGET, reason: 'it hangs' } as const
    await expect(answerSlash(command, { team: TEAM, user: 'UMALLORY' }, 'd1', deps)).rejects.toMatchObject({
      code: 'command.forbidden',
    })
    expect((await answerSlash(command, ALICE, 'd1', deps)).text).toContain('checkout in production')
    expect(parseSlashCommand('recover checkout production')).toMatchObject({
      refusal: expect.stringContaining('reason'),
    })
    expect(parseSlashCommand('recover checkout production it hangs')).toEqual({ command })
    expect(parseSlashCommand('lane checkout production')).toEqual({ command: { kind: 'lane', target: TARGET } })
    expect(parseSlashCommand('lane checkout')).toMatchObject({ refusal: expect.stringContaining('environment') })
  })
})

describe('a request', () => {
  it('is read as what it says it is, or not at all, and only what is known goes on', () => {
    const read = (value: unknown, type = 'application/json') =>
      readSlackRequest(type, Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)))
    expect(read({ type: 'url_verification', challenge: 'x' })).toEqual({ kind: 'challenge', challenge: 'x' })
    expect(read({ type: 'view_submission', view: null })).toEqual({ kind: 'other' })
    for (const value of [null, [], 'x', 7, {}, { type: null }, { type: 'block_actions', actions: null }])
      expect(read(value)).toEqual({ kind: 'malformed' })
    const fields = {
      command: '/release',
      text: 'help',
      user_id: 'U1',
      team_id: 'T1',
      trigger_id: 't',
      response_url: 'https://hooks.slack.test/x',
    }
    const form = new URLSearchParams({ ...fields, event: 'x', authorizations: 'y' }).toString()
    expect(read(form, 'application/x-www-form-urlencoded')).toEqual({ kind: 'event', body: fields })
  })
})
