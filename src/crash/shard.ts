import {ToolError} from '../base/index.js'

/** One of `count` parts of a list; `index` counts from 1. */
export interface Shard {
  readonly index: number
  readonly count: number
}

/** Reads "2/8". @throws ToolError of kind usage for anything else */
export function parseShard(text: string): Shard {
  const [, first, second] = /^([1-9]\d{0,8})\/([1-9]\d{0,8})$/.exec(text) ?? []
  const [index, count] = [Number(first), Number(second)]
  if (first === undefined || index > count) {
    throw new ToolError('usage', 'E_SHARD', `shard "${text}" is none`, {
      hint: 'Write which part of how many, counted from 1: 1/4, 2/4, 3/4, 4/4.',
    })
  }
  return {index, count}
}

/** Whether the item with this number, from 0, belongs to the part: every one to exactly one. */
export function isInShard({index, count}: Shard, ordinal: number): boolean {
  return ordinal % count === index - 1
}

/** One of `count` equal shares of a part, or of the whole where it is undefined; `index` counts from 1. */
export function shareOf(part: Shard | undefined, {index, count}: Shard): Shard {
  const {index: first, count: parts} = part ?? {index: 1, count: 1}
  return {index: first + parts * (index - 1), count: parts * count}
}
