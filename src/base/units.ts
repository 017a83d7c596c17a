import {ToolError} from './errors.js'

/** Bytes in a sector. Always 512, whatever the logical block size of the device below (virtio-blk, "Device Operation"). */
export const SECTOR_BYTES = 512

/** The largest size this tool reads or prints: a 64-bit byte count. */
const SIZE_MAX = 2n ** 64n - 1n

const BINARY = ['k', 'M', 'G', 'T', 'P', 'E']

/** Suffix -> multiplier. One rule for every flag and every batch: binary unless it ends in B without an i. */
const MULTIPLIERS: ReadonlyMap<string, bigint> = new Map([
  ['', 1n],
  ['s', 512n],
  ['S', 512n],
  ['K', 1024n],
  ['kB', 1000n],
  ['KiB', 1024n],
  ...BINARY.map((letter, i): [string, bigint] => [letter, 1024n ** BigInt(i + 1)]),
  ...BINARY.slice(1).flatMap((letter, i): [string, bigint][] => [
    [`${letter}iB`, 1024n ** BigInt(i + 2)],
    [`${letter}B`, 1000n ** BigInt(i + 2)],
  ]),
])

/** What the size rule accepts, for messages and help. */
export const SIZE_RULE =
  'a number with an optional suffix: none = bytes, s = 512-byte sectors, k K M G T P E or KiB MiB ... = powers of 1024, kB MB ... = powers of 1000, or 0x... in hex'

/**
 * Reads a size or an offset. Promises: exactly the bytes the text says, or an error; never a guess such as 1 for "1.5M".
 * Decimals are allowed when the product is a whole number of bytes ("1.5k" is 1536, "0.3k" is an error).
 *
 * @returns bytes, 0 to 2^64-1
 * @throws ToolError of kind usage
 */
export function parseSize(text: string): bigint {
  const hex = /^0[xX]([0-9a-fA-F]+)$/.exec(text)
  if (hex) return bounded(BigInt(text), text)
  const match = /^(\d+)(?:\.(\d+))?([A-Za-z]*)$/.exec(text)
  const multiplier = match ? MULTIPLIERS.get(match[3] ?? '') : undefined
  if (!match || multiplier === undefined) {
    throw new ToolError('usage', 'E_SIZE', `"${text}" is not a size`, {hint: `Write ${SIZE_RULE}.`})
  }
  const fraction = match[2] ?? ''
  const scale = 10n ** BigInt(fraction.length)
  const product = BigInt(match[1] + fraction) * multiplier
  if (product % scale !== 0n) {
    throw new ToolError('usage', 'E_SIZE', `"${text}" is not a whole number of bytes`, {
      hint: 'Write the number of bytes, or a decimal that multiplies out evenly (1.5k is 1536).',
    })
  }
  return bounded(product / scale, text)
}

function bounded(value: bigint, text: string): bigint {
  if (value > SIZE_MAX) {
    throw new ToolError('usage', 'E_SIZE', `"${text}" is too large: sizes end at 2^64-1 bytes`, {
      hint: 'Check the suffix: E is 2^60 bytes, and a number without one counts bytes.',
    })
  }
  return value
}

const HUMAN: readonly (readonly [string, number])[] = [
  ['EiB', 2 ** 60],
  ['PiB', 2 ** 50],
  ['TiB', 2 ** 40],
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
]

/** A byte count for people: "4 KiB", "1.5 MiB", "513 bytes". Exact counts stay exact; others keep two decimals. */
export function formatBytes(bytes: number): string {
  for (const [unit, size] of HUMAN) {
    // Not "1024 KiB" for what two decimals round up to the next unit.
    if (bytes >= size || (bytes > 1024 && Math.round((bytes / size) * 100) >= 100))
      return `${Number((bytes / size).toFixed(2))} ${unit}`
  }
  return bytes === 1 ? '1 byte' : `${bytes} bytes`
}

/** A byte count for both people and scripts, as qemu-img prints it: "128 MiB (134217728 bytes)". */
export function formatBytesBoth(bytes: number): string {
  return bytes < 1024 ? formatBytes(bytes) : `${formatBytes(bytes)} (${bytes} bytes)`
}

/** Text that parseSize reads back as the same bytes, in the largest power of 1024 that divides them: "4k", "1M", "513". */
export function formatSize(bytes: bigint): string {
  if (bytes === 0n) return '0'
  let text = String(bytes)
  BINARY.forEach((letter, i) => {
    const unit = 1024n ** BigInt(i + 1)
    if (bytes % unit === 0n) text = `${bytes / unit}${letter}`
  })
  return text
}

/** A duration for people: "850 ns", "12.3 us", "4.56 ms", "1.2 s". */
export function formatNs(ns: number): string {
  if (ns < 1e3) return `${Math.round(ns)} ns`
  if (ns < 1e6) return `${Number((ns / 1e3).toPrecision(3))} us`
  if (ns < 1e9) return `${Number((ns / 1e6).toPrecision(3))} ms`
  return `${Number((ns / 1e9).toPrecision(3))} s`
}

const NS_PER: Readonly<Record<string, number>> = {ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9}

/** A duration as fio writes it ("10s", "1.5ms"), in nanoseconds; undefined where the text is none. @param bareUnit of a number without one */
export function parseDurationNs(text: string, bareUnit: 's' | 'us'): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)?$/.exec(text) ?? []
  return digits === undefined ? undefined : Math.round(Number(digits) * (NS_PER[unit ?? bareUnit] ?? 1))
}
