import {openSource, type ImageSource} from '../image/index.js'

/** What an inspecting command was told to look at. */
export interface Target {
  /** As it was typed. */
  readonly name: string
  /** What to look at: the whole image, or the part of it that was named. */
  readonly source: ImageSource
  /** The image that `source` is, or is a part of. */
  readonly whole: ImageSource
  close(): void
}

/** Opens what an inspecting command was told to look at. @throws ToolError as `openSource` does */
export function openTarget(name: string): Target {
  const whole = openSource(name)
  return {name, source: whole, whole, close: () => whole.close()}
}
