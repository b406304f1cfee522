import type { TargetAdapters } from '../activities/dependencies.ts'
import type { Installation } from '../config/installation.ts'
import type { AdapterLists, TargetConfig } from '../config/installation-schema.ts'
import { requireTarget } from '../config/targets.ts'
import { errorLine, SluiceError } from '../domain/errors.ts'
import { type TargetId, targetName } from '../domain/target.ts'
import { routerWithFlags } from '../flags/router-with-flags.ts'
import { createUnusableStore } from '../flags/unusable-store.ts'
import { createUnusableSource } from '../metrics/unusable-source.ts'
import { NO_ROUTER } from '../routers/no-router.ts'

interface AdapterPool {
  /** @throws SluiceError `target.unknown` */
  readonly adaptersOf: (target: TargetId) => TargetAdapters
  readonly close: () => Promise<void>
}

/** Makes the adapters of a target when they are first needed, and keeps them. */
export function createAdapterPool(installation: Installation, lists: AdapterLists): AdapterPool {
  const made = new Map<string, TargetAdapters>()
  return {
    adaptersOf(target) {
      const name = targetName(target)
      const known = made.get(name)
      if (known !== undefined) return known
      const adapters = open(requireTarget(installation, target), installation, lists)
      made.set(name, adapters)
      return adapters
    },
    async close() {
      const adapters = [...made.values()].flatMap(({ router, metrics }) => [router, ...Object.values(metrics)])
      await Promise.all(adapters.map((adapter) => adapter.close()))
    },
  }
}

function open(config: TargetConfig, installation: Installation, lists: AdapterLists): TargetAdapters {
  const { service, environment, pools, router, metrics, flags } = config
  const target = { service, environment }
  const cohorts = installation.cohortsOf(target) ?? {}
  const context = { pools, target, cohorts, ticketSecret: installation.ticketSecret }
  const plain = router === undefined ? NO_ROUTER : pick(lists.routers, router.kind).open(router, context)
  return {
    pools,
    router:
      flags === undefined
        ? plain
        : routerWithFlags(plain, openStore(pick(lists.flagStores, flags.kind), flags, context)),
    metrics: Object.fromEntries(
      Object.entries(metrics).map(([name, options]) => [
        name,
        openSource(pick(lists.metricSources, options.kind), options, context),
      ]),
    ),
  }
}

/** The router must not go without its keeper because a metric source lacks a secret: only the checks are blind then. */
function openSource(
  listed: AdapterLists['metricSources'][number],
  options: TargetConfig['metrics'][string],
  context: { readonly pools: TargetConfig['pools'] },
) {
  try {
    return listed.open(options, context)
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    return createUnusableSource(listed.capabilities, errorLine(error))
  }
}

/** Nor must it because a flag store lacks one. */
function openStore(
  listed: AdapterLists['flagStores'][number],
  options: NonNullable<TargetConfig['flags']>,
  context: Parameters<typeof listed.open>[1],
) {
  try {
    return listed.open(options, context)
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    return createUnusableStore(listed.capabilities, error)
  }
}

function pick<Listed extends { readonly kind: string }>(list: readonly Listed[], kind: string): Listed {
  const found = list.find((listed) => listed.kind === kind)
  if (found === undefined) throw new SluiceError('config.invalid', { message: `there is no adapter of kind ${kind}` })
  return found
}
