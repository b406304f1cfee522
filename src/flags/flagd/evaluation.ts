import type { EvaluationContext } from '@openfeature/core'
import type { FlagdCore } from '@openfeature/flagd-core'
import type { Evaluation, FlagContext } from '../served-flags.ts'
import { type FlagSet, writeFlagSet } from './definitions.ts'

export interface Evaluator {
  /** Null when there is no such flag. */
  one(key: string, context: FlagContext): Evaluation | null
  all(context: FlagContext): readonly Evaluation[]
}

const SILENT = { error() {}, warn() {}, info() {}, debug() {} }

/**
 * What these definitions evaluate to, by flagd's own evaluator. One that flagd cannot read is left out, as if there were no
 * such flag: it must not keep the others from being switched off.
 */
export async function createEvaluator(flags: FlagSet, version = 0): Promise<Evaluator> {
  const { FlagdCore: Core } = await import('@openfeature/flagd-core')
  const load = (some: FlagSet) => {
    const core = new Core(undefined, SILENT)
    core.setConfigurations(writeFlagSet(some, version))
    return core
  }
  const isReadable = ([name, definition]: [string, unknown]) => orNull(() => load({ [name]: definition })) !== null
  const core = orNull(() => load(flags)) ?? load(Object.fromEntries(Object.entries(flags).filter(isReadable)))
  const names = [...core.getFlags().keys()]
  return {
    one: (key, context) => (core.getFlag(key) === undefined ? null : evaluate(core, key, context)),
    all: (context) => names.map((key) => evaluate(core, key, context)),
  }
}

/** What `work` gives, or null when it throws. */
function orNull<T>(work: () => T): T | null {
  try {
    return work()
  } catch {
    return null
  }
}

function evaluate(core: FlagdCore, key: string, context: FlagContext): Evaluation {
  const flag = core.getFlag(key)
  if (flag === undefined || flag.state === 'DISABLED') return failure(key, 'the flag is disabled')
  // It came as JSON, which holds nothing that an evaluation context may not hold.
  const asked = { ...context } as EvaluationContext
  const { value, variant, reason, flagMetadata, ...rest } = flag.evaluate(asked, SILENT)
  if (value === undefined || variant === undefined) {
    const said = 'errorMessage' in rest && typeof rest.errorMessage === 'string' ? rest.errorMessage : 'no value'
    return failure(key, said)
  }
  return { key, value, reason, variant, metadata: flagMetadata }
}

function failure(key: string, errorDetails: string): Evaluation {
  return { key, errorCode: 'GENERAL', errorDetails }
}
