import { setTimeout as sleep } from 'node:timers/promises'
import type { Milliseconds } from '../../src/domain/units.ts'
import { noteFault, type Scene } from '../drive/scene.ts'
import type { NameIn } from '../kinds.ts'
import { APPROVERS, AUTHOR, STRANGER } from '../world/installation.ts'

/** What people do with releases, over the API. */
export async function actAsPeople(scene: Scene, kind: NameIn<'people'>, seconds: number): Promise<void> {
  noteFault(scene.faults, kind)
  const [bob] = APPROVERS
  switch (kind) {
    case 'abort':
      scene.wave.world.sampleFinely(3_000)
      return sayTo(scene, 'abort', bob)
    case 'pause-resume':
    case 'retry':
      await sayTo(scene, 'pause', bob)
      await sleep(seconds * 1_000)
      await sayTo(scene, kind === 'retry' ? 'retry' : 'resume', bob)
      return noteFault(scene.faults, kind)
    case 'pause-held':
      return sayTo(scene, 'pause', bob)
    case 'promote':
      return sayTo(scene, 'promote', bob)
    case 'extend':
      return sayTo(scene, 'extend', bob, { by: `${Math.max(1, Math.round(seconds))}s` })
    case 'approve-foreign':
      await sayTo(scene, 'approve', AUTHOR)
      return sayTo(scene, 'approve', STRANGER)
    case 'replace':
    case 'queue':
      return scene.startAnother(kind)
  }
}

const TRIES: Milliseconds = 60_000

/** Sends a command, again with the same key until somebody has answered it, and notes what came of it. */
export async function sayTo(
  { wave, commands, releaseId }: Scene,
  verb: string,
  person: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const key = `${verb}-${person}-${commands.length + 1}`
  const at = Date.now()
  for (;;) {
    const { status, body } = await wave.world.api.command(releaseId, person, { verb, key, reason: 'campaign', ...more })
    const isAnswered = status !== 0 && status !== 429 && status < 500
    if (isAnswered || Date.now() - at > TRIES) {
      const code = typeof body?.['code'] === 'string' ? body['code'] : null
      commands.push({ releaseId, verb, person, key, at, answeredAt: Date.now(), status, code })
      return
    }
    await sleep(1_000)
  }
}
