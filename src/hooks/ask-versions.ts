import type { VersionConfig } from '../config/hook-schema.ts'
import { isRecord, parseJson } from '../domain/json.ts'
import type { InstanceVersion } from '../domain/release/version-proof.ts'
import type { Milliseconds } from '../domain/units.ts'
import type { AddressPolicy } from '../outbound/address-policy.ts'
import { callGuarded, callPinned, type GuardedAnswer, pinnedOf } from './guarded-call.ts'
import { type Fillings, fill } from './placeholders.ts'
import { saidLine } from './said.ts'

/** One instance is asked for so long. */
const DEADLINE: Milliseconds = 3_000
const LONGEST_VERSION = 256
/** So many instances are asked at a time. */
const AT_ONCE = 20

/**
 * Asks every instance of a pool for its version: each address of the name, or each one that is listed.
 * @throws SluiceError `hook.misconfigured`; the reason of `signal`
 */
export async function askVersions(
  config: VersionConfig,
  pool: string,
  fillings: Fillings,
  policy: AddressPolicy,
  signal: AbortSignal,
): Promise<readonly InstanceVersion[]> {
  const listed = config.instances === undefined ? undefined : (config.instances[pool] ?? [])
  const addresses = listed ?? (config.url === undefined ? [] : [config.url])
  const filled = addresses.map((address) => fill(address, { ...fillings, pool }, encodeURIComponent))
  const found = await Promise.all(filled.map((address) => instancesAt(address, policy, listed !== undefined, signal)))
  const all = found.flat()
  const answers: InstanceVersion[] = []
  for (let index = 0; index < all.length; index += AT_ONCE)
    answers.push(...(await Promise.all(all.slice(index, index + AT_ONCE).map((one) => one(config.json)))))
  return answers
}

/**
 * Asks the same through a router, as whoever has this cookie. The connection is a new one: one that is kept may stay with
 * the pool that it was made for.
 */
export async function askThrough(
  { through, json }: { readonly through: string; readonly json: string | undefined },
  fillings: Fillings,
  policy: AddressPolicy,
  cookie: string | null,
  signal: AbortSignal,
): Promise<InstanceVersion> {
  const address = fill(through, fillings, encodeURIComponent)
  const headers = { 'cache-control': 'no-cache', connection: 'close', ...(cookie !== null && { cookie }) }
  const answer = await callGuarded(policy, address, { method: 'GET', headers, deadline: DEADLINE }, signal)
  return { instance: new URL(address).host, ...saidIn(answer, json) }
}

type AskOne = (json: string | undefined) => Promise<InstanceVersion>

/** One question for each address of a name; for one that is listed, its first address. */
async function instancesAt(
  address: string,
  policy: AddressPolicy,
  isListed: boolean,
  signal: AbortSignal,
): Promise<readonly AskOne[]> {
  const pinned = await pinnedOf(policy, address, DEADLINE, signal)
  const { host, port } = new URL(address)
  if ('reason' in pinned) return [async () => ({ instance: host, says: null, fault: pinned.reason })]
  const asked = isListed ? pinned.addresses.slice(0, 1) : pinned.addresses
  return asked.map((one) => async (json) => {
    const shown = one.family === 6 ? `[${one.address}]` : one.address
    const instance = isListed ? host : `${shown}${port === '' ? '' : `:${port}`}`
    const answer = await callPinned(one, address, { method: 'GET', deadline: DEADLINE }, signal)
    return { instance, ...saidIn(answer, json) }
  })
}

function saidIn(answer: GuardedAnswer, json: string | undefined): Omit<InstanceVersion, 'instance'> {
  if (answer.kind !== 'answer') return { says: null, fault: answer.reason }
  const { status, text } = answer
  if (status !== 200) return { says: null, fault: `it answered ${status}` }
  const said = json === undefined ? text.trim() : valueAt(parseJson(text), json)
  if (typeof said !== 'string' || said === '' || said.length > LONGEST_VERSION)
    return { says: null, fault: json === undefined ? 'its answer is no version' : `its answer has no text at ${json}` }
  return { says: saidLine(said, LONGEST_VERSION), fault: null }
}

/** What stands at a path such as `$.build[0].tag`; undefined when nothing does. */
export function valueAt(value: unknown, path: string): unknown {
  const keys = [...path.matchAll(/\.([\w-]+)|\[(\d+)\]/g)]
  return keys.reduce<unknown>((at, [, name, index]) => {
    if (index !== undefined) return Array.isArray(at) ? (at as unknown[])[Number(index)] : undefined
    return isRecord(at) && name !== undefined && Object.hasOwn(at, name) ? at[name] : undefined
  }, value)
}
