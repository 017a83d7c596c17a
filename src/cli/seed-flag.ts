import * as Flags from '@oclif/core/flags'

/**
 * A flag that takes the seed of what is left to chance; 1 unless told. A number that cannot be held exactly ends the command with a usage
 * error: it would become another one without a word.
 */
export function seedFlag(description: string) {
  return Flags.integer({default: 1, min: 0, max: Number.MAX_SAFE_INTEGER, description})
}
