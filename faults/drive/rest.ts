import { writeFile } from 'node:fs/promises'
import { ENVIRONMENT } from '../world/installation.ts'
import type { Service, World } from '../world/world.ts'

/** Undoes what was done to a service for the length of a wave. */
export async function healService({ metrics }: World, service: Service): Promise<void> {
  metrics.set(service.front.service, 'pass')
  service.socket.set({ kind: 'pass' })
  await Promise.all(service.backends.map((backend) => backend.heal()))
}

/** Everybody of the world is up and awake. */
export async function healWorld({ haproxy, prometheus, temporal, workers, apiProgram }: World): Promise<void> {
  haproxy.thaw()
  for (const program of [prometheus.program, temporal, ...workers, apiProgram]) {
    program.thaw()
    await program.start()
  }
}

/**
 * Begins a service anew after something went wrong on it, so that one violation is not seen twice: Temporal has forgotten
 * its lane, which would else begin again with what it knew, nothing of it runs, and its map is as before the first release.
 */
export async function resetService({ client, haproxy }: World, { front, map }: Service): Promise<void> {
  const query = `ExecutionStatus = 'Running' AND SluiceService = '${front.service}'`
  const { namespace } = client.options
  const lane = { workflowId: `lane/${front.service}/${ENVIRONMENT}` }
  await client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution: lane }).catch(() => undefined)
  const ids: string[] = []
  for await (const { workflowId } of client.workflow.list({ query })) ids.push(workflowId)
  for (const id of ids) {
    // What has ended already needs no ending.
    await client.workflow
      .getHandle(id)
      .terminate('the campaign begins anew')
      .catch(() => undefined)
  }
  await writeFile(map, `share:${front.pools[1]} 0\n`)
  await haproxy.run([`clear map ${map}`, `add map ${map} share:${front.pools[1]} 0`])
}
