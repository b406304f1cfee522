import { Client, Connection } from '@temporalio/client'

/**
 * A client for the façade. It connects when it is used, tries again every second while Temporal is away, and repeats no call
 * by itself: whoever calls has to know of every try whether it may have had an effect.
 */
export function connectTemporal(address: string, namespace: string): Client {
  const connection = Connection.lazy({
    address,
    interceptors: [],
    channelArgs: { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 1_000 },
  })
  return new Client({ connection, namespace })
}
