import {ToolError} from '../base/index.js'
import {CACHE_MODES, type CacheMode} from '../cache-mode/index.js'
import {guestFlushes, matrixCell, type MatrixCell} from '../durability/index.js'
import {
  factsIn,
  FRONTENDS,
  isOf,
  STEP_NAMES,
  yearOf,
  type Era,
  type Frontend,
  type FrontendFacts,
  type StepName,
} from '../frontend/index.js'

/** Which part of which matrix is asked for. */
export interface MatrixQuestion {
  readonly era: Era
  /** Steps of the plan on top of what the era has. */
  readonly steps: readonly StepName[]
  /** One row only; all that belong to the era when absent. */
  readonly frontend: Frontend | undefined
  /** One column only; all there were in the era when absent. */
  readonly mode: CacheMode | undefined
}

/** One cell with what it was before the steps. */
export interface PlacedCell {
  readonly frontend: Frontend
  readonly facts: FrontendFacts
  readonly mode: CacheMode
  readonly cell: MatrixCell
  /** Whether a guest sends flushes to this device under this mode. */
  readonly flushes: boolean
  /** The cell without any step; the same as `cell` where no step was taken. */
  readonly before: MatrixCell
}

/** A matrix, or a part of one. */
export interface Matrix {
  readonly era: Era
  /** Every step taken, those of the era included, in the order of the plan. */
  readonly steps: readonly StepName[]
  readonly frontends: readonly Frontend[]
  readonly modes: readonly CacheMode[]
  /** Row by row. */
  readonly cells: readonly PlacedCell[]
  /** What a reader must know about the facts themselves, a sentence each. */
  readonly notes: readonly string[]
}

/** Derives the matrix asked for. @throws ToolError of kind usage for a mode the era did not have */
export function matrixOf({era, steps, frontend, mode}: MatrixQuestion): Matrix {
  const modes = CACHE_MODES.filter(({since}) => since <= era.lastYear)
  if (mode && !modes.includes(mode)) {
    throw new ToolError('usage', 'E_MODE_ERA', `${mode.name} came in ${mode.since}, after the era ${era.name}`, {
      hint: `The era ${era.name} has ${modes.map(({name}) => name).join(', ')}.`,
    })
  }
  const frontends = frontend ? [frontend] : FRONTENDS.filter((candidate) => isOf(candidate, era))
  const chosen = mode ? [mode] : modes
  return {
    era,
    steps: STEP_NAMES.filter((name) => era.steps.includes(name) || steps.includes(name)),
    frontends,
    modes: chosen,
    cells: frontends.flatMap((row) => chosen.map((column) => placedCell(row, column, era, steps))),
    notes: notesOn(frontends, era),
  }
}

/** The cells that steps of the plan made something else. */
export function changedCells({cells}: Matrix): PlacedCell[] {
  return cells.filter(({cell, before}) => cell.failure !== before.failure)
}

function placedCell(frontend: Frontend, mode: CacheMode, era: Era, steps: readonly StepName[]): PlacedCell {
  const facts = factsIn(frontend, era, steps)
  const cell = matrixCell(facts, mode)
  const before = matrixCell(frontend[era.facts], mode)
  return {frontend, facts, mode, cell, flushes: guestFlushes(facts, mode), before}
}

function notesOn(frontends: readonly Frontend[], era: Era): string[] {
  const later = frontends.filter((frontend) => !isOf(frontend, era))
  const left = FRONTENDS.filter((frontend) => !isOf(frontend, era) && !frontends.includes(frontend))
  return [
    ...later.map(
      (frontend) =>
        `What is known of ${frontend.name} is of ${yearOf(frontend[era.facts])}: the notes of ${era.lastYear} and their plan do not speak of it.`,
    ),
    ...(frontends.length > 1
      ? left.map(
          ({name}) =>
            `${name} is left out: the notes of ${era.lastYear} do not speak of it. --frontend ${name} shows it.`,
        )
      : []),
  ]
}
