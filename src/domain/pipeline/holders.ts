import { isRecord } from '../json.ts'
import { isText, type Read, readActor, wrong } from '../release/read-command.ts'
import { targetName } from '../target.ts'
import { parsePipelineId } from './pipeline.ts'
import type { OpenPipeline } from './start-problems.ts'

/** Which pipeline was given a target last, by the name of the target: the target is its own for as long as it is open. */
export type Holders = Readonly<Record<string, string>>

/** The other pipelines that were given some of these targets last, with those. */
export function othersWith(holders: Holders, { pipelineId, targets }: OpenPipeline): readonly OpenPipeline[] {
  const ids = new Set(targets.flatMap((target) => holders[targetName(target)] ?? []))
  ids.delete(pipelineId)
  return [...ids].map((id) => ({
    pipelineId: id,
    targets: targets.filter((target) => holders[targetName(target)] === id),
  }))
}

/** The same once a pipeline was given its targets. */
export function withHolder(holders: Holders, { pipelineId, targets }: OpenPipeline): Holders {
  return { ...holders, ...Object.fromEntries(targets.map((target) => [targetName(target), pipelineId])) }
}

/** Reads which pipeline somebody wants to start, and where. Temporal's own tools can send anything, so nothing is believed. */
export function readPipelineStart(message: unknown): Read<OpenPipeline> {
  if (!isRecord(message) || !isRecord(message['pipeline']))
    return { problem: 'a start must be an object with a pipeline' }
  const { pipelineId, pipeline, versions, author, reason } = message
  const id = typeof pipelineId === 'string' ? parsePipelineId(pipelineId)?.pipelineId : undefined
  if (id === undefined || id !== pipelineId) return wrong('pipelineId', 'the id of a pipeline', pipelineId)
  const stages: readonly unknown[] = Array.isArray(pipeline['stages']) ? pipeline['stages'] : []
  const targets = stages.flatMap((stage) => {
    const target = isRecord(stage) && isRecord(stage['target']) ? stage['target'] : {}
    const { service, environment } = target
    if (!isRecord(stage) || typeof stage['name'] !== 'string') return []
    return typeof service === 'string' && typeof environment === 'string' ? [{ service, environment }] : []
  })
  if (targets.length === 0 || targets.length < stages.length)
    return wrong('pipeline.stages', 'stages with their names and targets', pipeline['stages'])
  if (!isRecord(versions) || !Object.values(versions).every((version) => isText(version, 1, 256)))
    return wrong('versions', 'a version for each service', versions)
  const person = readActor(author)
  if ('problem' in person) return person
  if (!isText(reason, 0, 4_000)) return wrong('reason', 'a text of at most 4,000 characters', reason)
  return { value: { pipelineId: id, targets } }
}
