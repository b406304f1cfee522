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
 * Begins a service anew after something went wrong on it, so that one violation is not seen twice: nothing of it runs in
 * Temporal, and everybody is where they were before the first release. A lane remembers, also one that was ended: so it is
 * told, where it knows anything, and only else the map is written by hand.
 */
export async function resetService({ client, haproxy }: World, { front, map }: Service): Promise<void> {
  const query = `ExecutionStatus = 'Running' AND WorkflowType = 'release' AND SluiceService = '${front.service}'`
  for await (const { workflowId } of client.workflow.list({ query })) {
    // What has ended already needs no ending.
    await client.workflow
      .getHandle(workflowId)
      .terminate('the campaign begins anew')
      .catch(() => undefined)
  }
  const lane = client.workflow.getHandle(`lane/${front.service}/${ENVIRONMENT}`)
  const wish = { by: 'campaign', reason: 'the campaign begins anew', stable: front.pools[0] }
  const isTold = await client
    .withDeadline(Date.now() + 20_000, () => lane.executeUpdate('recover', { args: [wish] }))
    .then(() => true)
    .catch(() => false)
  if (isTold) return
  await writeFile(map, `share:${front.pools[1]} 0\n`)
  await haproxy.run([`clear map ${map}`, `add map ${map} share:${front.pools[1]} 0`])
}
