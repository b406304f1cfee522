import { randomUUID } from 'node:crypto'
import type { AnswerTo } from '../../api/operations.ts'
import { EXIT, type ExitCode } from '../failure.ts'
import { readPlanFile, withPlaces } from '../plan-file.ts'
import { shortId } from '../render.ts'
import type { Session } from '../session.ts'
import { clean } from '../text.ts'
import { watchRelease } from '../watch.ts'

export interface StartOptions {
  /** `--version`, under a name that does not collide with the program's own. */
  readonly version: string
  readonly reason: string
  readonly key?: string
  readonly queue?: true
  readonly replace?: true
  readonly overrideFreeze?: true
  readonly watch?: true
}

/** `sluice start`: starts a release with the plan of a file. */
export async function startRelease(name: string, options: StartOptions, session: Session): Promise<ExitCode> {
  const { version, reason, key = randomUUID(), queue, replace, overrideFreeze, watch } = options
  const whenBusy = replace === true ? 'replace' : queue === true ? 'queue' : 'reject'
  const file = await readPlanFile(name, session.terminal)
  const asked = { plan: file.yaml.value, version, reason, whenBusy }
  const request = overrideFreeze === true ? { ...asked, overrideFreeze } : asked
  const answer = await withPlaces(file, () =>
    session.api.post<AnswerTo<'startRelease'>>('/api/v1/releases', request, { key }),
  )
  const id = shortId(answer.releaseId)
  const place = answer.placed === 'started' ? 'started' : `queued, ${answer.ahead} before it`
  for (const note of answer.notes ?? []) session.hint(clean(note))
  if (watch !== true || !session.isJson) session.say([`${id} ${place}`], answer)
  if (watch === true) return watchRelease(id, session)
  session.hint(`watch it with: sluice status ${id} --watch`)
  return EXIT.ok
}
