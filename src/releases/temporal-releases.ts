import { createHash } from 'node:crypto'
import type { Client } from '@temporalio/client'
import type { Plan } from '../domain/plan/plan.ts'
import { withLearnedWarmUp } from '../domain/plan/plan-warm-up.ts'
import { parseReleaseId, releaseName, type TargetId, targetName } from '../domain/target.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { callbackUpdate, type Submission, type SubmissionAnswer } from '../workflows/messages.ts'
import { createCalls } from './calls.ts'
import { createCommands } from './commands.ts'
import { createDirectory } from './directory.ts'
import { createLanes } from './lanes.ts'
import { pastReleases } from './past-releases.ts'
import type { Releases, StartRequest } from './releases.ts'
import { unknownRelease } from './temporal-errors.ts'
import { createTurnstile } from './turnstile.ts'
import { createViews, USUAL_TIMES, type ViewTimes } from './views.ts'

interface TemporalReleasesOptions {
  readonly client: Client
  readonly taskQueue: string
  readonly now?: () => Instant
  /** How long what was seen is handed out again. */
  readonly times?: ViewTimes
  /** Total time for one request, with all its tries; 15 s when absent. */
  readonly patience?: Milliseconds
}

const PATIENCE: Milliseconds = 15_000
/** Whoever asks whether Temporal is there asks again soon. */
const PING: Milliseconds = 2_000

/** Temporal takes ten updates of a lane at the same time, from all processes together. */
const STARTS = { atOnce: 3, mostWaiting: 30 } as const
/** The same for all targets together: each start is a workflow or two. */
const ALL_STARTS = { atOnce: 16, mostWaiting: 100 } as const
/** Each question takes the place of the keeper for seconds. */
const QUESTIONS = { atOnce: 1, mostWaiting: 3 } as const
/** The slowest probe waits for a store that is scraped; a connection that is silent for 30 s is closed. */
const READY_PATIENCE: Milliseconds = 28_000
const LANE_COMMANDS = { atOnce: 2, mostWaiting: 20 } as const

/**
 * The façade over a Temporal client. What it remembers are looks of the last seconds and who waits for a turn, so any number
 * may run side by side.
 */
export function createReleases({
  client,
  taskQueue,
  now = Date.now,
  times = USUAL_TIMES,
  patience = PATIENCE,
}: TemporalReleasesOptions): Releases {
  const calls = createCalls(client, patience, now)
  const lanes = createLanes(client, taskQueue, calls)
  const views = createViews(client, { directory: createDirectory(client), lanes, calls }, times)
  const command = createCommands(client, lanes, calls)
  const starts = createTurnstile({ ...STARTS, now })
  const allStarts = createTurnstile({ ...ALL_STARTS, now })
  const laneCommands = createTurnstile({ ...LANE_COMMANDS, now })
  const questions = createTurnstile({ ...QUESTIONS, now })
  const starting = new Map<string, Promise<SubmissionAnswer>>()

  function start(submission: Submission): Promise<SubmissionAnswer> {
    const { target } = submission
    const until = calls.deadline()
    return starts(targetName(target), until, () =>
      allStarts('all targets', until, () => views.behindLane(target, () => lanes.submit(submission, until))),
    )
  }

  /** Requests that are the same, down to their key, are one request and get one answer. */
  async function startOnce(submission: Submission): Promise<SubmissionAnswer> {
    const { target, key, planHash, version, author } = submission
    const same = JSON.stringify([targetName(target), key, planHash, version, author.person, submission.whenBusy])
    const running = starting.get(same) ?? start(submission)
    starting.set(same, running)
    try {
      return await running
    } finally {
      starting.delete(same)
    }
  }

  const toLane = <T>(target: TargetId, body: () => Promise<T>) =>
    laneCommands(targetName(target), calls.deadline(), () => views.behindLane(target, body))

  return {
    start: (request) => startOnce(submissionOf(request)),
    async command(request) {
      const releaseId = canonicalId(request.releaseId)
      return views.behindRelease(releaseId, () => command({ ...request, releaseId }))
    },
    hearCallback(id, callback) {
      const releaseId = canonicalId(id)
      const handle = client.workflow.getHandle(releaseId)
      const request = { what: releaseId, named: `callback of ${releaseName(releaseId)}`, until: calls.deadline() }
      return views.behindRelease(releaseId, () =>
        calls.send(request, () => handle.executeUpdate(callbackUpdate, { args: [callback] })),
      )
    },
    show: async (id) => views.card(canonicalId(id)),
    list: views.list,
    past(target, since, most) {
      const until = calls.deadline()
      return calls.look('past releases', until, () => pastReleases(client, target, since, most))
    },
    lane: views.lane,
    freeze: (target, request) => toLane(target, () => lanes.freeze(target, request)),
    unfreeze: (target, request) => toLane(target, () => lanes.unfreeze(target, request)),
    allow: (target, request) => toLane(target, () => lanes.allow(target, request)),
    pin: (target, request) => toLane(target, () => lanes.pin(target, request)),
    unpin: (target, request) => toLane(target, () => lanes.unpin(target, request)),
    back: (target, request) => toLane(target, () => lanes.back(target, request, calls.deadline())),
    ready({ plan, version, author }) {
      const until = now() + READY_PATIENCE
      const asked = { plan, planHash: hashPlan(plan), version, author }
      return questions(targetName(plan), until, () => lanes.ready(targetOf(plan), asked, until))
    },
    async rehearsed(plan, rehearsal) {
      const planHash = hashPlan(plan)
      await toLane(targetOf(plan), () => lanes.rehearsed(targetOf(plan), { ...rehearsal, planHash }))
      return { planHash }
    },
    async rehearsals(plan) {
      return { planHash: hashPlan(plan), rehearsals: await lanes.rehearsals(targetOf(plan), calls.deadline()) }
    },
    withdraw: (target, request) => toLane(target, () => lanes.withdraw(target, request)),
    recover: (target, request) => toLane(target, () => lanes.recover(target, request)),
    async ping() {
      await calls.look('temporal', now() + PING, () => client.connection.workflowService.getSystemInfo({}))
    },
  }
}

/** SHA-256 of the plan as JSON, hexadecimal. The plan is made by one function, so the order of its keys is fixed. */
function hashPlan(plan: Plan): string {
  return createHash('sha256').update(JSON.stringify(plan)).digest('hex')
}

function submissionOf(request: StartRequest): Submission {
  const { plan: read, warmUp = 0, version, author, reason, key, whenBusy, mayReturn } = request
  const plan = withLearnedWarmUp(read, warmUp)
  const asked = { target: targetOf(plan), version, author, reason, key, whenBusy, plan, planHash: hashPlan(read) }
  return mayReturn === true ? { ...asked, mayReturn } : asked
}

function targetOf({ service, environment }: Plan): TargetId {
  return { service, environment }
}

function canonicalId(id: string): string {
  const parsed = parseReleaseId(id)
  if (parsed === null) throw unknownRelease(id)
  return parsed.releaseId
}
