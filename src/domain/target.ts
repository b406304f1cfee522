/** One service in one environment. */
export interface TargetId {
  readonly service: string
  readonly environment: string
}

/** `checkout/production`. */
export function targetName({ service, environment }: TargetId): string {
  return `${service}/${environment}`
}

/** Workflow id of a target's lane. */
export function laneIdOf(target: TargetId): string {
  return `lane/${targetName(target)}`
}

/** The target of a lane's workflow id, or null for any other id. */
export function targetOfLane(id: string): TargetId | null {
  const [kind, service, environment, ...more] = id.split('/')
  if (kind !== 'lane' || service === undefined || environment === undefined || more.length > 0) return null
  return { service, environment }
}

/** The target of a release's id; no name is empty, so that any other text is of a target that does not exist. */
export function targetOfRelease(releaseId: string): TargetId {
  const { service = '', environment = '' } = parseReleaseId(releaseId) ?? {}
  return { service, environment }
}

/** Workflow id of a release, which is also the release's id everywhere else. */
export function releaseIdOf(target: TargetId, number: number): string {
  return `release/${targetName(target)}/${number}`
}

/** A release as people read and type it, `checkout/production/7`; any other text stays as it is. */
export function releaseName(releaseId: string): string {
  return releaseId.replace(/^release\//, '')
}

const NAME = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const RELEASE_ID = new RegExp(`^(?:release/)?(${NAME})/(${NAME})/(\\d{1,9})$`)

/** Reads `release/checkout/production/7`, with or without the first word; null when it is no release id. */
export function parseReleaseId(
  text: string,
): (TargetId & { readonly number: number; readonly releaseId: string }) | null {
  const match = RELEASE_ID.exec(text)
  if (match === null) return null
  const [, service = '', environment = '', digits = ''] = match
  const number = Number(digits)
  return { service, environment, number, releaseId: releaseIdOf({ service, environment }, number) }
}
