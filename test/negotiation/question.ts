import {cacheModeOf} from '../../src/cache-mode/index.js'
import {eraOf, frontendOf, type StepName} from '../../src/frontend/index.js'
import type {NegotiationQuestion} from '../../src/negotiation/index.js'

/** What a test may say; the rest is virtio-blk of today under writeback, with nothing chosen. */
export interface Asked {
  readonly frontend?: string
  readonly era?: string
  readonly steps?: readonly StepName[]
  readonly mode?: string
  readonly features?: readonly string[]
  readonly negotiate?: readonly string[]
  readonly directIoSafe?: boolean
}

export function question(asked: Asked = {}): NegotiationQuestion {
  return {
    frontend: frontendOf(asked.frontend ?? 'virtio-blk'),
    era: eraOf(asked.era ?? 'today'),
    steps: asked.steps ?? [],
    mode: cacheModeOf(asked.mode ?? 'writeback'),
    features: asked.features,
    negotiate: asked.negotiate,
    directIoSafe: asked.directIoSafe,
  }
}
