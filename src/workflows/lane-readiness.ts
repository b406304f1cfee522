import { condition, setHandler, workflowInfo } from '@temporalio/workflow'
import { NO_EXPOSURE } from '../domain/exposure.ts'
import { dutyOf } from '../domain/lane/lane-duty.ts'
import type { ReadinessAnswers } from '../domain/readiness/answers.ts'
import { type ReadinessRequest, readReadinessRequest, readRehearsal } from '../domain/readiness/read-readiness.ts'
import { type Rehearsal, withRehearsal } from '../domain/readiness/rehearsal.ts'
import { askReadiness } from './activity-calls.ts'
import { valueOf } from './lane-messages.ts'
import type { LaneRun } from './lane-run.ts'
import { readyUpdate, rehearsedUpdate } from './messages.ts'

/** Where questions about readiness wait until the keeper of the router makes room for them. */
export interface ReadinessDesk {
  readonly isAsked: () => boolean
  /** Goes through the checklist in the keeper's place, with the lane's own fence. */
  readonly serve: () => Promise<void>
}

interface Pending {
  readonly request: ReadinessRequest
  answers: ReadinessAnswers | 'interrupted' | null
}

/**
 * Binds the messages about readiness. While no release has the router the probes take the keeper's place for some seconds, so
 * that there is never more than one who writes; whatever else is to be done comes first, and then nothing is written.
 */
export function answerReadinessMessages(run: LaneRun): ReadinessDesk {
  const { target } = run.input
  let pending: Pending | null = null

  async function ask(request: ReadinessRequest): Promise<ReadinessAnswers> {
    await run.untilKnown()
    while (pending !== null) await condition(() => pending === null)
    const own: Pending = { request, answers: null }
    pending = own
    run.nudge()
    await condition(() => own.answers !== null || !isAtRest(run) || run.isTooLong())
    pending = null
    if (own.answers !== null && own.answers !== 'interrupted') return own.answers
    return askReadiness({ ...questionOf(request, run), holder: null })
  }

  setHandler(readyUpdate, (message) => ask(valueOf(readReadinessRequest(target, message))), {
    validator: (message) => void valueOf(readReadinessRequest(target, message)),
    description: 'Ask whether a release of a plan could begin; nothing is changed',
  })
  setHandler(rehearsedUpdate, (message) => keep(valueOf(readRehearsal(message)), run), {
    validator: (message) => void valueOf(readRehearsal(message)),
    description: 'Keep what a rehearsal of a plan has shown',
  })
  return {
    isAsked: () => pending !== null,
    async serve() {
      const own = pending
      if (own === null) return
      const { turn, epoch } = run.state()
      const holder = {
        releaseId: run.id,
        exposure: NO_EXPOSURE,
        fence: { release: turn, epoch },
        run: workflowInfo().runId,
      }
      own.answers = await run.whileOnDuty(() => askReadiness({ ...questionOf(own.request, run), holder }))
      pending = null
    },
  }
}

function isAtRest(run: LaneRun): boolean {
  return ['hold', 'wait'].includes(dutyOf(run.state()).kind)
}

function questionOf(request: ReadinessRequest, run: LaneRun) {
  const { rest, rehearsals = [] } = run.state()
  return { ...request, target: run.input.target, rest, rehearsals }
}

async function keep(rehearsal: Rehearsal, run: LaneRun): Promise<{ readonly kept: number }> {
  await run.untilKnown()
  const rehearsals = withRehearsal(run.state().rehearsals ?? [], rehearsal)
  run.set({ ...run.state(), rehearsals })
  return { kept: rehearsals.length }
}
