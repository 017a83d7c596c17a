import {parseSize, SECTOR_BYTES, ToolError} from '../base/index.js'

/** Where matches may begin: `phaseBytes` behind each multiple of `unitBytes`. */
export interface MatchAlignment {
  readonly unitBytes: number
  /** Less than the unit. */
  readonly phaseBytes: number
}

export const ANYWHERE: MatchAlignment = {unitBytes: 1, phaseBytes: 0}
export const AT_SECTORS: MatchAlignment = {unitBytes: SECTOR_BYTES, phaseBytes: 0}

/**
 * Reads an alignment: `4k` for multiples of it, `512+510` for byte 510 of each sector.
 *
 * @throws ToolError of kind usage
 */
export function matchAlignmentOf(text: string): MatchAlignment {
  const plus = text.indexOf('+')
  const unit = parseSize(plus === -1 ? text : text.slice(0, plus))
  const phase = plus === -1 ? 0n : parseSize(text.slice(plus + 1))
  if (unit < 1n || unit > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new ToolError('usage', 'E_ALIGN', `nothing can be aligned to ${unit} bytes`, {hint: 'Give 1 byte or more.'})
  }
  if (phase >= unit) {
    throw new ToolError('usage', 'E_ALIGN', `"${text}": a unit of ${unit} bytes has no byte ${phase}`, {
      hint: 'Give the unit and a byte in it: 512+510 is byte 510 of each sector.',
    })
  }
  return {unitBytes: Number(unit), phaseBytes: Number(phase)}
}

/** How far behind an offset, 0 or more, the next place is where a match may begin. */
export function toNextPlace(offsetBytes: number, {unitBytes, phaseBytes}: MatchAlignment): number {
  const inUnitBytes = offsetBytes % unitBytes
  return inUnitBytes <= phaseBytes ? phaseBytes - inUnitBytes : unitBytes - inUnitBytes + phaseBytes
}
