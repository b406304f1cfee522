import { ApplicationFailure, setHandler } from '@temporalio/workflow'
import { isRecord } from '../domain/json.ts'
import type { LaneView } from '../domain/lane/lane-view.ts'
import { lifted, pinProblem, vetoOf } from '../domain/lane/leave-to-start.ts'
import { isText, type Read, wrong } from '../domain/release/read-command.ts'
import { readWord, valueOf } from './lane-messages.ts'
import type { LaneRun } from './lane-run.ts'
import { allowUpdate, pinUpdate, unpinUpdate } from './messages.ts'

/** Binds the messages about what may start on a target: which versions, and whether any. */
export function answerLeaveMessages(run: LaneRun): void {
  setHandler(allowUpdate, (message) => allow(valueOf(readAllowance(message)), run), {
    validator: (message) => {
      const { version } = valueOf(readAllowance(message))
      if (!run.isNew()) refuseUnknownVeto(version, run)
    },
    description: 'Let a version that was rolled back start again',
  })
  setHandler(pinUpdate, (message) => pin(valueOf(readPin(message)), run), {
    validator: (message) => {
      const { version } = valueOf(readPin(message))
      if (!run.isNew()) refuseUnfitPin(version, run)
    },
    description: 'Keep this target on what it has until it is unpinned',
  })
  setHandler(
    unpinUpdate,
    async (message) => {
      const { by } = valueOf(readWord({ reason: '', ...message }))
      await run.untilKnown()
      const wasPinned = (run.state().pin ?? null) !== null
      run.set({ ...run.state(), pin: null })
      if (wasPinned) run.tell(`no longer pinned, by ${by}`, 'info')
      return run.view()
    },
    { validator: (message) => void valueOf(readWord({ reason: '', ...message })), description: 'Lift the pin' },
  )
}

async function allow({ version, by, reason }: Allowance, run: LaneRun): Promise<LaneView> {
  await run.untilKnown()
  refuseUnknownVeto(version, run)
  const { vetoes = [] } = run.state()
  run.set({ ...run.state(), vetoes: lifted(vetoes, version) })
  run.tell(`${version} may be started again, allowed by ${by}: ${reason}`, 'info')
  return run.view()
}

async function pin({ version, by, reason }: PinRequest, run: LaneRun): Promise<LaneView> {
  await run.untilKnown()
  refuseUnfitPin(version, run)
  const state = run.state()
  run.set({ ...state, pin: { version: version ?? state.promotedVersion, reason, by, at: Date.now() } })
  run.tell(`pinned by ${by}: ${reason}`, 'info')
  return run.view()
}

function refuseUnknownVeto(version: string, run: LaneRun): void {
  if (vetoOf(run.state(), version) !== null) return
  throw ApplicationFailure.nonRetryable(`nothing keeps ${version} from this target`, 'command.refused', {
    fix: 'start it',
  })
}

function refuseUnfitPin(version: string | null, run: LaneRun): void {
  const problem = pinProblem(run.state(), version)
  if (problem === null) return
  throw ApplicationFailure.nonRetryable(problem.message, 'command.refused', { fix: problem.fix })
}

interface Allowance {
  readonly version: string
  readonly by: string
  readonly reason: string
}

function readAllowance(message: unknown): Read<Allowance> {
  const word = readWord(message)
  if ('problem' in word) return word
  const version = isRecord(message) ? message['version'] : undefined
  return isText(version, 1, 256)
    ? { value: { version, ...word.value } }
    : wrong('version', 'a text of 1 to 256 characters', version)
}

interface PinRequest {
  readonly version: string | null
  readonly by: string
  readonly reason: string
}

function readPin(message: unknown): Read<PinRequest> {
  const word = readWord(message)
  if ('problem' in word) return word
  const version = isRecord(message) ? message['version'] : undefined
  if (version === undefined) return { value: { version: null, ...word.value } }
  return isText(version, 1, 256)
    ? { value: { version, ...word.value } }
    : wrong('version', 'a text of 1 to 256 characters', version)
}
