import { createHash } from 'node:crypto'
import type { TargetId } from '../domain/target.ts'
import { callsFor } from './hook-rules.ts'
import type { Installation } from './installation.ts'
import { requireTarget } from './targets.ts'

/**
 * Names the configuration of a target, SHA-256 in hexadecimal: how it is routed, measured and called. Secrets stand in files and variables, so
 * none is in it.
 * @throws SluiceError `target.unknown`
 */
export function configurationHash(installation: Installation, target: TargetId): string {
  const { hooks = {} } = installation
  const own = Object.keys(callsFor(target, hooks)).map((name) => [name, hooks[name]])
  const written = [requireTarget(installation, target), own]
  return createHash('sha256').update(JSON.stringify(written)).digest('hex')
}

/** True for what was found under this configuration of a target that has another one by now, or none. */
export function isOutdated(configHash: string, installation: Installation, target: TargetId): boolean {
  return installation.find(target) === null || configurationHash(installation, target) !== configHash
}
