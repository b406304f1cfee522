import type { ServiceFront } from './haproxy-config.ts'

export const ENVIRONMENT = 'production'
/** Whoever starts releases: never one of the group that approves together with the plan's `notAuthor`. */
export const AUTHOR = 'alice'
export const APPROVERS = ['bob', 'carol'] as const
export const STRANGER = 'dave'
export const GROUP = 'owners'

export interface InstallationParts {
  readonly fronts: readonly ServiceFront[]
  readonly mapOf: (service: string) => string
  /** Port of the proxy before HAProxy's runtime API, by service. */
  readonly socketPortOf: (service: string) => number
  /** Port of the proxy before the metric sources. */
  readonly metricsPort: number
}

/** `sluice.yaml` of the campaign: every second service is measured by Prometheus, the others by scraping HAProxy itself. */
export function installation(parts: InstallationParts) {
  return {
    targets: parts.fronts.map(({ service, pools }, index) => ({
      ...{ service, environment: ENVIRONMENT, pools },
      router: {
        kind: 'haproxy',
        sockets: [`127.0.0.1:${parts.socketPortOf(service)}`],
        map: parts.mapOf(service),
        ...(isPersistent(index) && { persist: parts.mapOf(service) }),
        deadline: '2s',
      },
      metrics: isPrometheus(index) ? prometheus(service, parts) : scrape(service, parts),
    })),
    groups: { [GROUP]: [AUTHOR, ...APPROVERS] },
    people: [AUTHOR, ...APPROVERS, STRANGER].map((id) => ({ id })),
  }
}

/** Whether the map file of the service with this index follows what is live. */
function isPersistent(index: number): boolean {
  return index % 4 >= 2
}

/** Whether the service with this index is measured by Prometheus. */
export function isPrometheus(index: number): boolean {
  return index % 2 === 0
}

const RESPONSES = 'haproxy_backend_http_responses_total'

function prometheus(service: string, { metricsPort }: InstallationParts) {
  return {
    prometheus: {
      ...{ kind: 'prometheus', url: `http://127.0.0.1:${metricsPort}/${service}`, scrapeInterval: '1s' },
      ...{ poolLabel: 'proxy', requests: { metric: RESPONSES }, errors: { label: 'code', regex: '5xx' } },
    },
  }
}

function scrape(service: string, { metricsPort }: InstallationParts) {
  return {
    haproxy: {
      ...{ kind: 'scrape', urls: [`http://127.0.0.1:${metricsPort}/${service}/metrics`], poolLabel: 'proxy' },
      ...{ requests: { metric: RESPONSES } },
      errors: { metric: RESPONSES, label: 'code', match: { prefix: '5' } },
    },
  }
}
