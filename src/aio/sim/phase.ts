import type {Range} from '../../base/index.js'

/** What a drive is asked for in one command. */
export type Command =
  {readonly kind: 'read' | 'write' | 'fua'; readonly ranges: readonly Range[]} | {readonly kind: 'flush'}

/** What a host does itself, one thing at a time. */
export interface Processor {
  /** Until when it is taken. */
  freeNs: number
}

/** One part of a step: time that passes, work of the host's processor, or a command for the drive. */
export type Phase = {readonly kind: 'pause' | 'work'; readonly ns: number} | Command
