import { isRecord } from '../json.ts'
import { readExpandedPlan } from '../lane/read-submission.ts'
import type { Plan } from '../plan/plan.ts'
import { isCount, isText, type Read, wrong } from '../release/read-command.ts'
import type { TargetId } from '../target.ts'
import type { Rehearsal, RehearsedRun } from './rehearsal.ts'

/** A question whether a release of this plan could begin, as somebody asks it. */
export interface ReadinessRequest {
  readonly plan: Plan
  readonly planHash: string
  /** Null where nobody says which version is to be released. */
  readonly version: string | null
  /** Who would start it. */
  readonly author: string
}

/** Reads what somebody has sent to a lane as a question about its readiness. */
export function readReadinessRequest(target: TargetId, message: unknown): Read<ReadinessRequest> {
  if (!isRecord(message)) return { problem: 'a question about readiness must be an object' }
  const { plan, planHash, version, author } = message
  const read = readExpandedPlan(target, plan)
  if ('problem' in read) return read
  if (!isText(planHash, 1, 256)) return wrong('planHash', 'a digest', planHash)
  if (version !== null && !isText(version, 1, 256)) return wrong('version', 'a text of 1 to 256 characters', version)
  if (!isText(author, 1, 256)) return wrong('author', 'the id of a person', author)
  return { value: { plan: read.value, planHash, version, author } }
}

const MOST_RUNS = 50

/** Reads what somebody has sent to a lane as the record of a rehearsal. */
export function readRehearsal(message: unknown): Read<Rehearsal> {
  if (!isRecord(message)) return { problem: 'the record of a rehearsal must be an object' }
  const { planHash, configHash, at, by, runs, leftOut } = message
  if (!isText(planHash, 1, 256)) return wrong('planHash', 'a digest', planHash)
  if (!isText(configHash, 0, 256)) return wrong('configHash', 'a digest', configHash)
  if (!isCount(at)) return wrong('at', 'milliseconds since 1970', at)
  if (!isText(by, 1, 256)) return wrong('by', 'the id of a person', by)
  if (!isListOf(runs, isRun))
    return wrong('runs', `at most ${MOST_RUNS} runs with name, expected, came and isRight`, runs)
  if (!isListOf(leftOut, (text) => isText(text, 1, 500))) return wrong('leftOut', 'a list of clauses', leftOut)
  return { value: { planHash, configHash, at, by, runs, leftOut } }
}

function isListOf<Of>(value: unknown, isOne: (one: unknown) => one is Of): value is readonly Of[] {
  return Array.isArray(value) && value.length <= MOST_RUNS && value.every(isOne)
}

function isRun(run: unknown): run is RehearsedRun {
  if (!isRecord(run)) return false
  const { name, expected, came, isRight } = run
  return [name, expected, came].every((text) => isText(text, 1, 500)) && typeof isRight === 'boolean'
}
