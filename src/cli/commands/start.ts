import { randomUUID } from 'node:crypto'
import type { AnswerTo } from '../../api/operations.ts'
import { isRecord } from '../../domain/json.ts'
import { formerText, returnsTo } from '../../domain/lane/lane-view.ts'
import type { LocatedProblem, Problem } from '../../domain/problems.ts'
import { CliFailure, EXIT, type ExitCode } from '../failure.ts'
import type { ManifestOptions } from '../import-options.ts'
import { convertFiles, leftOut, noteLines } from '../manifests.ts'
import { planFailure, readPlanFile, withPlaces } from '../plan-file.ts'
import { shortId } from '../render.ts'
import { laneAddress, type Session } from '../session.ts'
import { clean } from '../text.ts'
import { watchRelease } from '../watch.ts'

export interface StartOptions {
  /** `--version`, under a name that does not collide with the program's own. */
  readonly version?: string
  readonly reason: string
  readonly key?: string
  readonly queue?: true
  readonly replace?: true
  readonly overrideFreeze?: true
  readonly followPlan?: true
  readonly watch?: true
  /** Manifests of another tool, instead of a plan. */
  readonly file?: readonly string[]
  readonly acceptLeftOut?: true
}

/** `sluice start`: starts a release with the plan of a file, or with the one that manifests of another tool become. */
export async function startRelease(
  name: string | undefined,
  options: StartOptions & ManifestOptions,
  session: Session,
): Promise<ExitCode> {
  const { reason, key = randomUUID(), queue, replace, overrideFreeze, followPlan, watch } = options
  const whenBusy = replace === true ? 'replace' : queue === true ? 'queue' : 'reject'
  const { file, version } = await planToStart(name, options, session)
  const request = {
    ...{ plan: file.yaml.value, version, reason, whenBusy },
    ...(overrideFreeze === true && { overrideFreeze }),
    ...(followPlan === true && { followPlan }),
  }
  if (followPlan !== true) await announceReturn(file.yaml.value, version, session)
  const answer = await withPlaces(file, () =>
    session.api.post<AnswerTo<'startRelease'>>('/api/v1/releases', request, { key }),
  )
  const id = shortId(answer.releaseId)
  const { returns } = answer
  const back =
    returns === undefined ? 'started' : `started: back to ${clean(returns.version)} on ${clean(returns.pool)}`
  const place = answer.placed === 'started' ? back : `queued, ${answer.ahead} before it`
  // Of a return it was told what it does before.
  for (const note of returns === undefined ? (answer.notes ?? []) : []) session.hint(clean(note))
  if (watch !== true || !session.isJson) session.say([`${id} ${place}`], answer)
  if (watch === true) return watchRelease(id, session)
  session.hint(`watch it with: sluice status ${id} --watch`)
  return EXIT.ok
}

/** Says before it is asked for what a start of the version before would do. Whether it does the lane decides. */
async function announceReturn(plan: unknown, version: string, session: Session): Promise<void> {
  const { service, environment } = isRecord(plan) ? plan : {}
  if (typeof service !== 'string' || typeof environment !== 'string') return
  const look = async () => session.api.get<AnswerTo<'showLane'>>(laneAddress({ service, environment }))
  // Whatever is wrong with the target the start itself says, with its place in the plan.
  const lane = await look().catch(() => null)
  const former = lane === null ? null : returnsTo(lane, version, session.terminal.now())
  if (former === null) return
  const what = `${formerText(former)}: it was there before ${lane?.promotedVersion ?? 'what is there now'}`
  session.hint(clean(`${what}, so everybody returns to it in one step; --follow-plan follows the plan instead`))
}

/** @throws CliFailure when nothing is to be started: no plan, no version, or a plan that lacks what the manifests ask for */
async function planToStart(name: string | undefined, options: StartOptions & ManifestOptions, session: Session) {
  const { file: files = [], version, acceptLeftOut } = options
  if ((name === undefined) === (files.length === 0))
    throw new CliFailure(EXIT.usage, 'expected either a plan or -f with manifests, such as sluice start plan.yaml')
  if (name !== undefined) {
    if (version === undefined) throw new CliFailure(EXIT.usage, 'expected --version with the version to release')
    return { file: await readPlanFile(name, session.terminal), version }
  }
  const imported = await convertFiles('any', files, options, session)
  const { form, isPlan, notes, placeOf } = imported
  if (!isPlan)
    throw new CliFailure(EXIT.refused, `${files.map(clean).join(', ')}: there is no Rollout or Canary to start`)
  const lost = leftOut(notes)
  if (lost.length > 0 && acceptLeftOut !== true) {
    const { message, value } = planFailure(lost)
    const text = `part of this would be left out, so nothing was started; --accept-left-out starts without it`
    throw new CliFailure(EXIT.refused, `${message}\n${text}`, value)
  }
  const released = version ?? imported.version
  if (released === null)
    throw new CliFailure(EXIT.usage, 'expected --version: these manifests do not name one image with a tag')
  for (const line of noteLines(notes)) session.hint(line)
  const locate = (problem: Problem): LocatedProblem => ({
    ...problem,
    ...(placeOf(problem.path) ?? { file: files[0] ?? '', line: 1, column: 1 }),
  })
  return { file: { name: files.join(', '), text: '', yaml: { value: form, locate } }, version: released }
}
