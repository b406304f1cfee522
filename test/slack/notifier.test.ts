import { describe, expect, it } from 'vitest'
import type { Notice } from '../../src/activities/activities.ts'
import { createSlackNotifier } from '../../src/slack/notifier.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { regions } from '../domain/pipeline/pipelines.ts'
import { validPlan } from '../support/demo-installation.ts'
import { createFakePipelines } from '../support/fake-pipelines.ts'
import { createFakeReleases } from '../support/fake-releases.ts'

interface Call {
  readonly method: string
  readonly body: URLSearchParams
}

function setUp(answers: Readonly<Record<string, object>> = {}) {
  const calls: Call[] = []
  const send = async (url: unknown, init?: { body?: unknown }) => {
    const method = String(url).split('/').at(-1) ?? ''
    calls.push({ method, body: new URLSearchParams(String(init?.body)) })
    const answer = answers[method] ?? { ok: true, channel: 'C0REAL', ts: '1700000000.000100' }
    return new Response(JSON.stringify(answer), { headers: { 'content-type': 'application/json' } })
  }
  const metrics = createMetrics({ isBare: true })
  const channels = { support: 'C0SUPPORT' }
  const options = {
    botToken: 'xoxb-test',
    channel: 'C0RELEASES',
    channels,
    fetch: send as typeof fetch,
    metrics: metrics.slack,
  }
  return { calls, metrics, notifier: createSlackNotifier(options) }
}

async function notice(more: Partial<Notice> = {}): Promise<Notice> {
  const releases = createFakeReleases()
  const author = { person: 'carol', entrance: 'demo' } as const
  const { releaseId } = await releases.start({
    plan: validPlan(),
    version: 'v2',
    author,
    reason: '',
    key: 'k',
    whenBusy: 'reject',
  })
  releases.advance(releaseId, 3)
  const card = await releases.show(releaseId)
  const target = { service: 'checkout', environment: 'production' }
  return { target, releaseId, key: 'n1', text: 'v2: 5% on canary', level: 'info', card, ref: null, ...more }
}

const never = new AbortController().signal

