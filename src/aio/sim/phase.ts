import type {Range} from '../../base/index.js'

/** What a drive is asked for in one command. */
export type Command =
  {readonly kind: 'read' | 'write' | 'fua'; readonly ranges: readonly Range[]} | {readonly kind: 'flush'}

/** One part of a step: time that the host spends alone, any number at once, or a command for the drive. */
export type Phase = {readonly kind: 'host'; readonly ns: number} | Command
