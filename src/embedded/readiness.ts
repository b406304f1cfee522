import { Connection } from '@temporalio/client'

/** True when the address answers with a success within a second. */
export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000), redirect: 'error' })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}

/** True when a Temporal server answers and its default namespace is there. */
export async function temporalServes(address: string): Promise<boolean> {
  let connection: Connection | undefined
  try {
    connection = await Connection.connect({ address, connectTimeout: '1s' })
    await connection.withDeadline(Date.now() + 1_000, async () =>
      connection?.workflowService.describeNamespace({ namespace: 'default' }),
    )
    return true
  } catch {
    return false
  } finally {
    await connection?.close()
  }
}