describe('createSlackNotifier', () => {
  it('posts one message and changes it from then on', async () => {
    const { calls, notifier, metrics } = setUp()
    const ref = await notifier.tell(await notice(), never)
    expect(ref).toBe('C0REAL:1700000000.000100')
    expect(await notifier.tell(await notice({ ref }), never)).toBe(ref)
    expect(calls.map(({ method }) => method)).toEqual(['chat.postMessage', 'chat.update'])
    expect(calls[0]?.body.get('channel')).toBe('C0RELEASES')
    expect([calls[1]?.body.get('channel'), calls[1]?.body.get('ts')]).toEqual(['C0REAL', '1700000000.000100'])
    expect(calls[1]?.body.get('blocks')).toContain('checkout v2 → production')
    expect(await metrics.registry.metrics()).toContain(
      'sluice_slack_deliveries_total{method="chat.update",answer="ok"} 1',
    )
  })

  it('says a line in another channel where it is asked to, and leaves the message of the release alone', async () => {
    const { calls, notifier } = setUp()
    const ref = 'C0REAL:1700000000.000100'
    expect(await notifier.tell(await notice({ ref, to: 'support', text: 'v2: everybody now' }), never)).toBe(ref)
    expect(calls.map(({ method, body }) => [method, body.get('channel'), body.get('thread_ts')])).toEqual([
      ['chat.postMessage', 'C0SUPPORT', null],
    ])
    expect(calls[0]?.body.get('text')).toContain('v2: everybody now')
    // One that has left sluice.yaml since is told where the release is shown.
    await notifier.tell(await notice({ ref, to: 'gone', level: 'warning' }), never)
    expect(calls.slice(1).map(({ method }) => method)).toEqual(['chat.update', 'chat.postMessage'])
  })

  it('says warnings in the thread and alarms in the channel as well', async () => {
    const { calls, notifier } = setUp()
    const ref = 'C0REAL:1700000000.000100'
    await notifier.tell(await notice({ ref, level: 'warning', text: 'v2: rolled back' }), never)
    await notifier.tell(await notice({ ref, level: 'alarm', text: 'v2: paused, <!channel> 5% errors' }), never)
    const replies = calls.filter(({ method }) => method === 'chat.postMessage').map(({ body }) => body)
    expect(replies.map((body) => body.get('thread_ts'))).toEqual(['1700000000.000100', '1700000000.000100'])
    expect(replies.map((body) => body.get('reply_broadcast'))).toEqual([null, 'true'])
    expect(replies[1]?.get('text')).toContain('&lt;!channel&gt;')
  })

  it('asks in the channel as well for an approval of a release, with its buttons', async () => {
    const { calls, notifier } = setUp()
    const asked = await notice({ ref: 'C0REAL:1700000000.000100', level: 'warning', asks: 'step 5' })
    const approval = { by: 'owners', need: 2, given: ['alice'], deadline: 1_800_000_000_000 }
    if (asked.card === null || 'pipelineId' in asked.card) throw new Error('a release has a card of its own')
    const card = { ...asked.card, approval, verbs: ['approve', 'reject', 'pause', 'abort'] as const }
    await notifier.tell({ ...asked, card }, never)
    await notifier.tell({ ...asked, card: { ...card, approval: null } }, never)
    const replies = calls.filter(({ method }) => method === 'chat.postMessage').map(({ body }) => body)
    expect(replies.map((body) => body.get('reply_broadcast'))).toEqual(['true', null])
    expect(replies[0]?.get('blocks')).toMatch(/Approval of step 5.*1 of 2 from owners.*"Approve".*"Reject"/)
    expect(replies[0]?.get('blocks')).not.toContain('"Abort"')
  })

  it('shows a pipeline as its card, and asks in the channel as well for an approval, with its buttons', async () => {
    const { calls, notifier } = setUp()
    const pipelines = createFakePipelines()
    const author = { person: 'carol', entrance: 'http' } as const
    const asked = { pipeline: regions('stop'), versions: { checkout: '2.4.0' }, author, reason: '', key: 'k' }
    await pipelines.start(asked)
    const pipelineId = 'pipeline/checkout-regions/00000001'
    const request = { by: 'owners', people: ['alice'], need: 1, notAuthor: true, deadline: 1_800_000_000_000 }
    pipelines.record(pipelineId, { type: 'approval-asked', stage: 'eu', request })
    const card = await pipelines.show(pipelineId)
    const more = { releaseId: pipelineId, card, text: 'eu: 1 of owners asked to approve', level: 'warning' } as const
    const ref = await notifier.tell(await notice({ ...more, asks: 'eu' }), never)
    await notifier.tell(await notice({ ...more, asks: 'eu', ref }), never)
    expect(calls.map(({ method }) => method)).toEqual(['chat.postMessage', 'chat.update', 'chat.postMessage'])
    const [post, update, reply] = calls.map(({ body }) => body)
    expect(update?.get('blocks')).toBe(post?.get('blocks'))
    expect(post?.get('blocks')).toContain('checkout-regions 2.4.0')
    expect(reply?.get('reply_broadcast')).toBe('true')
    expect(reply?.get('blocks')).toMatch(/eu: 1 of owners asked.*Approval of eu.*"text":"Approve".*"text":"Reject"/)
  })

  it('makes the message anew when somebody has deleted it', async () => {
    const { calls, notifier } = setUp({ 'chat.update': { ok: false, error: 'message_not_found' } })
    const ref = await notifier.tell(await notice({ ref: 'C0REAL:1600000000.000100' }), never)
    expect(ref).toBe('C0REAL:1700000000.000100')
    expect(calls.map(({ method }) => method)).toEqual(['chat.update', 'chat.postMessage'])
  })

  it('fails when Slack refuses, so that the message is tried again later', async () => {
    const { notifier, metrics } = setUp({ 'chat.postMessage': { ok: false, error: 'invalid_auth' } })
    await expect(notifier.tell(await notice(), never)).rejects.toThrow('invalid_auth')
    expect(await metrics.registry.metrics()).toContain(
      'sluice_slack_deliveries_total{method="chat.postMessage",answer="failed"} 1',
    )
  })

  it('stops when it is told to', async () => {
    const hanging = (_url: unknown, init?: { signal?: AbortSignal }) =>
      new Promise<Response>((_resolve, reject) => {
        if (init?.signal?.aborted === true) reject(new Error('aborted'))
        init?.signal?.addEventListener('abort', () => reject(new Error('aborted')))
      })
    const notifier = createSlackNotifier({ botToken: 'x', channel: 'C1', fetch: hanging as typeof fetch })
    const message = await notice()
    const giveUp = new AbortController()
    const telling = notifier.tell(message, giveUp.signal)
    setTimeout(() => giveUp.abort(), 10)
    await expect(telling).rejects.toThrow('aborted')
  })
})
