import type { Command } from 'commander'
import { USUAL_OPTIONS } from '../../vendors/options.ts'

/** How the traffic is, and how a bad canary would change it. */
export function addTraffic(command: Command): void {
  command
    .option('--since <duration>', 'measure the traffic of the last 1d (or any time) on the server')
    .option('--errors <share>', 'share of requests that fail today (measured, or 0.5%)')
    .option('--regression <harm>', 'what a bad canary fails: 2x as many requests, or a share such as 2% (4x)')
    .option('--latency <quantiles>', 'latency today, such as p50=80ms,p99=900ms (measured)')
    .option('--buckets <times>', 'bucket bounds for --latency, such as 10ms,50ms,250ms,1s (those of Prometheus)')
    .option('--slower <ratio>', 'how much slower a bad canary is, such as 2x (1.5 times what the check accepts)')
    .option('--event <name=share>', 'events per request, such as orders=3% (repeatable)', addValue)
    .option(
      '--change <name=ratio>',
      'how a bad canary changes them, such as orders=0.8x, 20% fewer (repeatable)',
      addValue,
    )
}

/** What a plan needs and manifests do not say. */
export function addManifestOptions(command: Command): void {
  command
    .option('--environment <name>', 'the environment of the plan', USUAL_OPTIONS.environment)
    .option('--service <name>', 'the service of the plan (the name of the Rollout or the Canary)')
    .option('--source <name>', 'the metric source that the checks query', USUAL_OPTIONS.source)
    .option('--arg <name=value>', 'a value for an argument of a template (repeatable)', addValue)
    .option('--approvers <group>', 'the group that lets it go on where a person is waited for')
    .option('--preview <cohort>', 'the cohort that sees the new version before everybody, as by a preview service')
    .option('--cohort <route=cohort>', 'the cohort that stands for a route (repeatable)', addValue)
    .option('--mirror', 'copies of requests, where the manifest mirrors them and the router of the target can')
    .option('--faster <times>', 'divide every duration, such as 60x: for a rehearsal')
}

/** For an option that is repeatable: what came before, and this. */
export function addValue(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
