import { createHmac, randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { afterEach, expect } from 'vitest'
import { createServer } from '../../src/api/server.ts'
import { createSlack } from '../../src/slack/app.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { apiParts, readDemoPipeline, readDemoPlan } from './api-parts.ts'
import { demoInstallation, PLAN, TEAM } from './demo-installation.ts'
import { createFakePipelines } from './fake-pipelines.ts'
import { createFakeReleases } from './fake-releases.ts'

const SECRET = 'shhh'
const RESPONSE_URL = 'https://hooks.slack.test/response'
const servers: FastifyInstance[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

const newTrigger = (): string => randomUUID()

interface Sent {
  readonly url: string
  readonly body: Record<string, unknown>
}

/** The clock stands: a test on a slow machine must not carry a request over a limit. */
const NOW = Date.now()

/** The API with Slack, and all that it sends to Slack. */
export async function setUpSlack(installation = demoInstallation()) {
  const sent: Sent[] = []
  const send = async (url: unknown, init?: { body?: unknown }) => {
    sent.push({ url: String(url), body: JSON.parse(String(init?.body)) as Record<string, unknown> })
    return new Response('{"ok":true}', { headers: { 'content-type': 'application/json' } })
  }
  const releases = createFakeReleases()
  const pipelines = createFakePipelines()
  const metrics = createMetrics({ isBare: true })
  const slack = await createSlack({
    foresee: async () => [],
    learnWarmUp: async () => ({ notes: [] }),
    signingSecret: SECRET,
    botToken: 'xoxb-test',
    releases,
    pipelines,
    installation,
    readPlan: readDemoPlan,
    readPipeline: readDemoPipeline,
    plans: async () => PLAN,
    fetch: send as typeof fetch,
    metrics: metrics.slack,
    now: () => NOW,
  })
  const server = createServer(apiParts({ releases, metrics, mount: slack.mount }))
  servers.push(server)
  const answered = async (count: number) => {
    await expect.poll(() => sent.length).toBeGreaterThanOrEqual(count)
    return sent.map(({ body }) => body)
  }
  return { server, releases, pipelines, sent, answered, metrics }
}

export type SlackWorld = Awaited<ReturnType<typeof setUpSlack>>

/** A request as Slack signs it, `age` seconds old. */
export function signed(body: string, { age = 0, secret = SECRET } = {}) {
  const time = String(Math.floor(NOW / 1_000) - age)
  const signature = `v0=${createHmac('sha256', secret).update(`v0:${time}:${body}`).digest('hex')}`
  return {
    method: 'POST' as const,
    url: '/slack/events',
    payload: body,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': time,
      'x-slack-signature': signature,
    },
  }
}

export function slash(text: string, { user = 'UALICE', team = TEAM, trigger = newTrigger() } = {}): string {
  const fields = {
    command: '/release',
    text,
    user_id: user,
    team_id: team,
    trigger_id: trigger,
    response_url: RESPONSE_URL,
  }
  return new URLSearchParams({ ...fields, channel_id: 'C1', user_name: 'alice', token: 'x' }).toString()
}

export function click(
  verb: string,
  value: object,
  { user = 'UALICE', team = TEAM, trigger = newTrigger() } = {},
): string {
  const payload = {
    type: 'block_actions',
    user: { id: user, team_id: team, username: 'x' },
    team: { id: TEAM },
    trigger_id: trigger,
    response_url: RESPONSE_URL,
    channel: { id: 'C1' },
    container: { type: 'message' },
    actions: [
      { type: 'button', action_id: `sluice.${verb}`, block_id: 'b', value: JSON.stringify(value), action_ts: '1' },
    ],
  }
  return new URLSearchParams({ payload: JSON.stringify(payload) }).toString()
}

/** What somebody is answered to what they typed. */
export async function sayToSlack(world: SlackWorld, text: string, user = 'UALICE') {
  const before = world.sent.length
  await world.server.inject(signed(slash(text, { user })))
  return (await world.answered(before + 1))[before]
}
