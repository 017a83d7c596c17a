import {formatBytesBoth, parseSize, ToolError} from '../base/index.js'
import {openSource, partOf, resizeImage, type ImageSource, type Resized} from '../image/index.js'
import {contentsOf, dataRanges} from '../inspect/index.js'
import type {SizeProblem} from './size-document.js'

/**
 * The size that is meant: a size, or with + or - so much more or less than now.
 *
 * @throws ToolError of kind usage when it is no size, or nothing a file can have
 */
export function sizeMeant(text: string, nowBytes: number): number {
  const sign = text.startsWith('+') ? 1n : text.startsWith('-') ? -1n : 0n
  const amount = parseSize(sign === 0n ? text : text.slice(1))
  const bytes = sign === 0n ? amount : BigInt(nowBytes) + sign * amount
  if (bytes < 1n || bytes > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new ToolError('usage', 'E_SIZE', `"${text}" comes to ${bytes} bytes: an image has 1 to 2^53-1 bytes`, {
      hint: 'Give the new size, or +1G for so much more.',
    })
  }
  return Number(bytes)
}

/**
 * Gives an image another size and tells what that means for what is on it: partitions cut off, a backup GPT that is no longer at
 * the end, a file system larger than what is left.
 *
 * @throws ToolError as `resizeImage` does
 */
export async function resizeAndJudge(
  path: string,
  sizeText: string,
  shrink: boolean,
): Promise<{readonly resized: Resized; readonly problems: readonly SizeProblem[]}> {
  const before = openSource(path)
  let lost: readonly SizeProblem[]
  let sizeBytes: number
  try {
    sizeBytes = sizeMeant(sizeText, before.sizeBytes)
    lost = shrink && sizeBytes < before.sizeBytes ? await cutOff(before, sizeBytes) : []
  } finally {
    before.close()
  }
  const resized = await resizeImage(path, sizeBytes, shrink)
  const after = openSource(path)
  try {
    return {resized, problems: [...lost, ...contentsOf(after).problems]}
  } finally {
    after.close()
  }
}

/** What lies behind the new end, as far as it is data. */
async function cutOff(source: ImageSource, sizeBytes: number): Promise<SizeProblem[]> {
  const rest = partOf(source, sizeBytes, source.sizeBytes - sizeBytes)
  const data = await dataRanges(rest)
  const bytes = data?.reduce((sum, {lengthBytes}) => sum + lengthBytes, 0) ?? rest.sizeBytes
  return bytes === 0 ? [] : [{text: `${formatBytesBoth(bytes)} of data were cut off`}]
}
