import type { z } from 'zod'
import { embeddedRouter } from './embedded.ts'
import { haproxyRouter } from './haproxy.ts'
import { memoryRouter } from './memory.ts'

/** Every router adapter. A new one is a file beside this one and a line here. */
export const ROUTERS = [memoryRouter, embeddedRouter, haproxyRouter] as const

/** The kind of a router adapter, e.g. `haproxy`. */
export type RouterKind = (typeof ROUTERS)[number]['kind']

/** The parsed options of any router adapter. */
export type RouterOptions = z.output<(typeof ROUTERS)[number]['options']>
