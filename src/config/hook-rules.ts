import { isIP } from 'node:net'
import type { CallFacts } from '../domain/plan/plan-calls.ts'
import type { Problem, ProblemPath } from '../domain/problems.ts'
import { type TargetId, targetName } from '../domain/target.ts'
import { reportSecrets } from './addresses.ts'
import type { HookConfig, OutboundConfig, VersionConfig } from './hook-schema.ts'

interface HookParts {
  readonly hooks: Readonly<Record<string, HookConfig>>
  readonly outbound: OutboundConfig | undefined
  readonly targets: readonly {
    readonly path: ProblemPath
    readonly target: Partial<TargetId> & {
      readonly pools?: readonly [string, string] | undefined
      readonly version?: VersionConfig | undefined
    }
  }[]
}

/** Reports calls that nobody could carry out, and addresses that are never reached. */
export function checkHooks({ hooks, outbound, targets }: HookParts, report: (problem: Problem) => void): void {
  for (const [index, range] of (outbound?.privateAddresses ?? []).entries())
    reportForbidden(range, ['outbound', 'privateAddresses', index], report)
  const known = new Set(
    targets.flatMap(({ target: { service, environment } }) =>
      service === undefined || environment === undefined ? [] : [targetName({ service, environment })],
    ),
  )
  for (const [name, hook] of Object.entries(hooks)) {
    const path = ['hooks', name]
    reportSecrets(hook, path, report)
    reportUncallable(hook, outbound, path, report)
    reportDry(hook, hooks, [...path, 'dry'], report)
    for (const [index, target] of (hook.targets ?? []).entries())
      if (!known.has(target)) reportStranger(target, known, [...path, 'targets', index], report)
  }
  for (const { path, target } of targets) checkVersion(target, [...path, 'version'], report)
}

function reportUncallable(
  { command, webhook }: HookConfig,
  outbound: OutboundConfig | undefined,
  path: ProblemPath,
  report: (problem: Problem) => void,
): void {
  if (command !== undefined && outbound?.commands !== true)
    report({
      rule: 'commands-not-allowed',
      path: [...path, 'command'],
      message: 'commands may not be run by the workers of this installation',
      expected: 'outbound: { commands: true }',
      fix: 'allow them under outbound, or use a webhook',
    })
  if (webhook?.callback !== undefined && outbound?.callbackUrl === undefined)
    report({
      rule: 'no-callback-address',
      path: [...path, 'webhook', 'callback'],
      message: 'nobody could call back: it is not known where the API is reached',
      expected: 'outbound: { callbackUrl: https://… }',
      fix: 'set outbound.callbackUrl to the address of the API, or remove callback',
    })
}

/** A dry form is asked for a yes, so it must be a call that gives one. */
function reportDry(
  { dry, targets }: HookConfig,
  hooks: HookParts['hooks'],
  path: ProblemPath,
  report: (problem: Problem) => void,
): void {
  if (dry === undefined) return
  const asked = Object.hasOwn(hooks, dry) ? hooks[dry] : undefined
  const isForAll = asked?.targets === undefined || targets?.every((target) => asked.targets?.includes(target)) === true
  if (asked !== undefined && isForAll && asked.webhook?.callback === undefined) return
  report({
    rule: 'no-dry-form',
    path,
    message:
      asked === undefined
        ? 'there is no such call'
        : isForAll
          ? 'this call is answered by a callback, and a dry form is asked for a yes'
          : 'this call is for fewer targets than the one whose dry form it is to be',
    received: dry,
    expected: 'another call of hooks, for the same targets and without callback',
    fix: 'name a call that only says whether this one could be carried out',
  })
}

function reportStranger(
  received: string,
  known: ReadonlySet<string>,
  path: ProblemPath,
  report: (problem: Problem) => void,
): void {
  report({
    rule: 'unknown-target',
    path,
    message: 'there is no such target',
    received,
    expected: `a target of this file: ${[...known].slice(0, 10).join(', ')}`,
    fix: 'use one of these, or remove it',
  })
}

function checkVersion(
  { pools, version }: HookParts['targets'][number]['target'],
  path: ProblemPath,
  report: (problem: Problem) => void,
): void {
  if (version === undefined) return
  reportSecrets(version, path, report)
  const { instances } = version
  if (instances === undefined || pools === undefined) return
  const missing = pools.filter((pool) => !Object.hasOwn(instances, pool))
  if (missing.length === 0) return
  report({
    rule: 'pool-without-instances',
    path: [...path, 'instances'],
    message: `nobody could say which version ${missing.join(' and ')} runs`,
    expected: `instances of both pools, ${pools.join(' and ')}: each is the canary in its turn`,
    fix: 'add them',
  })
}

/** Never reached, whatever an installation allows: metadata services of clouds live there. */
const NEVER = /^(?:169\.254\.|0\.|22[4-9]\.|23\d\.|24\d\.|25[0-5]\.|fe[89ab]|ff)/i

function reportForbidden(range: string, path: ProblemPath, report: (problem: Problem) => void): void {
  const [address = ''] = range.split('/')
  if (isIP(address) !== 0 && !NEVER.test(address) && !range.endsWith('/0')) return
  report({
    rule: 'address-never-reached',
    path,
    message: 'these addresses are never reached, whatever is written here',
    received: range,
    expected: 'a range of a private network, without link-local, multicast or reserved addresses',
    fix: 'name the ranges in which your services are',
  })
}

/** The calls that plans of a target may name. */
export function callsFor(
  target: TargetId,
  hooks: Readonly<Record<string, HookConfig>>,
): Readonly<Record<string, CallFacts>> {
  const own = Object.entries(hooks).filter(([, hook]) => isFor(target, hook))
  return Object.fromEntries(
    own.map(([name, { webhook }]) => [
      name,
      { kind: webhook === undefined ? 'command' : 'webhook', answersLater: webhook?.callback !== undefined },
    ]),
  )
}

/** True when plans of the target may name the call. */
export function isFor(target: TargetId, { targets }: HookConfig): boolean {
  return targets === undefined || targets.includes(targetName(target))
}
